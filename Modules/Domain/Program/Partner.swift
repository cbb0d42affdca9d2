/// A company enrolled in the programme, as the register holds it.
package struct Partner: Sendable, Hashable {
    package enum Status: String, Sendable, CaseIterable {
        case active
        /// No new claims; accruals go on, payout blocked.
        case paused
        /// Open claims revoked, converted ones kept for the tail.
        case ended
        /// As `ended`, with block `dispute`.
        case endedForCause = "ended_for_cause"
    }

    package var id: PartnerID
    package var version: Int64
    package var name: String
    /// Registrable domain of the partner itself, for the self-referral check.
    package var domain: String
    package var types: [PartnerType]
    package var tier: Tier
    package var status: Status
    /// The currency in which the partner's ledger runs.
    package var currency: Currency
    /// BCP 47, for notifications.
    package var locale: String
    package var contact: ContactAddress
    package var isTaxFormOnFile: Bool
    package var vatID: String?
    package var effectiveAt: Timestamp

    package init(
        id: PartnerID, version: Int64, name: String, domain: String, types: [PartnerType], tier: Tier, status: Status,
        currency: Currency, locale: String, contact: ContactAddress, isTaxFormOnFile: Bool, vatID: String?,
        effectiveAt: Timestamp
    ) {
        self.id = id
        self.version = version
        self.name = name
        self.domain = domain
        self.types = types
        self.tier = tier
        self.status = status
        self.currency = currency
        self.locale = locale
        self.contact = contact
        self.isTaxFormOnFile = isTaxFormOnFile
        self.vatID = vatID
        self.effectiveAt = effectiveAt
    }
}

/// A name and an e-mail address, kept together so that both can be encrypted per person later.
package struct ContactAddress: Sendable, Hashable {
    package var name: String
    package var email: String

    package init(name: String, email: String) {
        self.name = name
        self.email = email
    }
}

/// Somebody who decides, owns or receives: on the vendor's side, or a partner's.
package struct Person: Sendable, Hashable {
    package enum Role: String, Sendable, CaseIterable {
        case operations, sales, finance, partner
    }

    package var id: PersonID
    package var version: Int64
    package var contact: ContactAddress
    package var roles: [Role]
    /// Set for people of a partner: they never decide about that partner.
    package var partner: PartnerID?
    package var isActive: Bool
    package var effectiveAt: Timestamp

    package init(
        id: PersonID, version: Int64, contact: ContactAddress, roles: [Role], partner: PartnerID?, isActive: Bool,
        effectiveAt: Timestamp
    ) {
        self.id = id
        self.version = version
        self.contact = contact
        self.roles = roles
        self.partner = partner
        self.isActive = isActive
        self.effectiveAt = effectiveAt
    }
}

/// The partner's acceptance of one exact version of its terms.
package struct TermsAcceptance: Sendable, Hashable {
    package var partner: PartnerID
    package var terms: TermsID
    package var version: Int64
    package var acceptedBy: String
    package var acceptedAt: Timestamp

    package init(partner: PartnerID, terms: TermsID, version: Int64, acceptedBy: String, acceptedAt: Timestamp) {
        self.partner = partner
        self.terms = terms
        self.version = version
        self.acceptedBy = acceptedBy
        self.acceptedAt = acceptedAt
    }
}

/// Where a partner is paid. The register's own topic holds it whole; workers get only the flags and the fingerprint.
package struct Payee: Sendable, Hashable {
    package var partner: PartnerID
    package var version: Int64
    package var isVerified: Bool
    /// Keyed fingerprint of the account, see `AccountFingerprint`: its first part is equal for equal accounts.
    package var accountFingerprint: String
    package var effectiveAt: Timestamp

    package init(
        partner: PartnerID, version: Int64, isVerified: Bool, accountFingerprint: String, effectiveAt: Timestamp
    ) {
        self.partner = partner
        self.version = version
        self.isVerified = isVerified
        self.accountFingerprint = accountFingerprint
        self.effectiveAt = effectiveAt
    }
}

/// How many units of `to` one unit of `from` is worth on a day.
package struct FXRate: Sendable, Hashable {
    package var from: Currency
    package var to: Currency
    package var date: CalendarDate
    /// Decimal text with at most 10 places, greater than zero: `1.0842`.
    package var rate: String
    package var source: String

    package init(from: Currency, to: Currency, date: CalendarDate, rate: String, source: String) {
        self.from = from
        self.to = to
        self.date = date
        self.rate = rate
        self.source = source
    }
}

extension FXRate {
    /// Whether a text is a decimal greater than zero with 1 to 9 digits before and at most 10 after the point, without
    /// sign and exponent.
    package static func isRate(_ text: String) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count <= 2, (1...9).contains(parts[0].count), parts.count == 1 || (1...10).contains(parts[1].count)
        else { return false }
        let digits = parts.joined()
        return digits.allSatisfy { $0 >= 0x30 && $0 <= 0x39 } && digits.contains { $0 != 0x30 }
    }
}
