package import EventLog
import Glibc

/// Serves the log to other processes of the same user over `<directory>/tributary.sock` (0600): everything but sessions.
///
/// Each connection has a thread, and at most one producer and one reader. Close it before the log.
package final class LogServer: @unchecked Sendable {
    /// Connections at one time; one more is refused.
    static let maximumConnections = 64

    private let log: EmbeddedLog
    private let listener: Int32
    private let monitor = Monitor()
    // Guarded by `monitor`.
    private var connections: [Int: (socket: FrameSocket, thread: BlockingThread)] = [:]
    private var ended: [BlockingThread] = []
    private var lastNumber = 0
    private var isClosed = false
    private var acceptor: BlockingThread?

    package init(log: EmbeddedLog) throws(LogError) {
        self.log = log
        listener = try Self.listen(in: log.directory.path)
        acceptor = BlockingThread { [self] in accept() }
    }

    private static func listen(in directory: String) throws(LogError) -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw LogDirectory.failure("making a socket") }
        // The lock of the directory is ours, so a socket that is there was left by a process that is gone.
        let path = directory + "/" + LogDirectory.socketName
        unsafe unlink(path)
        // Before the bind: the file never has another mode.
        var code = fchmod(descriptor, 0o600)
        if code == 0 {
            code = unsafe try SocketAddress.use(for: directory) { address, length in
                unsafe bind(descriptor, address, length)
            }
        }
        guard code == 0, Glibc.listen(descriptor, Int32(maximumConnections)) == 0 else {
            let error = LogDirectory.failure("listening on \(path)")
            Glibc.close(descriptor)
            throw error
        }
        return descriptor
    }

    /// Ends every connection and removes the socket.
    package func close() {
        let isFirst = monitor.locked {
            defer { isClosed = true }
            return !isClosed
        }
        guard isFirst else { return }
        // Ends the wait for a client.
        Glibc.shutdown(listener, Int32(SHUT_RDWR))
        acceptor?.join()
        let threads = monitor.locked {
            for connection in connections.values { connection.socket.shutDown() }
            return connections.values.map(\.thread) + ended
        }
        for thread in threads { thread.join() }
        unsafe unlink(log.directory.path + "/" + LogDirectory.socketName)
        Glibc.close(listener)
    }

    /// How long to wait where no client can be taken, as when descriptors are used up.
    private static let retryMicroseconds: UInt32 = 20_000

    private func accept() {
        while !monitor.locked({ isClosed }) {
            let descriptor = Glibc.accept(listener, nil, nil)
            guard descriptor >= 0 else {
                if errno != EINTR { usleep(Self.retryMicroseconds) }
                continue
            }
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            start(FrameSocket(descriptor: descriptor))
        }
    }

    private func start(_ socket: FrameSocket) {
        monitor.locked {
            for thread in ended { thread.join() }
            ended.removeAll()
            guard connections.count < Self.maximumConnections else {
                var refusal = FrameWriter(.failed)
                refusal.error(
                    LogError(.refused, .retriable, "\(Self.maximumConnections) connections to the log are open already")
                )
                _ = socket.send(refusal.bytes)
                return
            }
            lastNumber += 1
            let number = lastNumber
            let thread = BlockingThread { [self] in
                var connection = LogConnection(log: log)
                connection.serve(socket)
                monitor.locked {
                    if let own = connections.removeValue(forKey: number) { ended.append(own.thread) }
                }
            }
            connections[number] = (socket, thread)
        }
    }
}

/// One client of the server. Used by its connection's thread.
private struct LogConnection {
    let log: EmbeddedLog
    private var producer: (any LogProducer)?
    private var reader: (any LogReader)?

    init(log: EmbeddedLog) { self.log = log }

    /// Answers requests until the client goes, or sends what is no request.
    mutating func serve(_ socket: FrameSocket) {
        while let frame = socket.receive() {
            let answer: FrameWriter
            var isReadable = true
            do throws(LogError) {
                answer = try self.answer(FrameReader(frame))
            } catch {
                var failure = FrameWriter(.failed)
                failure.error(error)
                answer = failure
                isReadable = error.code != .malformed
            }
            guard socket.send(answer.bytes), isReadable else { break }
        }
        // The client sees the end even where the thread's resources live on.
        socket.shutDown()
        producer?.close()
        reader?.close()
    }

    private mutating func answer(_ frame: FrameReader) throws(LogError) -> FrameWriter {
        var frame = frame
        guard let operation = FrameOperation(rawValue: try frame.byte()) else {
            throw LogError(.malformed, .fatal, "an unknown request on the log's socket")
        }
        var answer = FrameWriter(.done)
        switch operation {
        case .hello:
            let version = try frame.integer()
            guard version == FrameProtocol.version else {
                throw LogError(
                    .refused, .fatal,
                    "the process that holds the log is of another version (\(FrameProtocol.version), this is \(version))"
                )
            }
        case .createTopics:
            let topics = try frame.list { frame throws(LogError) in try frame.topic() }
            try frame.finish()
            try log.createTopics(topics)
        case .topics:
            let topics = try log.topics()
            answer.count(topics.count)
            for topic in topics.values { answer.topic(topic) }
        case .endOffsets:
            let ends = try log.endOffsets(of: try frame.text())
            answer.count(ends.count)
            for end in ends { answer.integer(end) }
        case .committedOffsets:
            let (group, topic) = (try frame.text(), try frame.text())
            let offsets = try log.committedOffsets(group: group, topic: topic)
            answer.count(offsets.count)
            for offset in offsets { answer.optional(offset) }
        case .openProducer:
            producer?.close()
            producer = try log.producer(identity: try frame.text())
        case .append:
            answer.positions(try append(&frame))
        case .assign:
            let positions = try frame.positions()
            try frame.finish()
            if reader == nil { reader = try log.reader() }
            try assigned().assign(positions)
        case .read:
            let records = try read(&frame)
            answer.count(records.count)
            for record in records { answer.record(record) }
        case .positions:
            answer.positions(try assigned().positions())
        case .groupMembers:
            let (group, topic) = (try frame.text(), try frame.text())
            let members = try log.members(ofGroup: group, topic: topic)
            answer.count(members.count)
            for member in members {
                answer.text(member.identity)
                answer.text(member.host)
                answer.count(member.partitions.count)
                for partition in member.partitions { answer.integer(Int64(partition)) }
            }
        }
        return answer
    }

    private func append(_ frame: inout FrameReader) throws(LogError) -> [TopicPartition: Int64] {
        let records = try frame.list { frame throws(LogError) in try frame.outgoingRecord() }
        try frame.finish()
        guard let producer else {
            throw LogError(.invalidState, .fatal, "records came before the producer's identity")
        }
        return try producer.append(records)
    }

    private func read(_ frame: inout FrameReader) throws(LogError) -> [LogRecord] {
        let (maximum, wait) = (try frame.integer(), try frame.integer())
        try frame.finish()
        return try assigned().read(
            maximum: Int(max(1, min(maximum, 1 << 20))),
            timeout: .milliseconds(max(0, min(wait, FrameProtocol.maximumWaitMilliseconds))))
    }

    private func assigned() throws(LogError) -> any LogReader {
        guard let reader else { throw LogError(.invalidState, .fatal, "nothing is assigned to the reader") }
        return reader
    }
}
