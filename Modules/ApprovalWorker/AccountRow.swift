import Contracts
import Domain
import JSON

/// What there is of an account: the ids of its entities, so that each is read by its key and nothing is scanned.
struct AccountRow: JSONCodable {
    var account: AccountReference
    /// Submissions so far: the next one's position.
    var sequence: Int64 = 0
    var referrals: [ReferralID] = []
    var registrations: [RegistrationID] = []
    var conflicts: [ConflictID] = []
    var opportunities: [OpportunityID] = []
    /// Touches are many; they are read by a scan of the account, and only where there are any.
    var touches: Int64 = 0
    /// By product line: the referral that earned the fee for a qualified introduction.
    var introductions: [String: String] = [:]
    /// By product line: the deal that earned it. Absent in rows from before it was kept.
    var introducedDeals: [String: String] = [:]
    /// By referral: the revision in which its fee was last taken back.
    var introductionsTakenBack: [String: Int64] = [:]

    init(account: AccountReference) { self.account = account }

    init(reading reader: inout ObjectReader) {
        account = reader.object("account", AccountReference.self)
        sequence = reader.integer("sequence")
        referrals = reader.values("referrals", as: ReferralID.self)
        registrations = reader.values("registrations", as: RegistrationID.self)
        conflicts = reader.values("conflicts", as: ConflictID.self)
        opportunities = reader.values("opportunities", as: OpportunityID.self)
        touches = reader.optionalInteger("touches") ?? 0
        introductions = reader.stringMap("introductions")
        introducedDeals = reader.stringMap("introduced_deals")
        introductionsTakenBack = reader.integerMap("introductions_taken_back")
    }

    func write(to writer: inout ObjectWriter) {
        writer.object("account", account)
        writer.integer("sequence", sequence)
        writer.values("referrals", referrals)
        writer.values("registrations", registrations)
        writer.values("conflicts", conflicts)
        writer.values("opportunities", opportunities)
        writer.integer("touches", touches == 0 ? nil : touches)
        writer.stringMap("introductions", introductions)
        writer.stringMap("introduced_deals", introducedDeals)
        writer.integerMap("introductions_taken_back", introductionsTakenBack)
    }
}

/// Where a known opportunity lives.
struct OpportunityAccountRow: JSONCodable {
    var account: AccountKey
    /// The CRM moved it there.
    var isMoved: Bool

    init(account: AccountKey, isMoved: Bool = false) {
        self.account = account
        self.isMoved = isMoved
    }

    init(reading reader: inout ObjectReader) {
        account = reader.value("account", as: AccountKey.self)
        isMoved = reader.optionalBoolean("moved") ?? false
    }

    func write(to writer: inout ObjectWriter) {
        writer.value("account", account)
        writer.boolean("moved", isMoved ? true : nil)
    }
}

/// An open claim of a partner, found by the partner.
struct OpenClaimRow: JSONCodable {
    var account: AccountKey
    var registration: RegistrationID
    /// No deal has moved under it yet.
    var isIdle: Bool

    init(account: AccountKey, registration: RegistrationID, isIdle: Bool) {
        self.account = account
        self.registration = registration
        self.isIdle = isIdle
    }

    init(reading reader: inout ObjectReader) {
        account = reader.value("account", as: AccountKey.self)
        registration = reader.value("registration_id", as: RegistrationID.self)
        isIdle = reader.boolean("idle")
    }

    func write(to writer: inout ObjectWriter) {
        writer.value("account", account)
        writer.value("registration_id", registration)
        writer.boolean("idle", isIdle)
    }
}
