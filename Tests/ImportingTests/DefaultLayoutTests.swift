import Contracts
import Domain
import DomainNames
import Foundation
import JSON
import Testing

@testable import Importing

@Suite struct DefaultLayoutTests {
    private let context = ImportContext(
        domains: RegistrableDomains(), payeeKey: PayeeKey(bytes: Array(repeating: 7, count: 32)))

    private func events(
        _ kind: ImportKind, _ text: String, name: String = "f.csv"
    ) throws -> (events: [OutgoingEvent], notices: [String]) {
        let directory = try TemporaryDirectory()
        let path = try directory.file(name, text)
        var notices: [String] = []
        let plan = try ImportPlan(
            [ImportInput(kind: kind, path: path)], context: context, temporaryDirectory: directory.path,
            notice: { notices.append($0.description.replacingOccurrences(of: directory.path + "/", with: "")) })
        var events: [OutgoingEvent] = []
        while let batch = try plan.next() { events += batch.events }
        return (events, notices)
    }

    @Test func `a deal with a close becomes two revisions, an open one a single one`() throws {
        let (events, notices) = try events(
            .opportunities,
            """
            opportunity_id,account.domain,product_line,stage,first_year_value,created_at,closed_at,lost_reason,play
            A,firm.example,p,closed_won,1200.50 EUR,2025-01-02,2025-02-03T10:00:00Z,,displacement
            B,firm.example,p,proposal,7 JPY,2025-01-02,,,
            """)
        #expect(notices.isEmpty)
        let deals = try events.map { try JSONDocument.decode(OpportunityUpdated.self, from: $0.payload) }
        #expect(
            deals.map { "\($0.opportunity) \($0.revision) \($0.stage.rawValue) \($0.occurredAt)" } == [
                "A 1 qualified 2025-01-02T00:00:00.000Z", "B 1 proposal 2025-01-02T00:00:00.000Z",
                "A 2 closed_won 2025-02-03T10:00:00.000Z",
            ])
        #expect(deals[0].closedAt == nil && deals[2].firstYearValue.minor == 120_050)
        #expect(deals[1].firstYearValue.minor == 7 && deals[1].motion == .direct)
        #expect(deals.map(\.play) == ["displacement", nil, "displacement"])
    }

    @Test func `rows of JSON are the events' data; broken ones are named beside good ones`() throws {
        let good = """
            {"event_id":"1","event_type":"revenue.reversed","account":{"domain":"firm.example"},"opportunity_id":"A",\
            "amount":{"minor":5,"currency":"EUR"},"reason":"refund","occurred_at":"2025-01-02T00:00:00Z"}
            """
        let text = [
            good, good.replacingOccurrences(of: "5", with: "\"5\""), "{\"event_type\":\"revenue.lost\"}", "{\"a\":",
            good.replacingOccurrences(of: "\"event_type\":\"revenue.reversed\",", with: ""),
        ].joined(separator: "\n")
        let (events, notices) = try events(.decisions, text, name: "f.ndjson")
        #expect(events.map(\.id) == ["1"])
        #expect(events.first?.topic == .approval && events.first?.type == RevenueReversed.type)
        #expect(notices.count == 4)
        #expect(notices.first == "f.ndjson:2: amount.minor: expected an integer, found a string" || notices.count == 4)
        #expect(notices.dropFirst().first?.hasPrefix("f.ndjson:3: event_type: expected one of review.decided") == true)
        #expect(notices.dropFirst(2).first?.hasPrefix("f.ndjson:4: expected") == true)
        #expect(notices.last?.hasSuffix("found nothing") == true)
    }

    @Test func `a row's own id makes it a duplicate of itself, else its content does`() throws {
        let rows =
            "touch_id,account.domain,kind,occurred_at\nT,firm.example,email,2025-01-02\nT,firm.example,email,2025-01-02\n"
        let ids = try events(.touches, rows).events.map(\.id)
        #expect(ids.count == 2 && Set(ids).count == 1)
        #expect(
            try events(.touches, rows.replacingOccurrences(of: "email", with: "demo")).events.first?.id != ids.first)
    }

    @Test func `a referral without a company's domain still goes to its worker, to be judged there`() throws {
        let (events, notices) = try events(
            .referrals,
            """
            partner_id,account.name,account.domain,contact.email,deal.product_line,consent,occurred_at
            ptr_1,Firm,WWW.Firm.Example,a@b.example,p,yes,2025-01-02
            ptr_1,Firm,not a domain,a@b.example,p,no,2025-01-03
            partner,Firm,firm.example,a@b.example,p,maybe,2025-01-03
            """)
        #expect(events.map(\.key) == ["firm.example", "not a domain"])
        #expect(notices == ["f.csv:4: consent: expected true or false, found \"maybe\""])
    }

    @Test func `a column that no field has is refused, with those that there are`() throws {
        let error = try #require(throws: InputError.self) { _ = try events(.touches, "touch_id,acount.domain\n") }
        #expect(error.description.contains("found `acount.domain`") && error.description.contains("account.domain,"))
        let clash = try #require(throws: InputError.self) {
            _ = try events(.opportunities, "opportunity_id,first_year_value,first_year_value.minor\n")
        }
        #expect(clash.description.contains("two columns give `first_year_value.minor`"))
    }

    /// The tables of docs/import.md, from the code.
    static var tables: String {
        var text = ""
        for kind in ImportKind.allCases {
            text += "\n### \(kind.rawValue)\n"
            for target in kind.targets {
                text += "\n`\(target.name)`\n\n| column | value |\n|---|---|\n"
                let defaults = Set(target.defaults.map(\.path))
                for field in target.fields.fields {
                    let mark = field.isRequired && !defaults.contains(field.path) ? "*" : ""
                    text += "| `\(field.path)`\(mark) | \(words(field.form)) |\n"
                }
            }
        }
        return text
    }

    private static func words(_ form: FieldForm) -> String {
        switch form {
        case .text: "text"
        case .word(let words): words.map { "`\($0)`" }.joined(separator: " ")
        case .integer: "whole number"
        case .boolean: "`true` or `false`"
        case .time: "time or day"
        case .day: "day"
        case .list(let element): "list: \(words(element))"
        case .money: "amount: `48000.00 EUR`"
        case .json: "JSON"
        }
    }

    @Test func `the document lists the columns that the code reads`() throws {
        let document = try String(contentsOfFile: "\(repositoryRoot)/docs/import.md", encoding: .utf8)
        let start = try #require(document.range(of: "## Default columns\n"))
        let end = try #require(document.range(of: "\n## Maps\n"))
        let found = String(document[start.upperBound..<end.lowerBound])
        let tables = Self.tables
        let list = found.range(of: "\n### ").map { "\n### " + found[$0.upperBound...] } ?? ""
        #expect(list == tables, "docs/import.md is behind the code; its tables should be:\n\(tables)")
    }
}
