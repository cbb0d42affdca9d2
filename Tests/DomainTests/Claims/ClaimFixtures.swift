import Domain

func day(_ text: String) -> Timestamp { Timestamp(rfc3339: text.count == 10 ? text + "T00:00:00Z" : text)! }

func eur(_ minor: Int64) -> Money { Money(minor: minor, currency: Currency(code: "EUR")!) }

let acme = AccountReference(key: AccountKey(unchecked: "acme.example"), name: "Acme")
let sampleProtection = ProtectionRules(
    days: 90, daysByTier: [.platinum: 120], daysByType: [.reseller: 60], reminderDays: 14, extensionDays: 30,
    maximumExtensions: 2, directActivityDays: 90, unregisteredClaimDays: 90)

func ptr(_ name: String) -> PartnerID { PartnerID(unchecked: "ptr_\(name)") }

/// A claim of a partner on Acme's `core` line, submitted on a day; approved on the same day where `approved` is set.
func claim(
    _ name: String, sequence: Int64 = 1, submitted: String = "2026-01-01", stage: RegistrationStage = .beforeContact,
    approved: String? = nil, until: String? = nil, opportunity: String? = nil, evidence: [Evidence] = []
) -> Registration {
    var registration = Registration(
        id: RegistrationID(unchecked: "reg_\(name)\(sequence)"),
        referral: ReferralID(unchecked: "ref_\(name)\(sequence)"),
        account: acme, productLine: "core", partner: ptr(name), partnerType: .referral, tier: .silver,
        sequence: sequence,
        submittedAt: day(submitted), claimedStage: stage, programVersion: 1,
        terms: TermsReference(id: TermsID(unchecked: "trm_a"), version: 1), evidence: evidence,
        opportunity: opportunity.map { OpportunityID(unchecked: $0) })
    if let approved {
        registration.state = .approved
        registration.window = ProtectionWindow(
            start: day(approved), end: until.map(day) ?? day(approved) + .days(90))
    }
    return registration
}

func touch(
    _ id: String, _ party: String, _ kind: TouchKindName, on date: String, line: String? = nil,
    confirmed: String? = "psn_1"
) -> Touch {
    Touch(
        id: TouchID(unchecked: id), account: acme, party: Party(text: party)!, kind: kind, productLine: line,
        source: nil,
        confirmedBy: confirmed, minutes: nil, note: nil, occurredAt: day(date))
}

func deal(
    _ id: String = "O1", stage: OpportunityStage = .qualified, motion: SalesMotion = .direct,
    kind: OpportunityType = .new, partner: String? = nil, value: Int64 = 4_800_000, created: String = "2026-01-10",
    closed: String? = nil, seen: String? = nil
) -> Opportunity {
    var opportunity = Opportunity(
        id: OpportunityID(unchecked: id), revision: 1, account: acme, productLine: "core", stage: stage, motion: motion,
        kind: kind, partner: partner.map(ptr), duties: [], settlement: .payout, play: nil, playRun: nil,
        firstYearValue: eur(value),
        totalValue: nil, createdAt: day(created), closedAt: closed.map(day), lostReason: nil, salesRep: "Sam",
        changedAt: day(seen ?? closed ?? created))
    opportunity.noteStage()
    return opportunity
}

func referral(
    _ name: String, sequence: Int64, submitted: String, state: ReferralClaim.State, accepted: String? = nil,
    claim: Bool = false
) -> ReferralClaim {
    var referral = ReferralClaim(
        id: ReferralID(unchecked: "ref_\(name)\(sequence)"), account: acme, productLine: "core", partner: ptr(name),
        partnerType: .referral, tier: .silver,
        registration: claim ? RegistrationID(unchecked: "reg_\(name)\(sequence)") : nil, state: state,
        sequence: sequence, submittedAt: day(submitted), programVersion: 1, terms: nil)
    if let accepted {
        referral.handoff = Handoff(
            contact: PersonID(unchecked: "psn_s"), acceptedAt: day(accepted), firstContactDue: day(accepted) + .days(2))
    }
    return referral
}
