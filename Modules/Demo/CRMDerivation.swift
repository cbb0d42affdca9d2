import Contracts
import Domain
import DomainNames
import Hashing
package import Importing
import JSON

/// What a derivation made of an export.
package struct CRMSummary: Sendable, Hashable {
    /// Deals that the map could read.
    package var deals = 0
    package var claims = 0
    package var contests = 0
    package var introductions = 0
    package var touches = 0
}

/// Makes the files of a marketplace that fit a CRM export: referrals, claims and touches of sample partners on its real
/// accounts, by a rule. The same export gives the same files.
package struct CRMDerivation {
    package static let partnersCSV = "partners.csv"
    package static let peopleCSV = "people.csv"
    package static let payeesCSV = "payees.csv"
    package static let referralsCSV = "referrals.csv"
    package static let touchesCSV = "touches.csv"

    /// What an import takes beside the export itself, in this order.
    package static let inputs: [(kind: ImportKind, file: String)] = [
        (.partners, partnersCSV), (.people, peopleCSV), (.payees, payeesCSV), (.referrals, referralsCSV),
        (.touches, touchesCSV),
    ]

    private struct Deal {
        var id: String
        var account: String
        var domain: String
        var line: String
        var value: SampleAmount
        var created: CalendarDate
    }

    private let rule: CRMRule

    package init(rule: CRMRule) { self.rule = rule }

    /// - Parameters:
    ///   - export: the directory with the export's files.
    ///   - examples: the directory with the sample partners, people and payees.
    ///   - map: how the export's deals are read; its file is in the directory.
    ///   - directory: exists; gets the files.
    package func write(
        export: String, examples: String, map: ImportMap, to directory: String
    ) throws -> CRMSummary {
        let partners = try copyRegister(from: examples, to: directory)
        let deals = try deals(in: "\(export)/\(map.file ?? "sales_pipeline.csv")", map, temporaryDirectory: directory)
        let accounts = try accounts(in: "\(export)/accounts.csv")
        var summary = CRMSummary()
        summary.deals = deals.count
        var referrals: [SampleReferral] = []
        var touches: [SampleTouch] = []
        for deal in deals {
            derive(deal, accounts[deal.account], partners, &referrals, &touches, &summary)
        }
        try write(referrals, touches, to: directory)
        return summary
    }

    // MARK: The export

    /// Each deal once, as it was opened.
    private func deals(in path: String, _ map: ImportMap, temporaryDirectory: String) throws -> [Deal] {
        let plan = try ImportPlan(
            [ImportInput(kind: .opportunities, path: path, map: map)],
            context: ImportContext(domains: RegistrableDomains()), temporaryDirectory: temporaryDirectory)
        var deals: [Deal] = []
        while let batch = try plan.next() {
            for event in batch.events {
                let deal = try JSONDocument.decode(OpportunityUpdated.self, from: event.payload)
                guard deal.revision == 1 else { continue }
                deals.append(
                    Deal(
                        id: deal.opportunity.text, account: deal.account.name ?? deal.account.key.text,
                        domain: deal.account.key.text, line: deal.productLine,
                        value: SampleAmount(
                            minor: Int(deal.firstYearValue.minor), currency: deal.firstYearValue.currency.code),
                        created: deal.createdAt.date))
            }
        }
        return deals
    }

    private func accounts(in path: String) throws -> [String: SampleAccount] {
        var reader = try CSVReader(try FileSource(path: path))
        var accounts: [String: SampleAccount] = [:]
        while let row = try reader.next() {
            let row = try row.get()
            let name = row["account"] ?? ""
            let sector = row["sector"] ?? ""
            let place = row["office_location"] ?? ""
            accounts[name] = SampleAccount(
                name: name, domain: "", country: rule.countries[place] ?? "US",
                employees: Int(row["employees"] ?? "") ?? 0, industry: rule.industries[sector] ?? sector,
                revenue: CRMDerivation.millions(row["revenue"] ?? ""))
        }
        return accounts
    }

    /// Whole units of a number of millions with at most two decimals.
    private static func millions(_ text: String) -> Int {
        let parts = text.split(separator: ".")
        let whole = parts.first.flatMap { Int($0) } ?? 0
        let cents = parts.count > 1 ? Int((parts[1] + "00").prefix(2)) ?? 0 : 0
        return whole * 1_000_000 + cents * 10_000
    }

    // MARK: Derivation

    private func hash(_ purpose: String, _ id: String) -> UInt64 { Hashing.first64(of: [rule.name, purpose, id]) }

    private func chooses(_ part: CRMRule.Part, _ purpose: String, _ deal: Deal) -> Bool {
        Int64(hash(purpose, deal.id) % 10_000) < part.share
    }

    private func day(_ part: CRMRule.Part, _ purpose: String, _ deal: Deal, from start: CalendarDate) -> CalendarDate {
        let width = UInt64(part.days.to - part.days.from + 1)
        let days = part.days.from + Int(hash(purpose + " days", deal.id) % width)
        return max(start + (part.isBefore ? -days : days), rule.starts)
    }

    /// Always the same partner for an account and product line.
    private func partner(_ purpose: String, _ deal: Deal, _ partners: [String], other: String? = nil) -> String {
        let index = Int(hash(purpose, deal.domain + "/" + deal.line) % UInt64(partners.count))
        return partners[index] == other ? partners[(index + 1) % partners.count] : partners[index]
    }

    private func derive(
        _ deal: Deal, _ account: SampleAccount?, _ partners: [String], _ referrals: inout [SampleReferral],
        _ touches: inout [SampleTouch], _ summary: inout CRMSummary
    ) {
        let owner = partner("owner", deal, partners)
        if chooses(rule.claims, "claim", deal) {
            let date = day(rule.claims, "claim", deal, from: deal.created)
            referrals.append(refer(deal, account, owner, at: date, stage: rule.claims.stage.rawValue, "claim"))
            summary.claims += 1
            if chooses(rule.contests, "contest", deal) {
                let rival = partner("rival", deal, partners, other: owner)
                let later = day(rule.contests, "contest", deal, from: date)
                referrals.append(refer(deal, account, rival, at: later, stage: rule.claims.stage.rawValue, "contest"))
                summary.contests += 1
            }
        } else if chooses(rule.introductions, "introduction", deal) {
            let date = day(rule.introductions, "introduction", deal, from: deal.created)
            referrals.append(refer(deal, account, owner, at: date, stage: nil, "introduction"))
            summary.introductions += 1
        }
        for (part, purpose, party) in [
            (rule.directTouches, "direct touch", "direct"), (rule.partnerTouches, "partner touch", owner),
        ] where chooses(part, purpose, deal) && !part.kinds.isEmpty {
            let kind = part.kinds[Int(hash(purpose + " kind", deal.id) % UInt64(part.kinds.count))]
            let date = day(part, purpose, deal, from: deal.created)
            touches.append(
                SampleTouch(
                    id: "\(purpose == "direct touch" ? "DT" : "PT")-\(deal.id)", domain: deal.domain, party: party,
                    kind: kind.rawValue, productLine: deal.line,
                    confirmedBy: party == "direct" ? nil : part.confirmedBy?.text, minutes: 60,
                    occurredAt: time(purpose, deal, on: date)))
            summary.touches += 1
        }
    }

    /// A time in the morning, before the deals of the day are created.
    private func time(_ purpose: String, _ deal: Deal, on date: CalendarDate) -> Timestamp {
        date.startOfDay + .seconds(6 * 3600 + Int(hash(purpose + " time", deal.id) % 9_000))
    }

    private func refer(
        _ deal: Deal, _ account: SampleAccount?, _ partner: String, at date: CalendarDate, stage: String?,
        _ purpose: String
    ) -> SampleReferral {
        let lot = hash(purpose + " person", deal.id)
        let first = SampleNames.people[Int(lot % UInt64(SampleNames.people.count))]
        let family = SampleNames.families[Int(lot / 64 % UInt64(SampleNames.families.count))]
        return SampleReferral(
            eventID: "\(purpose)-\(deal.id)", partner: partner, accountName: deal.account, domain: deal.domain,
            country: account?.country ?? "US", employees: account?.employees ?? 0,
            industry: account?.industry ?? "other", revenue: account?.revenue ?? 0, contactName: "\(first) \(family)",
            email: "\(first.lowercased()).\(family.lowercased())@\(deal.domain)",
            title: SampleNames.goodTitles[Int(lot / 4096 % UInt64(SampleNames.goodTitles.count))],
            need: SampleNames.needs[Int(lot / 65_536 % UInt64(SampleNames.needs.count))],
            intent: lot % 3 == 0 ? "urgent" : "budgeted", productLine: deal.line, value: deal.value,
            expectedClose: date + 60, stage: stage, occurredAt: time(purpose, deal, on: date))
    }

    // MARK: Files

    /// The sample's register, from the rule's first day on, its partners' ledgers in US dollars.
    private func copyRegister(from examples: String, to directory: String) throws -> [String] {
        var partners: [String] = []
        for name in [CRMDerivation.partnersCSV, CRMDerivation.peopleCSV, CRMDerivation.payeesCSV] {
            var reader = try CSVReader(try FileSource(path: "\(examples)/\(name)"))
            let columns = reader.columns
            var file = SampleFile(name, header: columns.names)
            while let row = try reader.next() {
                var fields = try row.get().fields
                if let position = columns.position(of: "effective_at") {
                    fields[position] = rule.starts.startOfDay.description
                }
                if name == CRMDerivation.partnersCSV {
                    if let position = columns.position(of: "currency") { fields[position] = "USD" }
                    if let position = columns.position(of: "partner_id") { partners.append(fields[position]) }
                }
                file.append(fields)
            }
            try file.write(to: directory)
        }
        return partners
    }

    private func write(_ referrals: [SampleReferral], _ touches: [SampleTouch], to directory: String) throws {
        var referralFile = SampleFile(CRMDerivation.referralsCSV, header: SampleReferral.columns)
        for referral in referrals.sorted(by: { ($0.occurredAt, $0.eventID) < ($1.occurredAt, $1.eventID) }) {
            referralFile.append(referral.fields)
        }
        try referralFile.write(to: directory)
        var touchFile = SampleFile(CRMDerivation.touchesCSV, header: SampleTouch.columns)
        for touch in touches.sorted(by: { ($0.occurredAt, $0.id) < ($1.occurredAt, $1.id) }) {
            touchFile.append(touch.fields)
        }
        try touchFile.write(to: directory)
    }
}
