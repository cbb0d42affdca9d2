import Contracts
import Domain
import DomainNames
import Foundation
import JSON
import Testing
import YAML

@testable import Importing

@Suite struct ImportMapTests {
    private let context = ImportContext(
        domains: RegistrableDomains(), payeeKey: PayeeKey(bytes: Array(repeating: 7, count: 32)))

    private func plan(_ inputs: [ImportInput], _ directory: TemporaryDirectory, notices: inout [String]) throws
        -> [OutgoingEvent]
    {
        var told: [String] = []
        let plan = try ImportPlan(
            inputs, context: context, temporaryDirectory: directory.path, notice: { told.append($0.description) })
        notices = told.map { $0.replacingOccurrences(of: directory.path + "/", with: "") }
        var events: [OutgoingEvent] = []
        while let batch = try plan.next() { events += batch.events }
        return events
    }

    private func map(_ text: String) throws -> ImportMap { try ImportMap(parsing: Array(text.utf8), file: "map.yaml") }

    @Test func `a row becomes the events that the map names, joined, renamed and exact`() throws {
        let directory = try TemporaryDirectory()
        let deals = try directory.file(
            "deals.csv",
            """
            id,firm,item,state,opened,closed,worth
            A1,Müller & Söhne,Pro,Won,02-01-2025,05-03-2025,1234.50
            A2,null,Pro,Won,02-01-2025,05-03-2025,1
            A3,Acme,Pro,Open,31-02-2025,,1
            A4,Acme,None,Open,01-02-2025,,1
            A5,Acme,Pro,Open,01-02-2025,,1.005
            """)
        _ = try directory.file("items.csv", "item,line\nPRO,platform\n")
        let map = try map(
            """
            kind: opportunities
            source: deals
            join: [{file: items.csv, as: items, on: item, required: true}]
            aliases: {item: {Pro: PRO}}
            skip: [{when: {firm: ["null"]}, reason: no account}]
            event_id: {column: id}
            fields:
              opportunity_id: {column: id}
              account.domain: {template: "{slug(firm)}.example"}
              product_line: {column: items.line}
              motion: {constant: direct}
              first_year_value: {column: worth, currency: EUR}
              created_at: {column: opened, date: DD-MM-YYYY}
            events:
              - {fields: {revision: {constant: 1}, stage: {constant: qualified}}}
              - when: {state: Won}
                fields:
                  revision: {constant: 2}
                  stage: {column: state, aliases: {Won: closed_won}}
                  closed_at: {column: closed, date: DD-MM-YYYY, at: "17:00"}
            """)
        var notices: [String] = []
        let events = try plan([ImportInput(kind: .opportunities, path: deals, map: map)], directory, notices: &notices)
        #expect(
            notices == [
                "deals.csv:3: skipped: no account",
                "deals.csv:4: created_at (column opened): expected a date as DD-MM-YYYY, found \"31-02-2025\"",
                "deals.csv:5: item: expected a row in items.csv with that item, found \"None\"",
                "deals.csv:6: first_year_value (column worth): expected a decimal amount with at most 2 places (EUR), found \"1.005\"",
            ])
        #expect(events.map(\.id) == ["A1#1", "A1#2"])
        #expect(events.map(\.source) == ["/import/deals", "/import/deals"])
        #expect(events.map(\.key) == ["m-ller-s-hne.example", "m-ller-s-hne.example"])
        let won = try JSONDocument.decode(OpportunityUpdated.self, from: try #require(events.last).payload)
        #expect(won.firstYearValue == Money(minor: 123_450, currency: try #require(Currency(code: "EUR"))))
        #expect(won.closedAt?.description == "2025-03-05T17:00:00.000Z")
        #expect(won.occurredAt == won.closedAt)
        #expect(won.stage == .closedWon && won.revision == 2 && won.productLine == "platform")
    }

    @Test(arguments: [
        ("kind: deals\nsource: x\n", "map.yaml:1:7: /kind:"),
        (
            "kind: referrals\nsource: x\nfilds: {}\n",
            "map.yaml:3:1: /filds: expected no such field (did you mean `fields`?)"
        ),
        (
            "kind: referrals\nsource: x\nfields:\n  accont.name: {column: a}\n",
            "map.yaml:4:3: /fields/accont.name: expected a field of referral.submitted, found `accont.name`"
        ),
        (
            "kind: referrals\nsource: x\nfields:\n  account.name: {column: a, template: b}\n",
            "map.yaml:4:26: /fields/account.name/column: expected exactly one of"
        ),
        (
            "kind: referrals\nsource: x\nfields:\n  account.name: {template: \"{sluug(a)}\"}\n",
            "map.yaml:4:28: /fields/account.name/template: expected text with"
        ),
    ])
    func `a broken map names line, column and what would be right`(text: String, expected: String) throws {
        let failure = try #require(throws: YAMLFailure.self) { _ = try map(text) }
        #expect(failure.description.hasPrefix(expected), "\(failure)")
    }

