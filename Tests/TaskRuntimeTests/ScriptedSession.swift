import Contracts
import EventLog
import Synchronization

@testable import TaskRuntime

/// A log in memory whose polls and faults are written down beforehand, with a trace of every call.
final class ScriptedSession: TurnSession {
    enum Poll {
        case events([SessionEvent])
        case fault(LogError)
        /// Runs in place of an empty poll.
        case act(() -> Void)
    }

    var polls: [Poll] = []
    /// What the next commits throw, and whether they happened nevertheless; `nil` goes well.
    var commitFaults: [(error: LogError, happens: Bool)?] = []
    let stop = TurnLoop.StopFlag()

    private(set) var trace: [String] = []
    /// How many records each poll was to give at most.
    private(set) var asked: [Int] = []
    /// How often a changelog was read after each poll.
    private(set) var reads: [Int] = []
    /// Committed records of all topics but the changelog.
    private(set) var outputs: [OutgoingRecord] = []
    private(set) var changelog: [Int32: [LogRecord]] = [:]
    /// Where each changelog begins, if not at 0: what is below is gone.
    var changelogStarts: [Int32: Int64] = [:]
    /// Up to where each changelog can be read, if not to its end: somebody's transaction is open from there on.
    var lastStable: [Int32: Int64] = [:]
    /// How many records a reading of a changelog gives at most.
    var recordsPerRead = Int.max
    var positions: [Int32: CommittedPosition] = [:]
    /// What happens before the next questions for a changelog's ends are answered, the last first.
    var beforeBounds: [() -> Void] = []
    /// What the next questions for a partition's position come to, the last first.
    var positionFaults: [Int32: [LogError]] = [:]
    /// Called before each of these faults: they may take their time.
    var beforePositionFault: (() -> Void)?
    /// How many of them came after each poll.
    private(set) var faultsPerPoll: [Int] = []
    private var pending: [OutgoingRecord] = []

    func note(_ call: String) { trace.append(call) }

    func poll(maximumRecords: Int, timeout: Duration) throws(LogError) -> [SessionEvent] {
        asked.append(maximumRecords)
        reads.append(0)
        faultsPerPoll.append(0)
        guard !polls.isEmpty else {
            stop.set()
            return []
        }
        switch polls.removeFirst() {
        case .events(let events): return events
        case .fault(let error): throw error
        case .act(let body):
            body()
            return []
        }
    }

    func committed(_ partition: Int32, timeout: Duration) throws(LogError) -> CommittedPosition? {
        if let fault = positionFaults[partition]?.popLast() {
            if !faultsPerPoll.isEmpty { faultsPerPoll[faultsPerPoll.count - 1] += 1 }
            beforePositionFault?()
            throw fault
        }
        return positions[partition]
    }

    func resume(_ partition: Int32, at offset: Int64) throws(LogError) { note("resume \(partition)@\(offset)") }

    func pause(_ partition: Int32) throws(LogError) { note("pause \(partition)") }

    func changelogBounds(_ partition: Int32) throws(LogError) -> (first: Int64, end: Int64) {
        beforeBounds.popLast()?()
        return (changelogStarts[partition] ?? 0, Int64(changelog[partition]?.count ?? 0))
    }

    func readChangelog(_ partition: Int32, from offset: Int64, maximum: Int, timeout: Duration) throws(LogError)
        -> ChangelogSlice
    {
        if !reads.isEmpty { reads[reads.count - 1] += 1 }
        let all = changelog[partition] ?? []
        let stable = all.prefix(lastStable[partition].map { Int($0) } ?? all.count)
        let rows = stable.dropFirst(Int(offset)).prefix(min(maximum, recordsPerRead))
        return ChangelogSlice(records: Array(rows), position: offset + Int64(rows.count))
    }

    func begin() throws(LogError) { note("begin") }

    func append(_ record: OutgoingRecord) throws(LogError) {
        note(record.topic.hasSuffix("changelog.v1") ? "changelog" : "output")
        pending.append(record)
    }

    func commit(_ offsets: [TurnOffset], deadline: ContinuousClock.Instant) throws(LogError) -> [Int32: Int64] {
        note("commit " + offsets.map { "\($0.partition)@\($0.offset) \($0.metadata)" }.joined(separator: ", "))
        let fault = commitFaults.isEmpty ? nil : commitFaults.removeFirst()
        if fault?.happens ?? true {
            write(changelog: pending.filter { $0.topic.hasSuffix("changelog.v1") })
            outputs += pending.filter { !$0.topic.hasSuffix("changelog.v1") }
            for offset in offsets {
                positions[offset.partition] = CommittedPosition(offset: offset.offset, metadata: offset.metadata)
            }
        }
        pending = []
        if let fault { throw fault.error }
        return changelog.mapValues { Int64($0.count) }
    }

