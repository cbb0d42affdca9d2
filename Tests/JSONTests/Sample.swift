import JSON

/// Types in the shape of real events, for the tests of this module.
enum Urgency: String, CaseIterable {
    case researching, evaluating, budgeted, urgent
}

struct Day: JSONScalar, Hashable {
    var text: String

    init(_ text: String) { self.text = text }

    init?(jsonText: String) {
        guard jsonText.utf8.count == 10 else { return nil }
        text = jsonText
    }

    var jsonText: String { text }
    static var jsonExpectation: String { "a day such as 2025-03-01" }
    static var jsonSchema: [(String, String)] { [("format", "date")] }
    static var jsonNeutral: Day { Day("0000-00-00") }
}

struct Amount: JSONCodable, Hashable {
    var minor: Int64
    var currency: String

    init(minor: Int64, currency: String) {
        self.minor = minor
        self.currency = currency
    }

    init(reading reader: inout ObjectReader) {
        minor = reader.integer("minor")
        currency = reader.string("currency")
    }

    func write(to writer: inout ObjectWriter) {
        writer.integer("minor", minor)
        writer.string("currency", currency)
    }
}

struct Account: JSONCodable, Hashable {
    var name: String
    var domain: String
    var employees: Int64?

    init(name: String, domain: String, employees: Int64? = nil) {
        self.name = name
        self.domain = domain
        self.employees = employees
    }

    init(reading reader: inout ObjectReader) {
        name = reader.string("name")
        domain = reader.string("domain")
        employees = reader.optionalInteger("employees", in: 0...10_000_000)
    }

    func write(to writer: inout ObjectWriter) {
        writer.string("name", name)
        writer.string("domain", domain)
        writer.integer("employees", employees)
    }
}

/// Reads one field of every kind.
struct Sample: JSONCodable, Hashable {
    var id = "ref_1"
    var count: Int64 = 3
    var share: Int64 = 5000
    var consent = true
    var day = Day("2025-03-01")
    var urgency = Urgency.urgent
    var account = Account(name: "Acme", domain: "acme.example")
    var note: String?
    var size: Int64?
    var flag: Bool?
    var closedOn: Day?
    var previous: Urgency?
    var value: Amount?
    var lines: [Amount] = []
    var tags: [String] = []
    var numbers: [Int64] = []
    var days: [Day] = []
    var urgencies: [Urgency] = []
    var limits: [String: Int64] = [:]
    var labels: [String: String] = [:]
    var amounts: [Pair] = []
    var extra: [UInt8]?

    struct Pair: Hashable {
        var key: String
        var amount: Amount
    }

    init() {}

    init(reading reader: inout ObjectReader) {
        id = reader.string("id")
        count = reader.integer("count")
        share = reader.integer("share", in: 0...10_000)
        consent = reader.boolean("consent")
        day = reader.value("day", as: Day.self)
        urgency = reader.enumeration("urgency", Urgency.self)
        account = reader.object("account", Account.self)
        note = reader.optionalString("note")
        size = reader.optionalInteger("size")
        flag = reader.optionalBoolean("flag")
        closedOn = reader.optionalValue("closed_on", as: Day.self)
        previous = reader.optionalEnumeration("previous", Urgency.self)
        value = reader.optionalObject("value", Amount.self)
        lines = reader.objects("lines", Amount.self)
        tags = reader.strings("tags")
        numbers = reader.integers("numbers")
        days = reader.values("days", as: Day.self)
        urgencies = reader.enumerations("urgencies", Urgency.self)
        limits = reader.integerMap("limits")
        labels = reader.stringMap("labels")
        amounts = reader.map("amounts", of: Amount.self).map { Pair(key: $0.0, amount: $0.1) }
        extra = reader.raw("extra")
    }

    func write(to writer: inout ObjectWriter) {
        writer.string("id", id)
        writer.integer("count", count)
        writer.integer("share", share)
        writer.boolean("consent", consent)
        writer.value("day", day)
        writer.enumeration("urgency", urgency)
        writer.object("account", account)
        writer.string("note", note)
        writer.integer("size", size)
        writer.boolean("flag", flag)
        writer.value("closed_on", closedOn)
        writer.enumeration("previous", previous)
        writer.object("value", value)
        writer.objects("lines", lines)
        writer.strings("tags", tags)
        writer.integers("numbers", numbers)
        writer.values("days", days)
        writer.enumerations("urgencies", urgencies)
        writer.integerMap("limits", limits)
        writer.stringMap("labels", labels)
        writer.map("amounts", amounts.map { ($0.key, $0.amount) })
        writer.raw("extra", extra)
    }
}

extension String {
    var bytes: [UInt8] { Array(utf8) }
}

/// The problems of decoding a text, as people read them; empty when it decodes.
func problems<T: JSONReadable>(_ type: T.Type, _ text: String) -> [String] {
    do throws(JSONFailure) {
        _ = try JSONDocument.decode(type, from: text.bytes)
        return []
    } catch {
        return error.problems.map(\.description)
    }
}