    @Test func `a map that names a column the file lacks is refused before a row is read`() throws {
        let directory = try TemporaryDirectory()
        let file = try directory.file("t.csv", "a,b\n1,2\n")
        let map = try map("kind: touches\nsource: x\nfields:\n  touch_id: {column: c}\n")
        var notices: [String] = []
        let failure = try #require(throws: YAMLFailure.self) {
            _ = try plan([ImportInput(kind: .touches, path: file, map: map)], directory, notices: &notices)
        }
        #expect(failure.description.contains("map.yaml:4:22: /fields/touch_id/column: expected a column of"))
        #expect(failure.description.contains("(a, b), found `c`"))
    }

    @Test(arguments: [
        ("DD-MM-YYYY", "05-03-2025", "2025-03-05T00:00:00.000Z"),
        ("MM/DD/YYYY", "03/05/2025", "2025-03-05T00:00:00.000Z"),
        ("YYYY-MM-DD HH:mm:ss", "2025-03-05 12:30:01", "2025-03-05T12:30:01.000Z"),
        ("rfc3339", "2025-03-05T12:30:00+02:00", "2025-03-05T10:30:00.000Z"),
        ("rfc3339", "2025-03-05", "2025-03-05T00:00:00.000Z"),
        ("DD-MM-YYYY", "31-04-2025", ""),
        ("DD-MM-YYYY", "5-3-2025", ""),
        ("DD-MM-YYYY", "05-03-2025 ", ""),
    ])
    func `dates are read by their pattern only`(pattern: String, text: String, expected: String) throws {
        let format = try #require(DateFormat(jsonText: pattern))
        #expect(format.read(text)?.time.description ?? "" == expected)
    }

    @Test(
        arguments: [
            ("12.5", 2, 1, 1250), ("12", 0, 1, 12), ("-0.01", 2, 1, -1), ("1100.04", 2, 1_000_000, 110_004_000_000),
            ("1.20", 1, 1, 12), ("92233720368547758.07", 2, 1, Int64.max),
        ] as [(String, Int, Int64, Int64)])
    func `decimal amounts are exact`(text: String, exponent: Int, multiply: Int64, expected: Int64) throws {
        #expect(try DecimalAmount.units(text, exponent: exponent, multiply: multiply) == expected)
    }

    @Test(arguments: ["", ".", "1,5", "1.2.3", "0x10", "1e3", "NaN", "99999999999999999999", "1.001"])
    func `what is no exact amount is refused`(text: String) {
        #expect(throws: DecimalAmount.Problem.self) { _ = try DecimalAmount.units(text, exponent: 2) }
    }

    @Test func `the shipped map reads the columns of the CRM export`() throws {
        let directory = try TemporaryDirectory()
        let pipeline = try directory.file(
            "sales_pipeline.csv",
            """
            opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value
            1C1I7A6R,Moses Frase,GTX Plus Basic,Cancity,Won,20-10-2016,01-03-2017,1054
            Z063OYW0,Darcel Schlecht,GTXPro,Isdom,Lost,25-10-2016,11-03-2017,0
            HAXMC4IX,James Ascencio,MG Advanced,null,Engaging,03-11-2016,,0
            6CWZFOHJ,Anna Snelling,GTX Basic,Cancity,Prospecting,,,0
            EC4QE1BX,Darcel Schlecht,MG Special,Cancity,Engaging,20-10-2016,,0
            """)
        _ = try directory.file(
            "accounts.csv",
            "account,sector,year_established,revenue,employees,office_location,subsidiary_of\n"
                + "Cancity,retail,2001,718.62,2448,United States,\nIsdom,medical,2002,3178.24,4540,United States,\n")
        _ = try directory.file(
            "products.csv",
            "product,series,sales_price\nGTX Plus Basic,GTX,1096\nGTX Pro,GTX,4821\nMG Special,MG,55\n")
        _ = try directory.file("sales_teams.csv", "sales_agent,manager,regional_office\nAnna Snelling,D,Central\n")
        let file = "\(repositoryRoot)/Examples/maps/crm-sales-pipeline.yaml"
        let map = try ImportMap(parsing: Array(try Data(contentsOf: URL(filePath: file))), file: "crm.yaml")
        var notices: [String] = []
        let events = try plan(
            [ImportInput(kind: .opportunities, path: pipeline, map: map)], directory, notices: &notices)
        #expect(
            notices == [
                "sales_pipeline.csv:4: skipped: account is null", "sales_pipeline.csv:5: skipped: no dates",
            ])
        #expect(events.count == 5)
        let deals = try events.map { try JSONDocument.decode(OpportunityUpdated.self, from: $0.payload) }
        #expect(Set(deals.map(\.productLine)) == ["gtx-plus-basic", "gtx-pro", "mg-special"])
        #expect(deals.filter { $0.stage == .closedWon }.map(\.firstYearValue.minor) == [105_400])
        #expect(deals.filter { $0.stage == .closedLost }.map(\.lostReason) == ["not stated"])
    }
}
