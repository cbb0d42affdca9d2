import Contracts
import Domain
import Hashing
import JSON

/// Which events a partition has had: by source and id for events from outside, by a mark for workers' outputs.
///
/// A worker's outputs to one partition carry rising sequence numbers (header `tributary-sequence`), so the highest one
/// seen of each source says of every earlier one that it was had, in one row for a source instead of one for an event.
/// Marks are kept in memory and stored once a turn.
struct SeenEvents {
    static let table = StateTable("seen")
    static let marks = StateTable("source_mark")

    /// Marks in memory at most; more are read from the store again.
    private static let markLimit = 4_096

    enum Verdict: Equatable {
        case new
        case duplicate
        /// The same source and id with another body.
        case idReused
    }

    /// The highest sequence number seen of each source.
    private var known: [String: Int64] = [:]
    /// Sources whose marks this turn moved.
    private var moved: Set<String> = []
    /// The mark that the current record moved, as it was.
    private var undo: (source: String, sequence: Int64?)?

    /// The record before succeeded: it was had.
    mutating func beginRecord() { undo = nil }

    /// What an event is known by in a partition: the hash of its source and id.
    static func name(of event: Event) -> SHA256Digest { Hashing.digest(of: [event.source, event.id]) }

    /// Looks the event up by its name and remembers it.
    mutating func admit(_ event: Event, name: SHA256Digest, sequence: Int64?, state: TaskState) throws -> Verdict {
        // A forwarded output comes in the order of its first partition, where the mark says nothing.
        if let sequence, !event.isForwarded { return try admit(sequence: sequence, source: event.source, state: state) }
        let key = Self.key(of: name)
        guard let known = try state.get(SeenEvents.table, key, as: SeenRow.self) else {
            try state.putNew(SeenEvents.table, key, SeenRow(of: event))
            return .new
        }
        if known.isFailed, event.isRedriven {
            try state.put(SeenEvents.table, key, SeenRow(of: event))
            return .new
        }
        return known.hasBody(of: event) ? .duplicate : .idReused
    }

    private static func key(of name: SHA256Digest) -> StateKey {
        StateKey(bigEndian: [name.first128.high, name.first128.low])
    }

    /// An event that was admitted has become a dead letter after all: it is had, but it may be put back.
    static func didFail(_ event: Event, in state: TaskState) throws {
        let key = key(of: name(of: event))
        // The row is not read, so that one that cannot be is put right.
        guard try state.bytes(SeenEvents.table, key) != nil else { return }
        try state.put(SeenEvents.table, key, SeenRow(of: event, isFailed: true))
    }

    private mutating func admit(sequence: Int64, source: String, state: TaskState) throws -> Verdict {
        let mark: Int64?
        do {
            mark = try known[source] ?? state.get(SeenEvents.marks, StateKey(source), as: SourceMark.self)?.sequence
        } catch let letter as DeadLetter {
            // This event alone is a dead letter, which may be put back. The mark begins anew behind it: else all that its source
            // sends would be.
            move(source, to: sequence)
            throw letter
        }
        if let mark, sequence <= mark { return .duplicate }
        undo = (source, mark)
        move(source, to: sequence)
        return .new
    }

    private mutating func move(_ source: String, to sequence: Int64) {
        if known.count >= SeenEvents.markLimit { known = known.filter { moved.contains($0.key) } }
        known[source] = sequence
        moved.insert(source)
    }

    /// The current record failed: it was not had.
    mutating func rejectRecord() {
        guard let undo else { return }
        known[undo.source] = undo.sequence
        self.undo = nil
    }

    /// Writes the marks that the turn moved.
    mutating func store(in state: TaskState) throws {
        for source in moved.sorted() {
            guard let sequence = known[source] else { continue }
            try state.put(SeenEvents.marks, StateKey(source), SourceMark(sequence: sequence))
        }
        state.acceptRecord()
        moved.removeAll(keepingCapacity: true)
        undo = nil
    }

    /// The turn is taken back: what is stored counts.
    mutating func forget() { self = SeenEvents() }
}

private struct SeenRow: JSONCodable {
    /// Of the body.
    private var checksum: String?
    /// First 64 bits of the body's SHA-256, in rows of earlier versions instead of the checksum.
    private var digest: String?
    /// It waited for its time, and was a dead letter then.
    var isFailed: Bool

    init(of event: Event, isFailed: Bool = false) {
        checksum = Self.checksum(of: event)
        self.isFailed = isFailed
    }

    /// Whether the event's body is the one that was had.
    func hasBody(of event: Event) -> Bool {
        if let checksum { return checksum == Self.checksum(of: event) }
        return digest == Hexadecimal.text(Hashing.first64(of: event.data))
    }

    private static func checksum(of event: Event) -> String { Hexadecimal.text(Hashing.checksum64(of: event.data)) }

    init(reading reader: inout ObjectReader) {
        digest = reader.optionalString("body")
        checksum = digest == nil ? reader.string("checksum") : nil
        isFailed = reader.optionalBoolean("failed") ?? false
    }

    func write(to writer: inout ObjectWriter) {
        writer.string("checksum", checksum)
        writer.string("body", digest)
        writer.boolean("failed", isFailed ? true : nil)
    }
}

private struct SourceMark: JSONCodable {
    var sequence: Int64

    init(sequence: Int64) { self.sequence = sequence }
    init(reading reader: inout ObjectReader) { sequence = reader.integer("sequence") }
    func write(to writer: inout ObjectWriter) { writer.integer("sequence", sequence) }
}
