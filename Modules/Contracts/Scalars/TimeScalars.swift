package import Domain
package import JSON

/// `"2026-03-01T09:30:00.000Z"`; read with any offset, written in UTC with milliseconds.
extension Timestamp: JSONScalar {
    package init?(jsonText: String) { self.init(rfc3339: jsonText) }
    @unsafe package init?(jsonBytes: UnsafeBufferPointer<UInt8>) { unsafe self.init(rfc3339: jsonBytes) }
    package var jsonText: String { description }
    package func append(to writer: inout ObjectWriter) {
        unsafe writer.text(ofASCII: Timestamp.textCount) { unsafe write(into: $0) }
    }
    package static var jsonExpectation: String { "an RFC 3339 time such as 2026-03-01T09:30:00.000Z" }
    package static var jsonSchema: [(String, String)] { [("format", "date-time")] }
    package static var jsonNeutral: Timestamp { Timestamp(millisecondsSince1970: 0) }
}

/// `"2026-03-01"`
extension CalendarDate: JSONScalar {
    package init?(jsonText: String) { self.init(iso8601: jsonText) }
    package var jsonText: String { description }
    package static var jsonExpectation: String { "a date such as 2026-03-01" }
    package static var jsonSchema: [(String, String)] { [("format", "date")] }
    package static var jsonNeutral: CalendarDate { CalendarDate(dayNumber: 0) }
}