    func write(changelog records: [OutgoingRecord]) {
        for record in records {
            let offset = Int64(changelog[record.partition]?.count ?? 0)
            changelog[record.partition, default: []].append(
                LogRecord(
                    topic: record.topic, partition: record.partition, offset: offset, appendTimeMilliseconds: 0,
                    key: record.key, value: record.value, headers: record.headers))
        }
    }

    func truncateChangelog(of partition: Int32, to count: Int) {
        changelog[partition] = Array((changelog[partition] ?? []).prefix(count))
    }

    func restoreChangelog(of partition: Int32, _ records: [LogRecord]) { changelog[partition] = records }

    func abort() throws(LogError) {
        note("abort")
        pending = []
    }

    func finishRevocation() throws(LogError) { note("finishRevocation") }

    func close(deadline: ContinuousClock.Instant) { note("close") }
}

/// Always the same session. Used by one thread: the tests run the loop on their own.
final class ScriptedLog: EventLog, @unchecked Sendable {
    let session: ScriptedSession
    init(_ session: ScriptedSession) { self.session = session }

    func createTopics(_ topics: [TopicSpecification]) throws(LogError) {}
    func topics() throws(LogError) -> [String: TopicSpecification] { [:] }
    func partitionCount(of topic: String) throws(LogError) -> Int32 { 1 }
    func producer(identity: String) throws(LogError) -> any LogProducer { throw LogError(.other, .fatal, "none here") }
    func reader(for use: ReaderUse) throws(LogError) -> any LogReader { throw LogError(.other, .fatal, "none here") }
    func endOffsets(of topic: String) throws(LogError) -> [Int64] { [] }
    func committedOffsets(group: String, topic: String) throws(LogError) -> [Int64?] { [] }
    func session(_ configuration: SessionConfiguration) throws(LogError) -> any TurnSession {
        session.note("open")
        return session
    }
    func close() {}
}

/// Stores in memory that outlive their handles, with a trace and faults.
final class MemoryProvider: StateBackendProvider {
    var opened: [Int32: MemoryStateBackend] = [:]
    var commitFaults: [Int32: [StoreError?]] = [:]
    var openFaults: [Int32: [StoreError]] = [:]
    var note: (String) -> Void = { _ in }

    func open(partition: Int32) throws(StoreError) -> any StateBackend {
        if let fault = openFaults[partition]?.first {
            openFaults[partition]!.removeFirst()
            throw fault
        }
        let backend = opened[partition] ?? MemoryStateBackend()
        opened[partition] = backend
        return FaultyBackend(backend, partition: partition, provider: self)
    }

    func discard(partition: Int32) throws(StoreError) {
        note("discard \(partition)")
        opened[partition] = nil
    }
}

private final class FaultyBackend: StateBackend {
    private let whole: MemoryStateBackend
    private let partition: Int32
    private let provider: MemoryProvider
    private var isOpen = false

    init(_ whole: MemoryStateBackend, partition: Int32, provider: MemoryProvider) {
        self.whole = whole
        self.partition = partition
        self.provider = provider
    }

    func checkpoint() throws(StoreError) -> StoreCheckpoint? { try whole.checkpoint() }
    func begin() throws(StoreError) {
        try whole.begin()
        isOpen = true
    }
    func get(_ table: StateTable, _ key: [UInt8]) throws(StoreError) -> [UInt8]? { try whole.get(table, key) }
    func scan(_ table: StateTable, from: [UInt8], upTo: [UInt8]?, limit: Int) throws(StoreError)
        -> [(key: [UInt8], value: [UInt8])]
    { try whole.scan(table, from: from, upTo: upTo, limit: limit) }
    func apply(_ changes: [RowChange]) throws(StoreError) { try whole.apply(changes) }
    func commit(_ checkpoint: StoreCheckpoint) throws(StoreError) {
        provider.note("store \(partition) turn=\(checkpoint.turn)")
        if checkpoint.turn > 0, let faults = provider.commitFaults[partition], !faults.isEmpty {
            let fault = provider.commitFaults[partition]!.removeFirst()
            if let fault { throw fault }
        }
        try whole.commit(checkpoint)
        isOpen = false
    }
    func setRestoring(_ isRestoring: Bool) throws(StoreError) {
        provider.note("store \(partition) \(isRestoring ? "restores" : "is restored")")
    }
    func rollback() throws(StoreError) {
        try whole.rollback()
        isOpen = false
    }
    func forEachRow(_ body: (StateTable, [UInt8], [UInt8]) throws -> Void) throws { try whole.forEachRow(body) }
    func close() {
        // As a file: what was not committed is gone with the handle.
        if isOpen, (try? whole.rollback()) != nil { isOpen = false }
    }
}
