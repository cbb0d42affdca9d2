import JSON
import Testing

@Suite struct ProblemTests {
    static let account = #""account":{"name":"Acme","domain":"acme.example"}"#
    static let required = #""id":"1","count":3,"share":1,"consent":true,"day":"2025-03-01","urgency":"urgent""#

    static func sample(replacing name: String, with value: String?) -> String {
        let fields = [
            ("id", "\"1\""), ("count", "3"), ("share", "1"), ("consent", "true"), ("day", "\"2025-03-01\""),
            ("urgency", "\"urgent\""), ("account", #"{"name":"Acme","domain":"acme.example"}"#),
        ]
        var members = fields.compactMap { field -> String? in
            field.0 == name ? value.map { "\"\(name)\":\($0)" } : "\"\(field.0)\":\(field.1)"
        }
        if !fields.contains(where: { $0.0 == name }), let value { members.append("\"\(name)\":\(value)") }
        return "{" + members.joined(separator: ",") + "}"
    }

    static let words = "one of `researching`, `evaluating`, `budgeted`, `urgent`"
    static let single: [(String, String?, String)] = [
        ("id", nil, "/id: expected a string, found nothing"),
        ("id", "null", "/id: expected a string, found null"),
        ("id", "1", "/id: expected a string, found an integer"),
        ("id", "1.5", "/id: expected a string, found the number 1.5"),
        ("id", "true", "/id: expected a string, found a boolean"),
        ("id", "[]", "/id: expected a string, found an array"),
        ("id", "{}", "/id: expected a string, found an object"),
        ("count", nil, "/count: expected an integer, found nothing"),
        ("count", "\"3\"", "/count: expected an integer, found a string"),
        ("count", "1.0", "/count: expected an integer, found the number 1.0"),
        ("count", "1e3", "/count: expected an integer, found the number 1000.0"),
        ("count", "9223372036854775808", "/count: expected an integer, found the number 9223372036854775808"),
        ("share", "10001", "/share: expected an integer from 0 to 10000, found 10001"),
        ("share", "-1", "/share: expected an integer from 0 to 10000, found -1"),
        ("share", "\"1\"", "/share: expected an integer from 0 to 10000, found a string"),
        ("consent", "\"true\"", "/consent: expected a boolean, found a string"),
        ("consent", "0", "/consent: expected a boolean, found an integer"),
        ("day", "\"tomorrow\"", "/day: expected a day such as 2025-03-01, found \"tomorrow\""),
        ("day", "7", "/day: expected a day such as 2025-03-01, found an integer"),
        ("urgency", "\"Urgent\"", "/urgency: expected \(words), found \"Urgent\""),
        ("urgency", "4", "/urgency: expected \(words), found an integer"),
        ("account", nil, "/account: expected an object, found nothing"),
        ("account", "\"Acme\"", "/account: expected an object, found a string"),
        ("account", #"{"name":"A"}"#, "/account/domain: expected a string, found nothing"),
        (
            "account", #"{"name":"A","domain":"d","employees":-1}"#,
            "/account/employees: expected an integer from 0 to 10000000, found -1"
        ),
        ("note", "5", "/note: expected a string, found an integer"),
        ("size", "\"5\"", "/size: expected an integer, found a string"),
        ("flag", "5", "/flag: expected a boolean, found an integer"),
        ("closed_on", "\"x\"", "/closed_on: expected a day such as 2025-03-01, found \"x\""),
        ("previous", "\"x\"", "/previous: expected \(words), found \"x\""),
        ("value", "5", "/value: expected an object, found an integer"),
        ("value", #"{"minor":"1","currency":"EUR"}"#, "/value/minor: expected an integer, found a string"),
        ("lines", "{}", "/lines: expected an array of objects, found an object"),
        ("lines", "[{\"minor\":1,\"currency\":\"EUR\"},7]", "/lines/1: expected an object, found an integer"),
        ("lines", "[{\"minor\":1}]", "/lines/0/currency: expected a string, found nothing"),
        ("tags", "\"a\"", "/tags: expected an array of strings, found a string"),
        ("tags", "[\"a\",1]", "/tags/1: expected a string, found an integer"),
        ("numbers", "[1,\"2\"]", "/numbers/1: expected an integer, found a string"),
        ("days", "[\"x\"]", "/days/0: expected a day such as 2025-03-01, found \"x\""),
        ("urgencies", "[\"x\"]", "/urgencies/0: expected \(words), found \"x\""),
        ("limits", "{\"a/~b\":\"1\"}", "/limits/a~1~0b: expected an integer, found a string"),
        ("limits", "[]", "/limits: expected an object, found an array"),
        ("labels", "{\"a\":1}", "/labels/a: expected a string, found an integer"),
        ("amounts", "{\"a\":{\"minor\":1}}", "/amounts/a/currency: expected a string, found nothing"),
        ("id", "\"1\",\"id\":\"2\"", "/id: expected a name that occurs once in its object, found it again"),
        (
            "account", #"{"name":"A","domain":"d","name":"A"}"#,
            "/account/name: expected a name that occurs once in its object, found it again"
        ),
        ("limits", "{\"a\":1,\"a\":1}", "/limits/a: expected a name that occurs once in its object, found it again"),
        ("extra", "{\"a\":1,\"a\":1}", "/extra/a: expected a name that occurs once in its object, found it again"),
    ]

    @Test(arguments: single)
    func `a wrong field names pointer, expectation and finding`(name: String, value: String?, problem: String) {
        #expect(problems(Sample.self, Self.sample(replacing: name, with: value)) == [problem])
    }

    @Test func `null counts as absent for what is optional`() {
        for name in ["note", "size", "flag", "closed_on", "previous", "value", "lines", "tags", "limits", "extra"] {
            #expect(problems(Sample.self, Self.sample(replacing: name, with: "null")) == [])
        }
    }

    @Test func `unknown fields are ignored`() {
        #expect(problems(Sample.self, Self.sample(replacing: "unknown", with: "[{}]")) == [])
    }

    @Test func `one pass names everything that is wrong`() {
        #expect(
            problems(Account.self, #"{"name":1,"employees":"x"}"#) == [
                "/name: expected a string, found an integer", "/domain: expected a string, found nothing",
                "/employees: expected an integer from 0 to 10000000, found a string",
            ])
    }

    @Test func `the number of problems is bounded`() {
        let text = "{\"lines\":[" + Array(repeating: "1", count: 1000).joined(separator: ",") + "]}"
        #expect(problems(Sample.self, text).count == JSONFailure.problemLimit)
    }

    @Test func `a caller's own check names its field`() {
        struct Checked: JSONReadable {
            init(reading reader: inout ObjectReader) {
                let number = reader.integer("number")
                if number % 2 != 0 { reader.fail("number", expected: "an even number", found: "\(number)") }
            }
        }
        #expect(problems(Checked.self, #"{"number":3}"#) == ["/number: expected an even number, found 3"])
        #expect(problems(Checked.self, #"{"number":4}"#) == [])
    }

    @Test func `at least one element can be demanded`() {
        struct Filled: JSONReadable {
            init(reading reader: inout ObjectReader) { _ = reader.requiredObjects("lines", Amount.self) }
        }
        #expect(problems(Filled.self, "{}") == ["/lines: expected an array of at least one object, found nothing"])
        #expect(
            problems(Filled.self, #"{"lines":[]}"#) == ["/lines: expected at least one element, found an empty array"])
        #expect(problems(Filled.self, #"{"lines":[{"minor":1,"currency":"EUR"}]}"#) == [])
    }

    @Test func `elements that stand for themselves spoil neither each other nor the document`() throws {
        struct Loose: JSONReadable {
            var lines: [Amount]
            var refused: [JSONProblem]

            init(reading reader: inout ObjectReader) {
                (lines, refused) = reader.separateObjects("lines", Amount.self)
                _ = reader.string("name")
            }
        }
        let good = #"{"minor":1,"currency":"EUR"}"#
        let text = #"{"lines":[\#(good),{"minor":"x"},7,\#(good)],"name":"n"}"#
        let loose = try JSONDocument.decode(Loose.self, from: Array(text.utf8))
        #expect(loose.lines == [Amount(minor: 1, currency: "EUR"), Amount(minor: 1, currency: "EUR")])
        #expect(
            loose.refused.map(\.description) == [
                "/lines/1/minor: expected an integer, found a string", "/lines/2: expected an object, found an integer",
            ])
        #expect(problems(Loose.self, #"{"lines":7}"#).count == 2)
        #expect(problems(Loose.self, #"{"name":"n"}"#) == [])
        let many = "{\"name\":\"n\",\"lines\":[" + Array(repeating: "1", count: 1000).joined(separator: ",") + "]}"
        #expect(
            try JSONDocument.decode(Loose.self, from: Array(many.utf8)).refused.count == JSONFailure.problemLimit)
    }

    @Test func `unknown fields can be refused, naming the nearest`() {
        struct Strict: JSONReadable {
            init(reading reader: inout ObjectReader) {
                _ = reader.optionalString("deadline")
                _ = reader.optionalObject("inner", Inner.self)
                reader.rejectUnknown()
            }
            struct Inner: JSONReadable {
                init(reading reader: inout ObjectReader) {
                    _ = reader.optionalString("name")
                    reader.rejectUnknown()
                }
            }
        }
        #expect(problems(Strict.self, #"{"deadline":"x","inner":{"name":"y"}}"#) == [])
        #expect(
            problems(Strict.self, #"{"inner":{"nmae":"y","other":1},"deadlin":2}"#) == [
                "/inner/nmae: expected no such field (did you mean `name`?), found an unknown field",
                "/inner/other: expected no such field, found an unknown field",
                "/deadlin: expected no such field (did you mean `deadline`?), found an unknown field",
            ])
    }

    @Test(arguments: ["[]", "1", "\"x\"", "null"])
    func `the root must be an object`(text: String) {
        #expect(problems(Sample.self, text).count == 1)
        #expect(problems(Sample.self, text)[0].hasPrefix("document: expected an object, found "))
    }
}
