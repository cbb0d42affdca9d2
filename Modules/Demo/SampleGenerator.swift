package import Domain
package import Importing
import JSON

/// The files of a sample, and what stands in them.
package struct SampleSummary: Sendable, Hashable {
    /// Rows by file, in the order in which an import takes them.
    package var rows: [String: Int] = [:]
    package var repeatedEvents = 0
    package var invalidReferrals = 0
    package var brokenLines = 0
    package var scenarios: [SampleScenario: Int] = [:]
}

/// Makes the exports of a marketplace and a CRM over one year: the same files from the same seed. The stories come from the
/// table in `SampleScenario`.
package struct SampleGenerator {
    /// Referrals, most of them; the rest is the second file.
    package static let referralsCSV = "marketplace-referrals.csv"
    package static let referralsJSON = "marketplace-referrals.ndjson"
    package static let opportunitiesCSV = "crm-opportunities.csv"
    package static let touchesCSV = "crm-touches.csv"
    package static let partnerChangesCSV = "partner-changes.csv"
    package static let acceptedTermsCSV = "accepted-terms.csv"
    /// Revenue taken back, and disputes, in the year.
    package static let decisionsJSON = "finance.ndjson"
    /// Revenue taken back after the payout.
    package static let lateDecisionsJSON = "finance-after-payout.ndjson"

    /// What an import before the payout takes, in this order.
    package static let inputs: [(kind: ImportKind, file: String)] = [
        (.partners, partnerChangesCSV), (.partners, acceptedTermsCSV), (.referrals, referralsCSV),
        (.referrals, referralsJSON), (.opportunities, opportunitiesCSV), (.touches, touchesCSV),
        (.decisions, decisionsJSON),
    ]

    private let partners: [Partner]
    private let size: SampleSize
    private let seed: UInt64

    /// - Parameter partners: the register's, those that `SamplePlan` names among them.
    package init(seed: UInt64 = 2025, size: SampleSize = SampleSize(), partners: [Partner]) {
        self.seed = seed
        self.size = size
        self.partners = partners
    }

    /// Writes every file into a directory that exists.
    package func write(to directory: String) throws(InputError) -> SampleSummary {
        var stories = SampleStories(seed: seed, size: size, partners: partners)
        stories.tell()
        var summary = SampleSummary()
        summary.scenarios = stories.told
        summary.invalidReferrals = size.referrals * size.invalidPercent / 100
        var files = referralFiles(stories.referrals, &summary)
        files.append(opportunityFile(stories.deals))
        files.append(touchFile(stories.touches))
        files.append(partnerChanges())
        files.append(acceptedTerms())
        files += financeFiles(stories)
        for file in files {
            summary.rows[file.name] = file.rows
            try file.write(to: directory)
        }
        return summary
    }

    // MARK: Referrals

    private func referralFiles(_ all: [SampleReferral], _ summary: inout SampleSummary) -> [SampleFile] {
        var csv = SampleFile(SampleGenerator.referralsCSV, header: SampleReferral.columns)
        var json = SampleFile(SampleGenerator.referralsJSON, header: nil)
        let sorted = all.enumerated().sorted {
            ($0.element.occurredAt, $0.offset) < ($1.element.occurredAt, $1.offset)
        }
        let repeats = size.referrals * size.repeatedPercent / 100
        let repeatEvery = max(sorted.count / max(repeats, 1), 1)
        let brokenEvery = max(sorted.count / max(size.brokenLines, 1), 1)
        for (position, item) in sorted.enumerated() {
            var referral = item.element
            let isJSON = position % 5 == 4
            referral.eventID = "\(isJSON ? "nx" : "mp")-\(100_000 + position)"
            let isRepeated = position % repeatEvery == repeatEvery / 2 && summary.repeatedEvents < repeats
            for _ in 0..<(isRepeated ? 2 : 1) {
                if isJSON { json.append(line: referral.json) } else { csv.append(referral.fields) }
            }
            if isRepeated { summary.repeatedEvents += 1 }
            if position % brokenEvery == brokenEvery - 1, summary.brokenLines < size.brokenLines {
                SampleGenerator.breakLine(summary.brokenLines, referral, csv: &csv, json: &json)
                summary.brokenLines += 1
            }
        }
        return [csv, json]
    }

    /// A line that no reader can use, each in its turn for another reason.
    private static func breakLine(
        _ index: Int, _ referral: SampleReferral, csv: inout SampleFile, json: inout SampleFile
    ) {
        var fields = referral.fields
        switch index % 6 {
        case 0: csv.append(Array(fields.dropLast(3)))
        case 1:
            fields[SampleReferral.columns.count - 1] = "last Tuesday"
            csv.append(fields)
        case 2:
            fields[5] = "many"
            csv.append(fields)
        case 3: json.append(line: String(referral.json.dropLast(20)))
        case 4: json.append(line: #"{"partner_id": "ptr_001", "consent": "perhaps"}"#)
        default:
            fields[15] = "a lot of EUR"
            csv.append(fields)
        }
    }

    // MARK: CRM

    private func opportunityFile(_ deals: [SampleDeal]) -> SampleFile {
        var file = SampleFile(SampleGenerator.opportunitiesCSV, header: SampleDeal.columns)
        for deal in deals.sorted(by: { ($0.createdAt, $0.id) < ($1.createdAt, $1.id) }) { file.append(deal.fields) }
        return file
    }

    private func touchFile(_ touches: [SampleTouch]) -> SampleFile {
        var file = SampleFile(SampleGenerator.touchesCSV, header: SampleTouch.columns)
        for touch in touches.sorted(by: { ($0.occurredAt, $0.id) < ($1.occurredAt, $1.id) }) {
            file.append(touch.fields)
        }
        return file
    }

    // MARK: The programme

    private func partnerChanges() -> SampleFile {
        var file = SampleFile(
            SampleGenerator.partnerChangesCSV,
            header: [
                "partner_id", "version", "name", "domain", "types", "tier", "status", "currency", "locale",
                "contact.name", "contact.email", "tax_form_on_file", "vat_id", "effective_at",
            ])
        for partner in partners where SamplePlan.pausedPartners.contains(partner.id.text) {
            file.append([
                partner.id.text, "\(partner.version + 1)", partner.name, partner.domain,
                partner.types.map(\.rawValue).joined(separator: ";"), partner.tier.rawValue, "paused",
                partner.currency.code, partner.locale, partner.contact.name, partner.contact.email,
                "\(partner.isTaxFormOnFile)", partner.vatID ?? "", "\(SamplePlan.pauseDay)T00:00:00.000Z",
            ])
        }
        return file
    }

    private func acceptedTerms() -> SampleFile {
        var file = SampleFile(
            SampleGenerator.acceptedTermsCSV,
            header: ["event_type", "partner_id", "terms_id", "version", "accepted_by", "occurred_at"])
        for partner in partners
        where SamplePlan.acceptingPartners.contains(partner.id.text) && partner.types.first == .agency {
            file.append([
                "terms.accepted", partner.id.text, "trm_agency", "2", partner.contact.name, "2025-01-02T08:00:00.000Z",
            ])
        }
        return file
    }

    // MARK: Finance

    private func financeFiles(_ stories: SampleStories) -> [SampleFile] {
        var early = SampleFile(SampleGenerator.decisionsJSON, header: nil)
        var late = SampleFile(SampleGenerator.lateDecisionsJSON, header: nil)
        let won = stories.plainWins.filter { $0.deal.closedAt != nil }
        for item in won.prefix(size.earlyReversals) {
            guard let closedAt = item.deal.closedAt else { continue }
            early.append(line: reversal(of: item.deal, percent: 30, at: closedAt + .days(12), reason: "partial refund"))
        }
        let rest = won.dropFirst(size.earlyReversals)
        let clean = rest.filter { SamplePlan.cleanPartners.contains($0.partner) }
        for item in clean.prefix(size.lateReversals) {
            let time = (CalendarDate(iso8601: SamplePlan.lateReversalDay) ?? CalendarDate(dayNumber: 0)).startOfDay
            late.append(
                line: reversal(
                    of: item.deal, percent: 50, at: time + .hours(10), reason: "cancelled after a year's half"))
        }
        let disputed = rest.filter { !SamplePlan.cleanPartners.contains($0.partner) }
        for (index, item) in disputed.prefix(size.disputes).enumerated() {
            guard let closedAt = item.deal.closedAt else { continue }
            early.append(line: dispute(item.deal, of: item.partner, number: index + 1, at: closedAt + .days(3)))
        }
        return [early, late]
    }

    private func reversal(of deal: SampleDeal, percent: Int, at time: Timestamp, reason: String) -> String {
        let part = deal.value.part(percent: percent)
        return SampleGenerator.line([
            ("event_id", .string("RVS-\(deal.id)")), ("event_type", .string("revenue.reversed")),
            ("account", .object([("domain", .string(deal.domain)), ("name", .string(deal.accountName))])),
            ("opportunity_id", .string(deal.id)),
            (
                "amount",
                .object([("minor", .integer(Int64(part.minor))), ("currency", .string(part.currency))])
            ),
            ("reason", .string(reason)), ("occurred_at", .string(time.description)),
        ])
    }

    private func dispute(_ deal: SampleDeal, of partner: String, number: Int, at time: Timestamp) -> String {
        SampleGenerator.line([
            ("event_id", .string("DSP-\(deal.id)")), ("event_type", .string("block.placed")),
            ("partner_id", .string(partner)), ("scope", .string("commission")),
            ("opportunity_id", .string(deal.id)), ("kind", .string("dispute")),
            ("reference", .string("ticket-\(number)")),
            ("evidence", .array([.string("the customer names another adviser")])), ("owner", .string("psn_ines")),
            ("review_on", .string((time.date + 14).description)), ("actor", .string("psn_ines")),
            ("occurred_at", .string(time.description)),
        ])
    }

    private static func line(_ members: [(String, JSONValue)]) -> String {
        String(decoding: JSONValue.object(members).text, as: UTF8.self)
    }
}
