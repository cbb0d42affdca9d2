import JSON
import Testing

@Suite struct RoundTripTests {
    static func full() -> Sample {
        var sample = Sample()
        sample.account.employees = 250
        sample.note = "a \"quoted\" \\ line\nwith \u{0} \u{1f} \u{2028} ü 日本 🎉"
        sample.size = .min
        sample.flag = false
        sample.closedOn = Day("2025-12-31")
        sample.previous = .researching
        sample.value = Amount(minor: 4_800_000, currency: "EUR")
        sample.lines = [Amount(minor: -1, currency: "USD"), Amount(minor: .max, currency: "JPY")]
        sample.tags = ["", "a", "a string of more than fifteen bytes"]
        sample.numbers = [0, -7, .max, .min]
        sample.days = [Day("2025-01-01")]
        sample.urgencies = [.budgeted, .urgent]
        sample.limits = ["EUR": 5, "CHF": 7]
        sample.labels = ["b/~": "1", "a\"": "2", "": "3"]
        sample.amounts = [.init(key: "z", amount: Amount(minor: 1, currency: "EUR"))]
        sample.extra = #"{"a":[1,0.5,null,true,"x"],"b":{}}"#.bytes
        return sample
    }

    @Test(arguments: [Sample(), full()])
    func `what is written is read back equal`(sample: Sample) throws {
        #expect(try JSONDocument.decode(Sample.self, from: JSONEncoding.encode(sample)) == sample)
    }

    @Test func `absent optionals and empty collections are not written`() {
        #expect(
            String(decoding: JSONEncoding.encode(Sample()), as: UTF8.self)
                == #"{"id":"ref_1","count":3,"share":5000,"consent":true,"day":"2025-03-01","urgency":"urgent","#
                + #""account":{"name":"Acme","domain":"acme.example"}}"#)
    }

    @Test func `equal maps give equal text whatever their order in memory`() {
        var one = Sample()
        var other = Sample()
        let names = (0..<50).map { "name\($0)" }
        for name in names { one.limits[name] = 1 }
        for name in names.reversed() { other.limits[name] = 1 }
        #expect(JSONEncoding.encode(one) == JSONEncoding.encode(other))
    }

    @Test func `fields are found in any order`() throws {
        #expect(
            try JSONDocument.decode(
                Account.self, from: #"{"employees": 3, "x": [{"name": 1}], "domain":"d","name":"n"}"#.bytes)
                == Account(name: "n", domain: "d", employees: 3))
    }

    @Test func `a name of one letter works`() throws {
        struct Point: JSONCodable, Equatable {
            var x: Int64
            init(x: Int64) { self.x = x }
            init(reading reader: inout ObjectReader) { x = reader.integer("x") }
            func write(to writer: inout ObjectWriter) { writer.integer("x", x) }
        }
        #expect(try JSONDocument.decode(Point.self, from: JSONEncoding.encode(Point(x: 4))) == Point(x: 4))
    }

    @Test func `decoding inside decoding keeps the outer document`() throws {
        struct Outer: JSONReadable {
            var inner: Int64
            var after: String
            init(reading reader: inout ObjectReader) {
                let raw = reader.raw("inner") ?? []
                inner = (try? JSONDocument.decode(Amount.self, from: raw))?.minor ?? -1
                after = reader.string("after")
            }
        }
        let outer = try JSONDocument.decode(
            Outer.self, from: #"{"inner":{"minor":5,"currency":"EUR"},"after":"a text of the outer document"}"#.bytes)
        #expect(outer.inner == 5)
        #expect(outer.after == "a text of the outer document")
    }
}
