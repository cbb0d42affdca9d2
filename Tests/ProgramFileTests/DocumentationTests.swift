import Contracts
import Domain
import JSON
import ProgramFile
import Testing

@Suite struct DocumentationTests {
    /// Every key of the file by its path, in reading order, and whether it must be given.
    static func keys(_ schema: JSONValue, _ path: String) -> [(key: String, isRequired: Bool)] {
        guard case .object(let members)? = schema["properties"] else { return [] }
        var required: [String] = []
        if case .array(let names)? = schema["required"] { required = names.compactMap(\.stringValue) }
        return members.flatMap { name, member in
            let key = path.isEmpty ? name : "\(path).\(name)"
            let inner = member["items"].map { keys($0, key + "[]") } ?? keys(member, key)
            return [(key, required.contains(name))] + inner
        }
    }

    /// First and second cell of each row of the document's tables.
    static func rows(_ text: String) -> [(key: String, standard: String)] {
        text.split(separator: "\n").filter { $0.hasPrefix("| `") }.map { line in
            let cells = line.split(separator: "|", omittingEmptySubsequences: false).map { $0.trimming(" ") }
            return (cells[1].trimming("`"), cells[2])
        }
    }

    @Test func `the document names exactly the keys that the file has`() throws {
        let documented = Self.rows(try Examples.text("docs/program.md")).map(\.key)
        let actual = Self.keys(JSONSchema.of(Program.self, title: "Program"), "").map(\.key)
        #expect(Set(documented).count == documented.count)
        #expect(Set(documented).symmetricDifference(actual) == [])
    }

    @Test func `a required key has no default in the document`() throws {
        let required = Set(
            Self.keys(JSONSchema.of(Program.self, title: "Program"), "").filter(\.isRequired).map(\.key))
        for row in Self.rows(try Examples.text("docs/program.md")) where required.contains(row.key) {
            #expect(row.standard.isEmpty, "\(row.key)")
        }
    }

    @Test func `the defaults in the document are those of the code`() throws {
        let document = Dictionary(
            Self.rows(try Examples.text("docs/program.md")).map { ($0.key, $0.standard) },
            uniquingKeysWith: { first, _ in first })
        var program = try Examples.program(SampleProgramText.text).program
        program.intake = Program.Defaults.intake
        program.routing = Program.Defaults.routing
        program.handoff.firstContactBusinessDays = Program.Defaults.firstContactBusinessDays
        program.review = Program.Defaults.review
        program.protection = Program.Defaults.protection
        program.conflict = Program.Defaults.conflict
        program.attribution = Program.Defaults.attribution
        program.salesCompensation = Program.Defaults.salesCompensation
        program.commission = Program.Defaults.commission
        program.fraud = Program.Defaults.fraud
        program.partnerEnd = Program.Defaults.partnerEnd
        let tree = try JSONDocument.parse(JSONEncoding.encode(program))
        var compared = 0
        for section in [
            "intake", "routing", "handoff", "review", "protection", "conflict", "attribution", "sales_compensation",
            "commission", "fraud", "partner_end",
        ] {
            guard case .object(let members)? = tree[section] else { continue }
            for (name, value) in members {
                guard let number = value.integerValue else { continue }
                compared += 1
                #expect(document["\(section).\(name)"] == "\(number)", "\(section).\(name)")
            }
        }
        #expect(compared == 32)
    }
}

extension StringProtocol {
    fileprivate func trimming(_ character: Character) -> String {
        var rest = self[...]
        while rest.first == character { rest = rest.dropFirst() }
        while rest.last == character { rest = rest.dropLast() }
        return String(rest)
    }
}
