/// What became of events, by type: for metrics alone, it never decides anything. Bounded, because its types are those that
/// the worker knows; whatever has none counts as `unknown`.
package struct EventTally: Sendable, Hashable {
    package enum Outcome: String, Sendable {
        case applied, duplicate, forwarded, held
        case deadLetter = "dead_letter"
    }

    package struct Entry: Sendable, Hashable {
        package var type: String
        package var outcome: Outcome
        package var count: Int
    }

    /// Stands for the type of a record that has none that the worker knows.
    package static let unknownType = "unknown"
    /// So many pairs of type and outcome are told apart; what is more counts as `unknown`.
    static let maximumEntries = 128

    package private(set) var entries: [Entry] = []
    /// Dead letters by their code.
    package private(set) var deadLetters: [String: Int] = [:]

    package init() {}

    package var isEmpty: Bool { entries.isEmpty }

    mutating func count(_ type: String, _ outcome: Outcome, _ count: Int = 1) {
        if let known = entries.firstIndex(where: { $0.outcome == outcome && $0.type == type }) {
            entries[known].count += count
        } else if entries.count < EventTally.maximumEntries || type == EventTally.unknownType {
            entries.append(Entry(type: type, outcome: outcome, count: count))
        } else {
            self.count(EventTally.unknownType, outcome, count)
        }
    }

    mutating func countDeadLetter(_ type: String?, code: DeadLetter.Code) {
        // A type that nobody knows is text from outside: it may have any number of values.
        count(code == .unknownType ? EventTally.unknownType : type ?? EventTally.unknownType, .deadLetter)
        deadLetters[code.rawValue, default: 0] += 1
    }

    mutating func add(_ other: EventTally) {
        for entry in other.entries { count(entry.type, entry.outcome, entry.count) }
        deadLetters.merge(other.deadLetters) { $0 + $1 }
    }
}
