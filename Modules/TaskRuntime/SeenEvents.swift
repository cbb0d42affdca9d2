import Contracts
import Domain
import Hashing
import JSON

/// Which events a partition has had: by source and id for events from outside, by a mark for workers' outputs.
///
/// A worker's outputs to one partition carry rising sequence numbers (header `tributary-sequence`), so the highest one
/// seen of each source says of every earlier one that it was had, in one row for a source instead of one for an event.
struct SeenEvents {
    static let table = StateTable("seen")
    static let marks = StateTable("source_mark")

    enum Verdict: Equatable {
        case new
        case duplicate
        /// The same source and id with another body.
        case idReused
    }

    /// Looks the event up and remembers it.
    static func admit(_ event: Event, sequence: Int64?, state: TaskState) throws -> Verdict {
        // A forwarded output comes in the order of its first partition, where the mark says nothing.
        if let sequence, !event.isForwarded { return try admit(sequence: sequence, source: event.source, state: state) }
        let key = StateKey(
            bytes: Array(SHA256Digest(of: Array("\(event.source)\u{0}\(event.id)".utf8)).bytes.prefix(16)))
        let body = Hexadecimal.text(Hashing.first64(of: event.data))
        if let known = try state.get(table, key, as: SeenRow.self) {
            return known.body == body ? .duplicate : .idReused
        }
        try state.putNew(table, key, SeenRow(body: body))
        return .new
    }

    private static func admit(sequence: Int64, source: String, state: TaskState) throws -> Verdict {
        let key = StateKey(source)
        if let mark = try state.get(marks, key, as: SourceMark.self), sequence <= mark.sequence { return .duplicate }
        try state.put(marks, key, SourceMark(sequence: sequence))
        return .new
    }
}

private struct SeenRow: JSONCodable {
    /// First 64 bits of the body's SHA-256.
    var body: String

    init(body: String) { self.body = body }
    init(reading reader: inout ObjectReader) { body = reader.string("body") }
    func write(to writer: inout ObjectWriter) { writer.string("body", body) }
}

private struct SourceMark: JSONCodable {
    var sequence: Int64

    init(sequence: Int64) { self.sequence = sequence }
    init(reading reader: inout ObjectReader) { sequence = reader.integer("sequence") }
    func write(to writer: inout ObjectWriter) { writer.integer("sequence", sequence) }
}
