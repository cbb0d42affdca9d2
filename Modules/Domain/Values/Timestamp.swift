/// An instant, in milliseconds since 1970-01-01T00:00:00Z. Written as RFC 3339 in UTC with three decimals.
///
/// Only what can be written is one: the years 0001 to 9999. What arithmetic finds before or behind them is held to be the
/// first or the last instant of all, so that no row and no record has a time that cannot be read again.
package struct Timestamp: Sendable, Hashable, Comparable, CustomStringConvertible {
    package let millisecondsSince1970: Int64

    /// 0001-01-01T00:00:00.000Z
    fileprivate static let first: Int64 = -62_135_596_800_000
    /// 9999-12-31T23:59:59.999Z
    fileprivate static let last: Int64 = 253_402_300_799_999

    /// The nearest instant there is.
    package init(millisecondsSince1970: Int64) {
        self.millisecondsSince1970 = min(max(millisecondsSince1970, Timestamp.first), Timestamp.last)
    }

    /// The first instant of all.
    package static let distantPast = Timestamp(millisecondsSince1970: Timestamp.first)
    /// The last instant of all.
    package static let distantFuture = Timestamp(millisecondsSince1970: Timestamp.last)

    package static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.millisecondsSince1970 < right.millisecondsSince1970
    }

    package static func + (time: Timestamp, span: TimeSpan) -> Timestamp {
        Timestamp(millisecondsSince1970: time.millisecondsSince1970 + span.milliseconds)
    }

    package static func - (time: Timestamp, span: TimeSpan) -> Timestamp {
        Timestamp(millisecondsSince1970: time.millisecondsSince1970 - span.milliseconds)
    }

    package static func - (left: Timestamp, right: Timestamp) -> TimeSpan {
        TimeSpan(milliseconds: left.millisecondsSince1970 - right.millisecondsSince1970)
    }

    /// The UTC date on which the instant lies.
    package var date: CalendarDate {
        CalendarDate(dayNumber: Int(floorDivide(millisecondsSince1970, 86_400_000)))
    }
}

/// A length of time in milliseconds, at most the one from the first instant to the last: a longer one is held to be that, so
/// that no sum with a time overflows.
package struct TimeSpan: Sendable, Hashable, Comparable {
    package let milliseconds: Int64

    private static let longest = Timestamp.last - Timestamp.first

    package init(milliseconds: Int64) {
        self.milliseconds = min(max(milliseconds, -TimeSpan.longest), TimeSpan.longest)
    }

    private init(_ count: Int, of unit: Int64) {
        let (product, overflows) = Int64(count).multipliedReportingOverflow(by: unit)
        self.init(milliseconds: overflows ? (count < 0 ? .min : .max) : product)
    }

    package static func seconds(_ count: Int) -> TimeSpan { TimeSpan(count, of: 1_000) }
    package static func minutes(_ count: Int) -> TimeSpan { TimeSpan(count, of: 60_000) }
    package static func hours(_ count: Int) -> TimeSpan { TimeSpan(count, of: 3_600_000) }
    package static func days(_ count: Int) -> TimeSpan { TimeSpan(count, of: 86_400_000) }
    package static let zero = TimeSpan(milliseconds: 0)

    package static func < (left: TimeSpan, right: TimeSpan) -> Bool { left.milliseconds < right.milliseconds }
}

func floorDivide(_ dividend: Int64, _ divisor: Int64) -> Int64 {
    let (quotient, remainder) = dividend.quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? quotient - 1 : quotient
}

// MARK: - Text

extension Timestamp {
    /// Reads an RFC 3339 time (`2026-03-01T09:30:00Z`, fractions and numeric offsets allowed); `nil` for anything else, also
    /// for one that its offset carries out of the years 0001 to 9999 in UTC.
    package init?(rfc3339 text: some StringProtocol) {
        guard let time = DigitParser.parse(text, Timestamp.read) else { return nil }
        self = time
    }

    /// As above, for the common case.
    package init?(rfc3339 text: String) {
        guard let time = DigitParser.parse(text, Timestamp.read) else { return nil }
        self = time
    }

    /// As above, from UTF-8.
    package init?(rfc3339 bytes: ArraySlice<UInt8>) {
        guard let time = DigitParser.parse(bytes, Timestamp.read) else { return nil }
        self = time
    }

    /// As above, from UTF-8 that lives as long as the call.
    @unsafe package init?(rfc3339 bytes: UnsafeBufferPointer<UInt8>) {
        guard let time = unsafe DigitParser.parse(bytes, Timestamp.read) else { return nil }
        self = time
    }

