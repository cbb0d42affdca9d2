package import EventLog
import Synchronization

/// The log that another process of the same user holds, through its socket: everything but sessions.
///
/// Thread-safe as the contract asks: calls of the log itself share one connection, each producer and reader has its own.
package final class RemoteLog: EventLog {
    private let directory: String
    private let client: Mutex<FrameClient>
    private let partitionCounts = Mutex<[String: Int32]>([:])

    /// Connects to the holder of the log in `directory`; `disconnected` where no process serves it.
    package init(directory: String) throws(LogError) {
        self.directory = directory
        client = Mutex(try FrameClient(directory: directory))
    }

    func call<Answer>(
        _ request: FrameWriter, _ read: (inout FrameReader) throws(LogError) -> Answer
    ) throws(LogError) -> Answer {
        try FrameClient.parse(try client.withLock { client throws(LogError) in try client.exchange(request) }, read)
    }

    package func createTopics(_ topics: [TopicSpecification]) throws(LogError) {
        var request = FrameWriter(.createTopics)
        request.count(topics.count)
        for topic in topics { request.topic(topic) }
        try call(request) { _ throws(LogError) in }
    }

    package func topics() throws(LogError) -> [String: TopicSpecification] {
        let topics = try call(FrameWriter(.topics)) { answer throws(LogError) in
            try answer.list { answer throws(LogError) in try answer.topic() }
        }
        return Dictionary(topics.map { ($0.name, $0) }) { $1 }
    }

    package func partitionCount(of topic: String) throws(LogError) -> Int32 {
        if let known = partitionCounts.withLock({ $0[topic] }) { return known }
        guard let found = try topics()[topic]?.partitions else {
            throw LogError(.unknownTopic, .abortable, "topic \(topic) does not exist")
        }
        partitionCounts.withLock { $0[topic] = found }
        return found
    }

    package func endOffsets(of topic: String) throws(LogError) -> [Int64] {
        var request = FrameWriter(.endOffsets)
        request.text(topic)
        return try call(request) { answer throws(LogError) in
            try answer.list { answer throws(LogError) in try answer.integer() }
        }
    }

    package func committedOffsets(group: String, topic: String) throws(LogError) -> [Int64?] {
        var request = FrameWriter(.committedOffsets)
        request.text(group)
        request.text(topic)
        return try call(request) { answer throws(LogError) in
            try answer.list { answer throws(LogError) in try answer.optional() }
        }
    }

    package func producer(identity: String) throws(LogError) -> any LogProducer {
        try RemoteProducer(client: try FrameClient(directory: directory), identity: identity)
    }

    package func reader(for use: ReaderUse) throws(LogError) -> any LogReader {
        RemoteReader(client: try FrameClient(directory: directory))
    }

    package func session(_ configuration: SessionConfiguration) throws(LogError) -> any TurnSession {
        throw LogError(
            .invalidState, .fatal, "workers run in the process that holds the log in \(directory), not beside it")
    }

    package func close() { client.withLock { $0.close() } }
}

/// One connection's client side: a request, then its answer.
struct FrameClient {
    private let socket: FrameSocket
    private let directory: String

    init(directory: String) throws(LogError) {
        self.directory = directory
        socket = try FrameSocket.connect(to: directory)
        var hello = FrameWriter(.hello)
        hello.integer(FrameProtocol.version)
        try call(hello) { _ throws(LogError) in }
    }

    func call<Answer>(
        _ request: FrameWriter, _ read: (inout FrameReader) throws(LogError) -> Answer
    ) throws(LogError) -> Answer {
        try Self.parse(try exchange(request), read)
    }

    /// Sends a request and waits for its answer.
    func exchange(_ request: FrameWriter) throws(LogError) -> [UInt8] {
        guard request.bytes.count <= FrameProtocol.maximumBytes else {
            throw LogError(
                .recordTooLarge, .abortable,
                "a request of \(request.bytes.count) bytes is larger than the log's socket takes "
                    + "(\(FrameProtocol.maximumBytes) bytes)")
        }
        // A holder that takes no more clients answers before it has read a request.
        _ = socket.send(request.bytes)
        guard let frame = socket.receive() else {
            throw LogError(.disconnected, .fatal, "the process that holds the log in \(directory) has ended")
        }
        return frame
    }

    /// The value of an answer, or the error that it carries.
    static func parse<Answer>(
        _ frame: [UInt8], _ read: (inout FrameReader) throws(LogError) -> Answer
    ) throws(LogError) -> Answer {
        var answer = FrameReader(frame)
        switch FrameStatus(rawValue: try answer.byte()) {
        case .done:
            let value = try read(&answer)
            try answer.finish()
            return value
        case .failed: throw try answer.error()
        case nil: throw LogError(.malformed, .fatal, "an answer on the log's socket cannot be read")
        }
    }

    func close() { socket.shutDown() }
}

/// Appends through the holder. Used by one thread.
private final class RemoteProducer: LogProducer {
    private let client: FrameClient

    init(client: FrameClient, identity: String) throws(LogError) {
        self.client = client
        var request = FrameWriter(.openProducer)
        request.text(identity)
        try self.client.call(request) { _ throws(LogError) in }
    }

    func append(_ records: [OutgoingRecord]) throws(LogError) -> [TopicPartition: Int64] {
        guard !records.isEmpty else { return [:] }
        var request = FrameWriter(.append)
        request.count(records.count)
        for record in records { request.record(record) }
        do {
            return try client.call(request) { answer throws(LogError) in try answer.positions() }
        } catch  where error.code == .disconnected {
            throw LogError(.unknownOutcome, .fatal, error.message)
        }
    }

    func close() { client.close() }
}

/// Reads through the holder, which wakes it at an append. Used by one thread.
private final class RemoteReader: LogReader {
    private let client: FrameClient

    init(client: FrameClient) { self.client = client }

    func assign(_ positions: [TopicPartition: Int64]) throws(LogError) {
        var request = FrameWriter(.assign)
        request.positions(positions)
        try client.call(request) { _ throws(LogError) in }
    }

    func read(maximum: Int, timeout: Duration) throws(LogError) -> [LogRecord] {
        let deadline = ContinuousClock.now + timeout
        while true {
            let (seconds, attoseconds) = max(.zero, deadline - .now).components
            let wait = min(seconds, 86_400) * 1_000 + attoseconds / 1_000_000_000_000_000
            var request = FrameWriter(.read)
            request.integer(Int64(maximum))
            request.integer(min(wait, FrameProtocol.maximumWaitMilliseconds))
            let found = try client.call(request) { answer throws(LogError) in
                try answer.list { answer throws(LogError) in try answer.logRecord() }
            }
            if !found.isEmpty || wait == 0 { return found }
        }
    }

    func positions() throws(LogError) -> [TopicPartition: Int64] {
        try client.call(FrameWriter(.positions)) { answer throws(LogError) in try answer.positions() }
    }

    func close() { client.close() }
}
