import Contracts
import Domain
import JSON
import Testing

@Suite struct ProgramCodecTests {
    static func problems(_ text: String) -> [String] {
        do throws(JSONFailure) {
            _ = try JSONDocument.decode(Program.self, from: Array(text.utf8))
            return []
        } catch {
            return error.problems.map(\.description)
        }
    }

    @Test func `a programme is read back as it was written`() throws {
        let bytes = JSONEncoding.encode(SamplePrograms.full)
        let read = try JSONDocument.decode(Program.self, from: bytes)
        #expect(read == SamplePrograms.full)
        #expect(JSONEncoding.encode(read) == bytes)
    }

    @Test func `what is left out takes the defaults, and is written out`() throws {
        let program = try JSONDocument.decode(Program.self, from: Array(SamplePrograms.minimalText.utf8))
        #expect(program.intake == Program.Defaults.intake)
        #expect(program.routing == Program.Defaults.routing)
        #expect(program.handoff.firstContactBusinessDays == 2)
        #expect(program.review == Program.Defaults.review)
        #expect(program.protection == Program.Defaults.protection)
        #expect(program.conflict.appealDays == 14)
        #expect(program.attribution == Program.Defaults.attribution)
        #expect(program.salesCompensation == Program.Defaults.salesCompensation)
        #expect(program.commission == Program.Defaults.commission)
        #expect(program.fraud == Program.Defaults.fraud)
        #expect(program.partnerEnd.tailDays == 90)
        #expect(program.scoring.intent == Program.Defaults.intent)
        #expect(program.payout.minimums == [SamplePrograms.yen: 50])
        #expect(program.payout.rails == [.csv])
        #expect(program.payout.requiresTaxForm)
        let terms = program.terms[0]
        #expect(terms.effectiveFrom == program.effectiveFrom)
        #expect(terms.rounding == .halfEven)
        #expect(terms.lines[0].classes == [.sourced])
        #expect(terms.lines[0].kinds == [.new])
        let rates = Program.Defaults.stageRates.merging([.lateStage: BasisPoints(1_400)]) { $1 }
        #expect(terms.lines[0].price == .stageRates(rates))

        let written = try JSONDocument.parse(JSONEncoding.encode(program))
        #expect(written["review"]?["hours"] == .integer(48))
        #expect(written["terms"]?[0]?["lines"]?[0]?["stage_rates_bp"]?["before_contact"] == .integer(2_500))
        #expect(written["payout"]?["minimums"]?["JPY"] == .integer(50))
        #expect(program.plays.isEmpty && written["plays"] == nil)
        #expect(try JSONDocument.decode(Program.self, from: JSONEncoding.encode(program)) == program)
    }

    @Test func `a section that is given in part takes the defaults for the rest`() throws {
        let text = SamplePrograms.minimalText.dropLast() + #","review":{"hours":72,"priority_tiers":[]}}"#
        let program = try JSONDocument.decode(Program.self, from: Array(text.utf8))
        #expect(program.review.hours == 72)
        #expect(program.review.priorityHours == 24)
        #expect(program.review.priorityTiers.isEmpty)
    }

    @Test func `a play writes only the shares that are its own`() throws {
        let written = try JSONDocument.parse(JSONEncoding.encode(SamplePrograms.full))
        #expect(
            written["plays"]?[0]?["sales_compensation"]
                == .object([("sourced_other_bp", .integer(7_800)), ("not_sourced_bp", .integer(0))]))
        #expect(written["plays"]?[1]?["sales_compensation"] == nil)
    }

    static let wrong: [(change: (String, String), problem: String)] = [
        (
            ("\"name\":\"Acme\",\"effective", "\"nam\":\"Acme\",\"effective"),
            "/nam: expected no such field (did you mean `name`?), found an unknown field"
        ),
        (
            ("\"late_stage\":1400", "\"late_stage\":10001"),
            "/terms/0/lines/0/stage_rates_bp: expected integers from 0 to 10000, found 10001 for late_stage"
        ),
        (
            ("\"late_stage\":1400", "\"later\":1400"),
            "/terms/0/lines/0/stage_rates_bp: expected names out of `before_contact`, `after_first_meeting`, `late_stage`, `unregistered_claim`, found \"later\""
        ),
        (
            ("\"stage_rates_bp\":{\"late_stage\":1400}", "\"rate_bp\":1,\"flat\":{}"),
            "/terms/0/lines/0/name: expected a line with one of stage_rates_bp, rate_bp, duty_rates, tier_rates_bp and flat, found more than one of them"
        ),
        (
            ("\"stage_rates_bp\":{\"late_stage\":1400}", "\"flat\":{\"EURO\":1}"),
            "/terms/0/lines/0/flat: expected ISO 4217 currency codes as names, found \"EURO\""
        ),
        (
            ("\"stage_rates_bp\":{\"late_stage\":1400}", "\"range\":{\"from_bp\":5,\"to_bp\":4}"),
            "/terms/0/lines/0/range/to_bp: expected at least from_bp (5), found 4"
        ),
        (
            ("\"weight\":1", "\"weight\":\"1\""),
            "/scoring/fit/0/weight: expected an integer from 0 to 1000000, found a string"
        ),
        (
            ("\"points\":100", "\"points\":101"),
            "/scoring/fit/0/points/0/points: expected an integer from 0 to 100, found 101"
        ),
        (("psn_sales", "sales"), "/handoff/contact: expected a person id (psn_...), found \"sales\""),
        (("\"JPY\"", "\"YEN\""), "/currency: expected an ISO 4217 currency code such as EUR, found \"YEN\""),
    ]

    @Test(arguments: wrong.indices)
    func `a mistake is named with its place and what would be right`(index: Int) {
        let (change, problem) = Self.wrong[index]
        let text = SamplePrograms.minimalText.replacing(change.0, with: change.1)
        #expect(text != SamplePrograms.minimalText)
        #expect(Self.problems(text).contains(problem), "\(Self.problems(text))")
    }

    @Test func `every object of a programme refuses unknown fields`() {
        func objects(_ schema: JSONValue, _ pointer: String) -> [String] {
            var open: [String] = []
            if schema["properties"] != nil, schema["additionalProperties"] != .bool(false) { open.append(pointer) }
            if case .object(let members)? = schema["properties"] {
                for (name, member) in members { open += objects(member, "\(pointer)/\(name)") }
            }
            if let items = schema["items"] { open += objects(items, "\(pointer)/0") }
            return open
        }
        #expect(objects(JSONSchema.of(Program.self, title: "Program"), "") == [])
    }
}
