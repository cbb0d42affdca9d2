package import Contracts
package import Domain
package import JSON

/// The last row of every turn: where the task stands. It is in the changelog with the rows it belongs to, so that a store
/// can be told from a torn turn.
package struct TurnRow: JSONCodable, Sendable, Hashable {
    package static let table = StateTable("turn")
    package static let key = StateKey("turn")

    package var inputOffset: Int64
    package var turn: Int64
    package var epoch: Int64
    package var clockKind: ClockKind
    package var clockTime: Timestamp
    /// How many outputs the task has made so far; the next one carries this number plus one.
    package var sequence: Int64

    package init(
        inputOffset: Int64, turn: Int64, epoch: Int64, clockKind: ClockKind, clockTime: Timestamp, sequence: Int64
    ) {
        self.inputOffset = inputOffset
        self.turn = turn
        self.epoch = epoch
        self.clockKind = clockKind
        self.clockTime = clockTime
        self.sequence = sequence
    }

    package init(reading reader: inout ObjectReader) {
        inputOffset = reader.integer("input_offset")
        turn = reader.integer("turn")
        epoch = reader.integer("epoch")
        clockKind = reader.enumeration("clock_kind", ClockKind.self)
        clockTime = Timestamp(millisecondsSince1970: reader.integer("clock_time"))
        sequence = reader.integer("sequence")
    }

    package func write(to writer: inout ObjectWriter) {
        writer.integer("input_offset", inputOffset)
        writer.integer("turn", turn)
        writer.integer("epoch", epoch)
        writer.enumeration("clock_kind", clockKind)
        writer.integer("clock_time", clockTime.millisecondsSince1970)
        writer.integer("sequence", sequence)
    }

    /// The text beside the group's offset: `turn=N epoch=E`.
    package var metadata: String { Self.metadata(turn: turn, epoch: epoch) }

    package static func metadata(turn: Int64, epoch: Int64) -> String { "turn=\(turn) epoch=\(epoch)" }

    /// Reads `turn=N epoch=E`; `nil` for another's text.
    package static func parse(metadata: String) -> (turn: Int64, epoch: Int64)? {
        let parts = metadata.split(separator: " ")
        guard parts.count == 2, parts[0].hasPrefix("turn="), parts[1].hasPrefix("epoch="),
            let turn = Int64(parts[0].dropFirst(5)), let epoch = Int64(parts[1].dropFirst(6))
        else { return nil }
        return (turn, epoch)
    }
}
