/// A day of the Gregorian calendar, without a time zone, of the years 0001 to 9999. Written `2026-03-01`.
///
/// Arithmetic may also come to the day before the first or the day behind the last, which stand for all that lie there: the
/// one behind the last begins with the last instant of all, and both are written as the day next to them.
package struct CalendarDate: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// Days since 1970-01-01.
    package let dayNumber: Int

    /// 0001-01-01
    private static let first = -719_162
    /// 9999-12-31
    private static let last = 2_932_896

    /// The nearest day there is.
    package init(dayNumber: Int) {
        self.dayNumber = min(max(dayNumber, CalendarDate.first - 1), CalendarDate.last + 1)
    }

    /// `nil` for a day that does not exist, or outside the years 0001 to 9999.
    package init?(year: Int, month: Int, day: Int) {
        guard (1...9999).contains(year), (1...12).contains(month), day >= 1,
            day <= CalendarDate.daysInMonth(year: year, month: month)
        else { return nil }
        // Days from civil: years counted from March, so that the leap day is the last of its year.
        let shifted = month > 2 ? year : year - 1
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        self.init(dayNumber: era * 146_097 + dayOfEra - 719_468)
    }

    /// Reads `YYYY-MM-DD`.
    package init?(iso8601 text: some StringProtocol) {
        guard
            let date = DigitParser.parse(
                text,
                { parser in
                    let date = CalendarDate.read(&parser)
                    return parser.isAtEnd ? date : nil
                })
        else { return nil }
        self = date
    }

    static func read(_ parser: inout DigitParser) -> CalendarDate? {
        guard let year = parser.digits(4), parser.take("-"), let month = parser.digits(2), parser.take("-"),
            let day = parser.digits(2)
        else { return nil }
        return CalendarDate(year: year, month: month, day: day)
    }

    package static func daysInMonth(year: Int, month: Int) -> Int {
        switch month {
        case 2: (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    package var yearMonthDay: (year: Int, month: Int, day: Int) {
        let shifted = dayNumber + 719_468
        let era = Int(floorDivide(Int64(shifted), 146_097))
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }

    /// 0 is Monday, 6 is Sunday.
    package var weekday: Int { Int(floorDivide(Int64(dayNumber) + 3, 1) - floorDivide(Int64(dayNumber) + 3, 7) * 7) }

    /// The day's first instant.
    package var startOfDay: Timestamp { Timestamp(millisecondsSince1970: Int64(dayNumber) * 86_400_000) }

    package static func + (date: CalendarDate, days: Int) -> CalendarDate {
        let (sum, overflows) = date.dayNumber.addingReportingOverflow(days)
        return CalendarDate(dayNumber: overflows ? (days < 0 ? .min : .max) : sum)
    }

    package static func < (left: CalendarDate, right: CalendarDate) -> Bool { left.dayNumber < right.dayNumber }

    package var description: String {
        unsafe String(unsafeUninitializedCapacity: 10) { buffer in
            unsafe write(into: buffer)
            return 10
        }
    }

    /// The nearest day that can be read again.
    private var written: CalendarDate {
        CalendarDate(dayNumber: min(max(dayNumber, CalendarDate.first), CalendarDate.last))
    }

    /// Whether a day more is another one.
    fileprivate var hasNext: Bool { dayNumber <= CalendarDate.last }

    func write(into buffer: UnsafeMutableBufferPointer<UInt8>) {
        let (year, month, day) = written.yearMonthDay
        unsafe writeDigits(year, 4, into: buffer, at: 0)
        unsafe buffer[4] = UInt8(ascii: "-")
        unsafe writeDigits(month, 2, into: buffer, at: 5)
        unsafe buffer[7] = UInt8(ascii: "-")
        unsafe writeDigits(day, 2, into: buffer, at: 8)
    }
}

extension Timestamp {
    /// The same time of day `count` business days later; Saturday and Sunday do not count.
    package func adding(businessDays count: Int) -> Timestamp {
        var date = self.date
        let inDay = self - date.startOfDay
        var left = count
        while date.hasNext, left > 0 || date.weekday >= 5 {
            date = date + 1
            if date.weekday < 5 { left -= 1 }
        }
        return date.startOfDay + inDay
    }
}
