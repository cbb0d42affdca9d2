package import Domain
import JSON

/// How a file writes its dates: a pattern of `YYYY`, `MM`, `DD`, `HH`, `mm`, `ss` and the signs between them, or `rfc3339`.
package struct DateFormat: Sendable, Hashable, JSONScalar {
    private enum Part: Hashable {
        case year, month, day, hour, minute, second
        case literal(UInt8)
    }

    package let jsonText: String
    private let parts: [Part]

    /// `nil` for a pattern that lacks the year, the month or the day.
    package init?(jsonText pattern: String) {
        jsonText = pattern
        guard pattern != "rfc3339" else {
            parts = []
            return
        }
        var parts: [Part] = []
        var rest = Array(pattern.utf8)[...]
        let words: [(String, Part)] = [
            ("YYYY", .year), ("MM", .month), ("DD", .day), ("HH", .hour), ("mm", .minute), ("ss", .second),
        ]
        while let byte = rest.first {
            if let word = words.first(where: { rest.starts(with: $0.0.utf8) }) {
                guard !parts.contains(word.1) else { return nil }
                parts.append(word.1)
                rest = rest.dropFirst(word.0.utf8.count)
            } else {
                parts.append(.literal(byte))
                rest = rest.dropFirst()
            }
        }
        guard parts.contains(.year), parts.contains(.month), parts.contains(.day) else { return nil }
        self.parts = parts
    }

    package static var jsonExpectation: String { "a date pattern such as DD-MM-YYYY, or rfc3339" }
    package static var jsonSchema: [(String, String)] { [] }
    package static var jsonNeutral: DateFormat { DateFormat(rfc3339: ()) }

    private init(rfc3339: Void) {
        jsonText = "rfc3339"
        parts = []
    }

    /// The instant that a text means, in UTC, and whether it names a time of day; `nil` where it is not of the pattern.
    package func read(_ text: String) -> (time: Timestamp, hasTimeOfDay: Bool)? {
        guard !parts.isEmpty else {
            if let date = CalendarDate(iso8601: text) { return (date.startOfDay, false) }
            return Timestamp(rfc3339: text).map { ($0, true) }
        }
        var values: [Part: Int] = [:]
        var bytes = Array(text.utf8)[...]
        for part in parts {
            if case .literal(let byte) = part {
                guard bytes.first == byte else { return nil }
                bytes = bytes.dropFirst()
            } else {
                let width = part == .year ? 4 : 2
                let digits = bytes.prefix(width)
                guard digits.count == width, digits.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
                values[part] = digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
                bytes = bytes.dropFirst(width)
            }
        }
        guard bytes.isEmpty, let year = values[.year], let month = values[.month], let day = values[.day],
            let date = CalendarDate(year: year, month: month, day: day)
        else { return nil }
        let hour = values[.hour] ?? 0
        let minute = values[.minute] ?? 0
        let second = values[.second] ?? 0
        guard hour < 24, minute < 60, second < 60 else { return nil }
        return (date.startOfDay + .seconds(hour * 3600 + minute * 60 + second), values[.hour] != nil)
    }
}

/// `HH:mm`, for dates that come without a time.
enum TimeOfDay {
    static func milliseconds(_ text: String) -> Int64? {
        let bytes = Array(text.utf8)
        guard bytes.count == 5, bytes[2] == UInt8(ascii: ":"),
            [0, 1, 3, 4].allSatisfy({ bytes[$0] >= 0x30 && bytes[$0] <= 0x39 })
        else { return nil }
        let hour = Int64(bytes[0] - 0x30) * 10 + Int64(bytes[1] - 0x30)
        let minute = Int64(bytes[3] - 0x30) * 10 + Int64(bytes[4] - 0x30)
        guard hour < 24, minute < 60 else { return nil }
        return (hour * 60 + minute) * 60_000
    }
}