    private static func read(_ parser: inout DigitParser) -> Timestamp? {
        guard let date = CalendarDate.read(&parser), parser.take("T", "t", " "), let hour = parser.digits(2),
            parser.take(":"), let minute = parser.digits(2), parser.take(":"), let second = parser.digits(2), hour < 24,
            minute < 60, second < 61
        else { return nil }
        var fraction = 0
        if parser.take(".") {
            guard let milliseconds = parser.fractionMilliseconds() else { return nil }
            fraction = milliseconds
        }
        var offsetMinutes = 0
        if !parser.take("Z", "z") {
            let isNegative = parser.peek == UInt8(ascii: "-")
            guard parser.take("+", "-"), let hours = parser.digits(2), parser.take(":"), let minutes = parser.digits(2),
                hours < 24, minutes < 60
            else { return nil }
            offsetMinutes = (hours * 60 + minutes) * (isNegative ? -1 : 1)
        }
        guard parser.isAtEnd else { return nil }
        let seconds =
            Int64(date.dayNumber) * 86_400 + Int64(hour * 3600 + (minute - offsetMinutes) * 60 + min(second, 59))
        let milliseconds = seconds * 1000 + Int64(fraction)
        guard milliseconds >= Timestamp.first, milliseconds <= Timestamp.last else { return nil }
        return Timestamp(millisecondsSince1970: milliseconds)
    }

    /// How many characters the text has.
    package static let textCount = 24

    /// `2026-03-01T09:30:00.000Z`
    package var description: String {
        unsafe String(unsafeUninitializedCapacity: Timestamp.textCount) { buffer in
            unsafe write(into: buffer)
            return Timestamp.textCount
        }
    }

    /// Writes `description` into `textCount` bytes.
    @unsafe package func write(into buffer: UnsafeMutableBufferPointer<UInt8>) {
        let date = self.date
        let inDay = Int(millisecondsSince1970 - Int64(date.dayNumber) * 86_400_000)
        unsafe date.write(into: buffer)
        unsafe buffer[10] = UInt8(ascii: "T")
        unsafe writeDigits(inDay / 3_600_000, 2, into: buffer, at: 11)
        unsafe buffer[13] = UInt8(ascii: ":")
        unsafe writeDigits(inDay / 60_000 % 60, 2, into: buffer, at: 14)
        unsafe buffer[16] = UInt8(ascii: ":")
        unsafe writeDigits(inDay / 1000 % 60, 2, into: buffer, at: 17)
        unsafe buffer[19] = UInt8(ascii: ".")
        unsafe writeDigits(inDay % 1000, 3, into: buffer, at: 20)
        unsafe buffer[23] = UInt8(ascii: "Z")
    }
}

/// Reads fixed-width digits of ASCII text, in place.
@safe struct DigitParser {
    private let bytes: UnsafeBufferPointer<UInt8>
    private let count: Int
    private var index = 0

    private init(_ bytes: UnsafeBufferPointer<UInt8>) {
        unsafe self.bytes = bytes
        count = bytes.count
    }

    /// The parser lives no longer than the call, and with it the pointer.
    static func parse<Result>(_ bytes: ArraySlice<UInt8>, _ read: (inout DigitParser) -> Result?) -> Result? {
        unsafe bytes.withUnsafeBufferPointer { buffer in
            var parser = unsafe DigitParser(buffer)
            return read(&parser)
        }
    }

    @unsafe static func parse<Result>(
        _ bytes: UnsafeBufferPointer<UInt8>, _ read: (inout DigitParser) -> Result?
    ) -> Result? {
        var parser = unsafe DigitParser(bytes)
        return read(&parser)
    }

    static func parse<Result>(_ text: String, _ read: (inout DigitParser) -> Result?) -> Result? {
        var text = text
        return text.withUTF8 { buffer in
            var parser = unsafe DigitParser(buffer)
            return read(&parser)
        }
    }

    static func parse<Result>(_ text: some StringProtocol, _ read: (inout DigitParser) -> Result?) -> Result? {
        let inPlace: Result?? = text.utf8.withContiguousStorageIfAvailable { buffer in
            var parser = unsafe DigitParser(buffer)
            return read(&parser)
        }
        if let inPlace { return inPlace }
        return parse(Array(text.utf8)[...], read)
    }

    var isAtEnd: Bool { index == count }
    var peek: UInt8? { index < count ? unsafe bytes[index] : nil }

    mutating func take(
        _ character: Unicode.Scalar, _ second: Unicode.Scalar? = nil, _ third: Unicode.Scalar? = nil
    ) -> Bool {
        guard let next = peek.map(Unicode.Scalar.init), next == character || next == second || next == third else {
            return false
        }
        index += 1
        return true
    }

    mutating func digits(_ width: Int) -> Int? {
        guard index + width <= count else { return nil }
        var value = 0
        for position in index..<(index + width) {
            let digit = unsafe bytes[position]
            guard digit >= 0x30, digit <= 0x39 else { return nil }
            value = value * 10 + Int(digit - 0x30)
        }
        index += width
        return value
    }

    /// One to nine digits after the point, cut to milliseconds.
    mutating func fractionMilliseconds() -> Int? {
        var value = 0
        var count = 0
        while let digit = peek, digit >= 0x30, digit <= 0x39 {
            if count < 3 { value = value * 10 + Int(digit - 0x30) }
            count += 1
            index += 1
        }
        guard count >= 1, count <= 9 else { return nil }
        for _ in min(count, 3)..<3 { value *= 10 }
        return value
    }
}

func writeDigits(_ value: Int, _ count: Int, into buffer: UnsafeMutableBufferPointer<UInt8>, at start: Int) {
    var rest = value
    for position in stride(from: start + count - 1, through: start, by: -1) {
        unsafe buffer[position] = UInt8(0x30 + rest % 10)
        rest /= 10
    }
}
