import Domain
import ProgramFile
import Testing
import YAML

/// Each row changes the sample programme in one place and names what the check says then.
@Suite struct ProgramCheckTests {
    struct Change: Sendable, CustomTestStringConvertible {
        var find: String
        var put: String
        var problems: [String]

        var testDescription: String { "\(find) -> \(put)" }

        init(_ find: String, _ put: String, _ problems: String...) {
            self.find = find
            self.put = put
            self.problems = problems
        }
    }

    /// What the check says, without the place; or what the reading says.
    static func problems(_ text: String, _ context: ProgramCheckContext = ProgramCheckContext()) throws -> [String] {
        do throws(YAMLFailure) {
            return try ProgramFile(parsing: Array(text.utf8), file: "program.yaml").check(against: context)
                .map(\.problem.description)
        } catch {
            return error.problems.map { "\($0.pointer): expected \($0.expected), found \($0.found)" }
        }
    }

    static let changes: [Change] = [
        Change("name: Acme partner programme", "name: \" \"", "error: /name: the programme needs a name"),
        Change(
            "  partner_type: agency\n  sends: Mid", "  partner_type: strategic\n  sends: Mid",
            "error: /hypothesis/partner_type: the hypothesis is about strategic, which is not among the partner types"),
        Change(
            "  gets: A share of the first year, implementation work, and a named contact who answers within a day",
            "  gets: \"\"", "error: /hypothesis/gets: must say something"),
        Change(
            "- area: attribution", "- area: lead_rules",
            "error: /areas: attribution has no owner; each of the five areas has exactly one",
            "error: /areas/3/area: lead_rules has an owner already; each area has exactly one"),
        Change(
            "definition: Who may join, and who gets attention", "definition: \"\"",
            "error: /areas/0/definition: must say what the area covers"),
        Change(
            "partner_types: [referral, agency, reseller]", "partner_types: [referral, agency, reseller, technology]",
            "warning: /partner_types: 4 partner types are active; focus on two or three that the hypothesis is about",
            "error: /terms: no terms for partner type technology are in effect from 2024-01-01T00:00:00.000Z on"),
        Change(
            "partner_types: [referral, agency, reseller]", "partner_types: [referral, agency]",
            "warning: /terms/3/partner_type: reseller is not among the partner types: nobody gets these terms"),
        Change(
            "partner_types: [referral, agency, reseller]", "partner_types: [referral, agency, reseller, agency]",
            "error: /partner_types/3: agency is named twice"),
        Change(
            "product_lines: [platform, analytics, support]", "product_lines: [platform, Big Data, platform]",
            "error: /product_lines/1: expected 1 to 40 of a-z, 0-9, _ and -, found \"Big Data\"",
            "error: /product_lines/2: platform is named twice"),
        Change(
            "free_mail_domains: [freemail.example]", "free_mail_domains: [Free.example, me@x.example, local]",
            "error: /intake/free_mail_domains/0: expected a domain in lower case such as mail.example",
            "error: /intake/free_mail_domains/1: expected a domain in lower case such as mail.example",
            "error: /intake/free_mail_domains/2: expected a domain in lower case such as mail.example"),
        Change(
            "      weight: 1\n      points:\n        - {below: 1000000",
            "      weight: 0\n      points:\n        - {below: 1000000",
            "error: /scoring/fit/3/weight: must be above 0"),
        Change("- name: industry", "- name: company_size", "error: /scoring/fit/1/name: company_size is named twice"),
        Change(
            "{from: 50, below: 200, points: 80}", "{from: 40, below: 200, points: 80}",
            "warning: /scoring/fit/0/points/2: overlaps row 2 from 40 on; the first row that matches counts"),
        Change(
            "{from: 50, below: 200, points: 80}", "{from: 60, below: 200, points: 80}",
            "warning: /scoring/fit/0/points/2: leaves a gap: nothing gives points from 50 to below 60"),
        Change(
            "{from: 50, below: 200, points: 80}", "{from: 200, below: 50, points: 80}",
            "error: /scoring/fit/0/points/2/below: must be above from (200): the row ends before it",
            "warning: /scoring/fit/0/points/3: leaves a gap: nothing gives points from 50 to below 200"),
        Change(
            "{below: 20, points: 5}", "{values: [a], points: 5}",
            "error: /scoring/fit/0/points/0: needs from, below or both",
            "warning: /scoring/fit/0/points/1: overlaps row 1 from 20 on; the first row that matches counts",
            "warning: /scoring/fit/0/points/2: overlaps row 1 from 50 on; the first row that matches counts",
            "warning: /scoring/fit/0/points/3: overlaps row 1 from 200 on; the first row that matches counts",
            "warning: /scoring/fit/0/points/4: overlaps row 1 from 2000 on; the first row that matches counts",
            "error: /scoring/fit/0/points/0/values: this criterion compares numbers: give from and below"),
        Change(
            "{values: [retail, energy, construction], points: 70}", "{from: 1, points: 70}",
            "error: /scoring/fit/1/points/1: this criterion compares texts: give values",
            "error: /scoring/fit/1/points/1/values: needs at least one value; * is any"),
        Change(
            "[retail, energy, construction]", "[retail, Logistics]",
            "warning: /scoring/fit/1/points/1/values/1: Logistics is in the table already; the first row counts"),
        Change(
            "[retail, energy, construction]", "[\"*\"]",
            "warning: /scoring/fit/1/points/2: is never reached: an earlier row matches any value",
            "warning: /scoring/fit/1/points/3: is never reached: an earlier row matches any value",
            "warning: /scoring/fit/1/points/3/values/0: * is in the table already; the first row counts"),
        Change(
            "[US, CA, JP", "[USA, ca, JP",
            "error: /scoring/fit/2/points/1/values/0: expected an ISO 3166-1 code of two upper-case letters, found \"USA\"",
            "error: /scoring/fit/2/points/1/values/1: expected an ISO 3166-1 code of two upper-case letters, found \"ca\""
        ),
        Change(
            "{values: [urgent], points: 100}", "{values: [soon], points: 100}",
            "error: /scoring/intent/0/points/0/values/0: expected one of researching, evaluating, budgeted, urgent, found \"soon\""
        ),
        Change(
            "accept_fit: 70", "accept_fit: 20", "error: /routing/reject_below_fit: must not be above accept_fit (20)"),
        Change(
            "accept_tiers: [registered, silver, gold, platinum]", "accept_tiers: []",
            "warning: /routing/accept_tiers: is empty: every referral waits for a person"),
        Change(
            "priority_hours: 24", "priority_hours: 49", "error: /review/priority_hours: must not be above hours (48)"),
        Change(
            "reminder_at_bp: 5000", "reminder_at_bp: 10000",
            "error: /review/reminder_at_bp: must lie between 0 and 10000: the reminder comes before the deadline"),
        Change(
            "on_overdue: escalate", "on_overdue: approve",
            "warning: /review/on_overdue: approve: what nobody looks at in time is accepted"),
        Change(
            "days_by_tier: {platinum: 120}", "days_by_tier: {platinum: 0}",
            "error: /protection/days_by_tier: a protection window has at least 1 day",
            "warning: /protection/reminder_days: the reminder comes before the shortest window (0 days) begins"),
        Change(
            "extension_days: 30", "extension_days: 0",
            "error: /protection/extension_days: an extension has at least 1 day"),
        Change(
            "sourced_other_bp: 8000", "sourced_other_bp: 9000",
            "warning: /sales_compensation/sourced_other_bp: 90% is outside the usual 75% to 80%"),
        Change(
            "play_id: competitive_displacement", "play_id: Competitive",
            "error: /plays/0/play_id: expected 1 to 40 of a-z, 0-9, _ and -, found \"Competitive\""),
        Change(
            "name: Replace a competitor together", "name: \"\"", "error: /plays/0/name: the play needs a name"),
        Change(
            "  - play_id: competitive_displacement",
            "  - {play_id: joint, name: A}\n  - {play_id: joint, name: B}\n  - play_id: last",
            "error: /plays/1/play_id: joint is named twice"),
        Change(
            "sourced_partner_closed_bp: 7000", "sourced_other_bp: 9000",
            "warning: /plays/0/sales_compensation/sourced_other_bp: 90% is outside the usual 75% to 80%"),
        Change(
            "sourced_partner_closed_bp: 7000", "sourced_other_bp: -1",
            "/plays/0/sales_compensation/sourced_other_bp: expected an integer from 0 to 10000, found -1"),
        Change(
            "    name: Replace a competitor together", "    title: Replace a competitor together",
            "/plays/0/name: expected a string, found nothing",
            "/plays/0/title: expected no such field, found an unknown field"),
        Change("rails: [csv]", "rails: []", "error: /payout/rails: must name at least one way to pay"),
        Change("    name: Acme GmbH", "    name: \"\"", "error: /payout/debtor/name: must say who pays"),
        Change(
            "    account: DE02120300000000202051", "    account: \"\"",
            "error: /payout/debtor/account: must say from which account is paid"),
        Change(
            "minimums: {EUR: 5000, USD", "minimums: {USD",
            "error: /payout/minimums: has no smallest payout in EUR, the programme's currency"),

        // Terms.
        Change(
            "    partner_type: reseller\n", "",
            "error: /terms: no terms for partner type reseller are in effect from 2024-01-01T00:00:00.000Z on",
            "error: /terms/3: needs partner_type or partner_id"),
        Change(
            "    partner_id: ptr_003\n", "    partner_id: ptr_003\n    partner_type: strategic\n",
            "error: /terms/4/partner_id: give partner_type or partner_id, not both"),
        Change(
            "    version: 2\n", "    version: 1\n",
            "error: /terms/2/version: trm_agency version 1 is there already (terms 2)"),
        Change(
            "2025-01-01T00:00:00.000Z", "2023-01-01T00:00:00.000Z",
            "error: /terms/2/effective_from: a higher version of trm_agency must take effect later"),
        Change(
            "terms_id: trm_reseller\n    version: 1\n    partner_type: reseller",
            "terms_id: trm_reseller\n    version: 1\n    partner_type: agency",
            "error: /terms: no terms for partner type reseller are in effect from 2024-01-01T00:00:00.000Z on",
            "error: /terms/3/effective_from: trm_agency takes effect for the same partners at the same time"),
        Change(
            "terms_id: trm_reseller\n    version: 1\n",
            "terms_id: trm_reseller\n    version: 1\n    effective_from: 2024-06-01T00:00:00Z\n",
            "error: /terms: no terms for partner type reseller are in effect from 2024-01-01T00:00:00.000Z on"),
        Change(
            "- name: margin", "- name: \"My margin\"",
            "error: /terms/3/lines/0/name: expected 1 to 40 of a-z, 0-9, _ and -"),
        Change(
            "- name: introduction_fee", "- name: sourced_win",
            "error: /terms/0/lines/1/name: sourced_win is named twice in these terms"),
        Change(
            "{before_contact: 2500, after_first_meeting: 2000, late_stage: 1500, unregistered_claim: 1000}\n        range: {from",
            "{before_contact: 2600, after_first_meeting: 900, late_stage: 1500}\n        range: {from",
            "error: /terms/0/lines/0/stage_rates_bp/before_contact: 26% is outside the line's range, 10% to 25%",
            "error: /terms/0/lines/0/stage_rates_bp/after_first_meeting: 9% is outside the line's range, 10% to 25%",
            "warning: /terms/0/lines/0/stage_rates_bp: a later stage pays more than an earlier one: early registration should pay best"
        ),
        Change(
            "{before_contact: 2200, after", "{before_contact: 3000, after",
            "error: /terms/1/lines/0/stage_rates_bp/before_contact: 30% is outside the range of agency, 10% to 25%; give the line a range of its own if that is meant"
        ),
        Change(
            "duty_rates: {base_bp: 2000, per_duty_bp: {implementation: 1000, support: 500}}\n        range: {from_bp: 2000, to_bp: 4000}",
            "duty_rates: {base_bp: 1500, per_duty_bp: {implementation: 3000, support: 500}}",
            "error: /terms/3/lines/0/duty_rates/base_bp: 15% is outside the range of reseller, 20% to 40%; give the line a range of its own if that is meant",
            "error: /terms/3/lines/0/duty_rates/per_duty_bp: 50% is outside the range of reseller, 20% to 40%; give the line a range of its own if that is meant"
        ),
        Change(
            "on_win_without_registration_bp: 2000", "on_win_without_registration_bp: 1000",
            "error: /terms/3/lines/0/on_win_without_registration_bp: 10% is outside the line's range, 20% to 40%"),
        Change(
            "rate_bp: 200\n        classes: [assisted]", "rate_bp: 200\n        classes: []",
            "error: /terms/1/lines/1/classes: is empty: the line pays nobody"),
        Change(
            "kinds: [new, expansion, renewal]", "kinds: []",
            "error: /terms/4/lines/0/kinds: is empty: the line pays no kind of opportunity"),
        Change(
            "flat: {EUR: 50000, USD: 55000, GBP: 43000, JPY: 80000}", "rate_bp: 1000",
            "error: /terms/0/lines/1/trigger: an introduction earns a flat fee: its opportunity is not won yet"),
        Change(
            "flat: {EUR: 50000,", "flat: {EUR: 250000,",
            "warning: /terms/0/lines/1/flat/EUR: 2500.00 EUR is outside the usual 500 to 2000 per qualified introduction"
        ),
        Change(
            "flat: {EUR: 50000, USD", "flat: {USD",
            "error: /terms/0/lines/1/flat: has no fee in EUR, the programme's currency"),
        Change(
            "trigger: qualified_introduction",
            "trigger: qualified_introduction\n        settlement: discount\n        credit_fee: true",
            "error: /terms/0/lines/1/credit_fee: belongs to the line that pays on the win",
            "error: /terms/0/lines/1/settlement: an introduction has no invoice to take a discount from"),
        Change(
            "on_win_without_registration_bp: 2000", "credit_fee: true",
            "warning: /terms/3/lines/0/credit_fee: these terms have no introduction fee that could be deducted"),
        Change(
            "caps: {EUR: 5000000, USD", "caps: {USD",
            "error: /terms/0/lines/0/caps: has no cap in EUR, the programme's currency"),
        Change(
            "caps: {EUR: 4000000, USD: 4400000, GBP: 3400000, JPY: 6400000}\n      - name: assist\n        rate_bp: 200",
            "caps: {EUR: 4000000, USD: 4400000, GBP: 3400000, JPY: 1}\n      - name: assist\n        rate_bp: 200",
            "error: /terms/1/lines/0/minimums/JPY: must not be above the cap (1)"),
    ]

