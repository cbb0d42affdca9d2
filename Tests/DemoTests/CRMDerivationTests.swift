import Contracts
import Domain
import DomainNames
import Foundation
import Importing
import JSON
import Testing
import YAML

@testable import Demo

@Suite struct CRMDerivationTests {
    private func bytes(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(filePath: "\(repositoryRoot)/Examples/\(name)")))
    }

    /// A made-up export in the shape of the real one.
    private func export(to directory: String, deals: Int) throws {
        var pipeline = "opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value\n"
        for index in 0..<deals {
            let day = index % 28 + 1
            pipeline += "D\(index),Ann,GTXPro,\(index % 7 == 0 ? "Cancity" : "Isdom & Co"),"
            pipeline +=
                index % 3 == 0
                ? "Engaging,\(day < 10 ? "0" : "")\(day)-11-2016,,\n" : "Won,01-11-2016,01-03-2017,4821\n"
        }
        try Data(pipeline.utf8).write(to: URL(filePath: "\(directory)/sales_pipeline.csv"))
        for (name, text) in [
            (
                "accounts.csv",
                "account,sector,year_established,revenue,employees,office_location,subsidiary_of\n"
                    + "Cancity,technolgy,2001,718.62,2448,Philipines,\nIsdom & Co,medical,2002,3178.2,454,United States,\n"
            ), ("products.csv", "product,series,sales_price\nGTX Pro,GTX,4821\n"),
            ("sales_teams.csv", "sales_agent,manager,regional_office\nAnn,Bob,Central\n"),
        ] {
            try Data(text.utf8).write(to: URL(filePath: "\(directory)/\(name)"))
        }
    }

    @Test func `the rule adds partners' claims to the export's own accounts, the same in every run`() throws {
        let url = FileManager.default.temporaryDirectory.appending(path: "crm-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: url) }
        var texts: [[Data]] = []
        for name in ["a", "b"] {
            let directory = url.appending(path: name).path
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            let out = directory + "/out"
            try FileManager.default.createDirectory(atPath: out, withIntermediateDirectories: true)
            try export(to: directory, deals: 300)
            let rule = try CRMRule(parsing: try bytes("crm-partners.yaml"), file: "crm-partners.yaml")
            let map = try ImportMap(parsing: try bytes("maps/crm-sales-pipeline.yaml"), file: "map.yaml")
            let summary = try CRMDerivation(rule: rule).write(
                export: directory, examples: "\(repositoryRoot)/Examples", map: map, to: out)
            #expect(summary.deals == 300)
            #expect((60...120).contains(summary.claims), "3000 bp of 300 deals")
            #expect(summary.touches > 20 && summary.introductions > 5)
            texts.append(
                try CRMDerivation.inputs.map { try Data(contentsOf: URL(filePath: "\(out)/\($0.file)")) })
            let plan = try ImportPlan(
                CRMDerivation.inputs.map { ImportInput(kind: $0.kind, path: "\(out)/\($0.file)") },
                context: ImportContext(
                    domains: RegistrableDomains(), payeeKey: PayeeKey(bytes: Array(repeating: 1, count: 32))),
                temporaryDirectory: out)
            #expect(plan.total.broken == 0)
            var countries: Set<String?> = []
            while let batch = try plan.next() {
                for event in batch.events where event.type == ReferralSubmitted.type {
                    let data = try JSONDocument.decode(ReferralSubmitted.self, from: event.payload).submission
                    #expect(["cancity.example", "isdom-co.example"].contains(data.account.domain))
                    #expect(data.occurredAt >= rule.starts.startOfDay)
                    countries.insert(data.account.country)
                }
            }
            #expect(countries == ["PH", "US"])
        }
        #expect(texts[0] == texts[1])
    }

    @Test(arguments: [
        ("claims:\n  share_bp: 1\n", "/starts"),
        ("rule: a\nstarts: 2016-10-01\nclaim: {}\n", "did you mean `claims`"),
    ])
    func `a broken rule names what is wrong`(text: String, expected: String) throws {
        let failure = try #require(throws: YAMLFailure.self) {
            _ = try CRMRule(parsing: Array(text.utf8), file: "rule.yaml")
        }
        #expect(failure.description.contains(expected), "\(failure)")
    }
}
