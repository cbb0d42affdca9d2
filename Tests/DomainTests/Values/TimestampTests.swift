import Domain
import Hashing
import Testing

@Suite struct TimestampTests {
    static let first = "0001-01-01T00:00:00.000Z"
    static let last = "9999-12-31T23:59:59.999Z"

    /// Written, read, and written again as it was.
    private func expectRoundTrip(_ time: Timestamp, _ comment: Comment? = nil) {
        #expect(Timestamp(rfc3339: time.description) == time, comment)
        #expect(CalendarDate(iso8601: time.date.description) == time.date, comment)
        #expect(Timestamp.distantPast <= time && time <= Timestamp.distantFuture, comment)
    }

    @Test func `the ends are the first and the last time that can be written`() {
        #expect(Timestamp.distantPast.description == TimestampTests.first)
        #expect(Timestamp.distantFuture.description == TimestampTests.last)
        expectRoundTrip(.distantPast)
        expectRoundTrip(.distantFuture)
    }

    @Test(
        arguments: [
            "0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000+00:00", "0001-01-01T00:00:00-00:01",
            "0001-01-01T01:00:00+01:00", "0001-01-01T23:59:00+23:59", "9999-12-31T23:59:59.999Z",
            "9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:60Z", "9999-12-31T23:59:59+00:01",
            "9999-12-31T18:59:59.999-05:00", "9999-12-31T00:00:59-23:59",
        ])
    func `a time at an end is read in any offset that keeps it there`(text: String) throws {
        expectRoundTrip(try #require(Timestamp(rfc3339: text)), "\(text)")
    }

    @Test(
        arguments: [
            "0001-01-01T00:00:00+01:00", "0001-01-01T00:00:00+00:01", "0001-01-01T23:58:59.999+23:59",
            "9999-12-31T23:59:59-05:00", "9999-12-31T23:59:59.999-00:01", "9999-12-31T23:59:60-00:01",
            "0000-12-31T23:59:59Z", "0000-12-31T23:59:59-01:00",
        ])
    func `a time that its offset carries beyond an end is refused`(text: String) {
        #expect(Timestamp(rfc3339: text) == nil)
        #expect(Timestamp(rfc3339: Array(text.utf8)[...]) == nil)
        #expect(Timestamp(rfc3339: text[...]) == nil)
    }

    static let spans: [TimeSpan] = [
        .zero, .seconds(1), .minutes(1), .hours(1), .days(1), .days(3_650), .days(36_500_000), .seconds(.max),
        .minutes(.max), .hours(.max), .days(.max), .days(.min), .hours(.min), .minutes(.min), .seconds(.min),
        TimeSpan(milliseconds: .max), TimeSpan(milliseconds: .min), TimeSpan(milliseconds: 1),
    ]

    @Test(arguments: spans) func `no arithmetic leaves the times that can be written`(span: TimeSpan) {
        let times = [
            Timestamp.distantPast, .distantFuture, Timestamp(millisecondsSince1970: 0),
            Timestamp(millisecondsSince1970: .min), Timestamp(millisecondsSince1970: .max),
            Timestamp(millisecondsSince1970: 1_772_357_400_250),
        ]
        for time in times {
            expectRoundTrip(time + span)
            expectRoundTrip(time - span)
            for other in times { expectRoundTrip(time + (other - time)) }
        }
    }

    @Test func `what lies beyond an end stands at it`() {
        #expect(Timestamp.distantFuture + TimeSpan(milliseconds: 1) == .distantFuture)
        #expect(Timestamp.distantPast - TimeSpan(milliseconds: 1) == .distantPast)
        #expect(Timestamp.distantPast + (Timestamp.distantFuture - .distantPast) == .distantFuture)
        #expect(Timestamp.distantPast + .days(.max) == .distantFuture)
        #expect(Timestamp.distantFuture - .days(.max) == .distantPast)
        #expect(Timestamp.distantFuture + .days(.min) == .distantPast)
        #expect(Timestamp(millisecondsSince1970: .max) == .distantFuture)
        #expect(Timestamp(millisecondsSince1970: .min) == .distantPast)
    }

    @Test func `a span counts what it says`() {
        #expect(TimeSpan.days(2).milliseconds == 172_800_000)
        #expect(TimeSpan.hours(-3).milliseconds == -10_800_000)
        #expect(TimeSpan.minutes(5).milliseconds == 300_000)
        #expect(TimeSpan.seconds(7).milliseconds == 7_000)
        #expect(TimeSpan.days(.max) == Timestamp.distantFuture - .distantPast)
    }

    @Test(arguments: 0..<20) func `every time that can be made is read back`(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let range = Timestamp.distantPast.millisecondsSince1970...Timestamp.distantFuture.millisecondsSince1970
        for _ in 0..<500 {
            expectRoundTrip(Timestamp(millisecondsSince1970: Int64.random(in: range, using: &random)))
            expectRoundTrip(Timestamp(millisecondsSince1970: Int64.random(in: .min ... .max, using: &random)))
        }
    }

    // MARK: Dates

    @Test func `the day behind the last begins with the last instant`() {
        let last = Timestamp.distantFuture.date
        #expect(last.description == "9999-12-31")
        #expect(last.startOfDay.description == "9999-12-31T00:00:00.000Z")
        #expect((last + 1).startOfDay == .distantFuture)
        #expect(last < last + 1)
        #expect(last + 2 == last + 1)
        #expect((Timestamp.distantPast.date + -1).startOfDay == .distantPast)
    }

    @Test(arguments: [1, -1, 2, 4_000_000, -4_000_000, Int.max, Int.min])
    func `a date that arithmetic makes is read back`(days: Int) {
        let dates = [Timestamp.distantPast.date, Timestamp.distantFuture.date, CalendarDate(dayNumber: 0)]
        for date in dates {
            let text = (date + days).description
            #expect(CalendarDate(iso8601: text)?.description == text)
        }
    }

    @Test(arguments: [0, 1, 5, 260, 4_000_000])
    func `business days end with time`(count: Int) {
        expectRoundTrip(Timestamp.distantFuture.adding(businessDays: count))
        let friday = Timestamp(rfc3339: "9999-12-31T09:00:00Z") ?? .distantPast
        #expect(friday.adding(businessDays: count) == (count == 0 ? friday : .distantFuture))
    }

    @Test(
        arguments: [
            ("2026-03-06T09:00:00Z", 1, "2026-03-09T09:00:00Z"), ("2026-03-07T09:00:00Z", 0, "2026-03-09T09:00:00Z"),
            ("2026-03-07T09:00:00Z", 1, "2026-03-09T09:00:00Z"), ("2026-03-04T09:00:00Z", 5, "2026-03-11T09:00:00Z"),
            ("2026-03-04T09:00:00Z", 0, "2026-03-04T09:00:00Z"),
        ])
    func `business days leave weekends out`(from: String, count: Int, to: String) throws {
        let start = try #require(Timestamp(rfc3339: from))
        #expect(start.adding(businessDays: count) == Timestamp(rfc3339: to))
    }
}