    @Test(arguments: changes)
    func `a rule that is broken is named`(change: Change) throws {
        let text = SampleProgramText.text
        let changed = text.replacing(change.find, with: change.put, maxReplacements: 1)
        #expect(changed != text, "the text is not in the sample")
        #expect(try Self.problems(changed).sorted() == change.problems.sorted())
    }

    // MARK: Against the register

    static func program() throws -> Program { try Examples.program(SampleProgramText.text).program }

    static func later(_ program: Program, version: Int64 = 2, days: Int = 400) -> Program {
        var program = program
        program.version = version
        program.effectiveFrom = program.effectiveFrom + .days(days)
        return program
    }

    @Test func `a later version follows in number and time, ahead of now and of what was judged`() throws {
        let first = try Self.program()
        let next = Self.later(first)
        func problems(_ program: Program, now: Timestamp? = nil, judged: Timestamp? = nil) -> [String] {
            program.check(against: ProgramCheckContext(now: now, judgedUpTo: judged, published: [first]))
                .map(\.description)
        }
        #expect(problems(next) == [])
        #expect(problems(next, now: next.effectiveFrom - .seconds(60)) == [])
        #expect(
            problems(next, now: next.effectiveFrom - .seconds(59)) == [
                "error: /effective_from: must be at least 60 seconds ahead of now (2025-02-03T23:59:01.000Z): later versions never take effect backwards"
            ])
        #expect(problems(next, judged: next.effectiveFrom - .seconds(1)) == [])
        #expect(
            problems(next, judged: next.effectiveFrom) == [
                "error: /effective_from: must be later than 2025-02-04T00:00:00.000Z, up to which records are judged already"
            ])
        var other = Self.later(first, version: 1, days: 0)
        other.id = ProgramID(unchecked: "prg_other")
        #expect(
            problems(other) == [
                "error: /program_id: the published programme is prg_acme; a second one needs topics of its own prefix",
                "error: /version: version 1 is published already; the next one is 2 or higher",
                "error: /effective_from: must be later than 2024-01-01T00:00:00.000Z, from which version 1 is in effect",
            ])
    }

    @Test func `the first version may lie in the past`() throws {
        let program = try Self.program()
        let context = ProgramCheckContext(
            now: program.effectiveFrom + .days(900), judgedUpTo: program.effectiveFrom + .days(1))
        #expect(program.check(against: context) == [])
    }

    @Test func `published terms change only by a new version`() throws {
        let first = try Self.program()
        var next = Self.later(first)
        next.terms[0].rounding = .down
        #expect(
            next.check(against: ProgramCheckContext(published: [first])).map(\.description) == [
                "error: /terms/0/version: trm_referral version 1 is published with other content; a change needs a new version"
            ])
    }

    @Test func `tables of amounts need every currency that partners use`() throws {
        var program = try Self.program()
        program.terms = [program.terms[0]]
        program.partnerTypes = [.referral]
        program.hypothesis.partnerType = .referral
        let krone = try #require(Currency(code: "DKK"))
        let partner = Partner(
            id: PartnerID(unchecked: "ptr_1"), version: 1, name: "P", domain: "p.example", types: [.referral],
            tier: .registered, status: .active, currency: krone, locale: "en",
            contact: ContactAddress(name: "", email: ""), isTaxFormOnFile: true, vatID: nil,
            effectiveAt: program.effectiveFrom)
        #expect(
            program.check(against: ProgramCheckContext(partners: [partner])).map(\.description) == [
                "error: /terms/0/lines/0/caps: has no cap in DKK, a currency that partners use",
                "error: /terms/0/lines/1/flat: has no fee in DKK, a currency that partners use",
                "error: /payout/minimums: has no smallest payout in DKK, a currency that partners use",
            ])
    }

    @Test func `owners are active people of the vendor`() throws {
        let program = try Self.program()
        func person(_ id: String, active: Bool = true, partner: String? = nil) -> Person {
            Person(
                id: PersonID(unchecked: id), version: 1, contact: ContactAddress(name: "", email: ""),
                roles: [.operations], partner: partner.flatMap { PartnerID($0) }, isActive: active,
                effectiveAt: program.effectiveFrom)
        }
        let people = [
            person("psn_olivia"), person("psn_liam", active: false), person("psn_amara", partner: "ptr_001"),
        ]
        #expect(
            program.check(against: ProgramCheckContext(people: people)).map(\.description) == [
                "warning: /areas/2/owner: psn_liam is not active",
                "error: /areas/3/owner: psn_amara belongs to a partner; the programme is run by the vendor's people",
                "error: /areas/4/owner: psn_amara belongs to a partner; the programme is run by the vendor's people",
                "warning: /handoff/contact: the register has no person psn_noah",
            ])
    }
}
