/// What looks like gaming. A finding blocks money for a person's review; it decides nothing.
package enum FraudFinding: String, Sendable, CaseIterable {
    case selfReferral = "self_referral"
    case contactDomain = "contact_domain"
    case registerEverything = "register_everything"
    case acceptanceRate = "acceptance_rate"
    case registeredBeforeClose = "registered_before_close"
    case samePayee = "same_payee"
}

/// A partner's activity over all accounts.
package struct ActivityCount: Sendable, Hashable {
    package var openRegistrations: Int64
    package var decidedReferrals: Int64
    package var acceptedReferrals: Int64

    package init(openRegistrations: Int64 = 0, decidedReferrals: Int64 = 0, acceptedReferrals: Int64 = 0) {
        self.openRegistrations = openRegistrations
        self.decidedReferrals = decidedReferrals
        self.acceptedReferrals = acceptedReferrals
    }
}

/// The checks on one credit.
package struct FraudCheck: Sendable {
    package var rules: FraudRules
    package var partner: Partner
    package var credit: CommissionTrigger
    package var activity: ActivityCount

    package init(rules: FraudRules, partner: Partner, credit: CommissionTrigger, activity: ActivityCount) {
        self.rules = rules
        self.partner = partner
        self.credit = credit
        self.activity = activity
    }

    /// Every finding with its evidence, in the order of the cases.
    package func findings() -> [(finding: FraudFinding, evidence: String)] {
        FraudFinding.allCases.compactMap { finding in evidence(of: finding).map { (finding, $0) } }
    }

    private func evidence(of finding: FraudFinding) -> String? {
        switch finding {
        case .selfReferral: selfReferral
        case .contactDomain:
            credit.flags.contains(.contactDomainDiffers)
                ? "the contact's e-mail is not at \(credit.account.key)" : nil
        case .registerEverything:
            activity.openRegistrations > rules.maximumOpenRegistrations
                ? "\(activity.openRegistrations) open registrations without a deal that moves, more than "
                    + "\(rules.maximumOpenRegistrations)" : nil
        case .acceptanceRate: lowAcceptance
        case .registeredBeforeClose: lateRegistration
        case .samePayee: nil
        }
    }

    private var selfReferral: String? {
        if credit.flags.contains(.accountIsPartner) || PartnerDomain(partner.domain).isUnder(credit.account.key.text) {
            return "the account \(credit.account.key) is the partner's own domain"
        }
        return credit.flags.contains(.contactAtPartner) ? "the contact's e-mail is at the partner's own domain" : nil
    }

    private var lowAcceptance: String? {
        guard activity.decidedReferrals >= max(1, rules.minimumDecidedReferrals) else { return nil }
        let accepted = Int128(activity.acceptedReferrals) * 10_000
        guard accepted < Int128(rules.minimumAcceptanceRate.value) * Int128(activity.decidedReferrals) else {
            return nil
        }
        return "\(activity.acceptedReferrals) of \(activity.decidedReferrals) referrals accepted, less than "
            + "\(rules.minimumAcceptanceRate)"
    }

    private var lateRegistration: String? {
        guard credit.trigger == .closedWon, credit.registration != nil, let registeredAt = credit.registeredAt,
            registeredAt <= credit.closedAt
        else { return nil }
        guard credit.closedAt - registeredAt <= .days(Int(rules.registrationBeforeCloseDays)) else { return nil }
        return
            "registered on \(registeredAt.date), \(rules.registrationBeforeCloseDays) days or less before the close on "
            + "\(credit.closedAt.date)"
    }

    /// Other partners that are paid to the same account, whoever is said to hold it.
    package static func samePayee(as payee: Payee, among payees: [Payee]) -> [PartnerID] {
        let account = payee.fingerprint.account
        return payees.filter { $0.partner != payee.partner && $0.fingerprint.account == account }
            .map(\.partner).sorted()
    }
}
