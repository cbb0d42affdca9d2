import Contracts
import Domain
import JSON
import TaskRuntime

/// The referrals of one partner for one account and product line that were handed on: one row, so that the rule of
/// duplicates is one read, and an accepted referral one write. Referrals that intake rejected end there and are not kept.
struct ReferralHistory: JSONCodable {
    /// First submitted first.
    var referrals: [Referral]

    init() { referrals = [] }

    init(reading reader: inout ObjectReader) {
        referrals = reader.objects("referrals", Referral.self)
    }

    func write(to writer: inout ObjectWriter) { writer.objects("referrals", referrals) }

    /// A row of one referral that is encoded already.
    struct First: JSONWritable {
        var image: [UInt8]

        func write(to writer: inout ObjectWriter) {
            writer.raw("referrals", [UInt8(ascii: "[")] + image + [UInt8(ascii: "]")])
        }
    }

    static let table = StateTable("referral")

    /// Rows of an account stand together.
    static func key(account: AccountKey, partner: PartnerID, productLine: String) -> StateKey {
        StateKey(account.text, partner.text, productLine)
    }

    /// Adds a referral, and forgets those that ended longer ago than any rule looks back.
    mutating func append(_ referral: Referral, rules: IntakeRules) {
        referrals.removeAll { earlier in
            earlier.hasEnded && referral.submittedAt - earlier.changedAt > .days(Int(rules.duplicateDays))
        }
        referrals.append(referral)
    }
}

extension Referral {
    /// Nothing more is expected to happen to it.
    fileprivate var hasEnded: Bool {
        switch state {
        case .rejected, .duplicate, .withdrawn, .converted: true
        case .submitted, .inReview, .returned, .accepted, .expired: false
        }
    }
}

/// A stored referral and where it is.
struct StoredReferral {
    var key: StateKey
    var history: ReferralHistory
    var index: Int

    var referral: Referral {
        get { history.referrals[index] }
        set { history.referrals[index] = newValue }
    }

    init?(_ id: ReferralID, key: StateKey, history: ReferralHistory) {
        guard let index = history.referrals.firstIndex(where: { $0.id == id }) else { return nil }
        self.key = key
        self.history = history
        self.index = index
    }
}

extension TaskState {
    /// A referral of an account by its id; reads the account's rows.
    func referral(_ id: ReferralID, account: AccountKey) throws -> StoredReferral? {
        let rows = try rows(ReferralHistory.table, prefix: StateKey(account.text), as: ReferralHistory.self)
        for (key, history) in rows {
            if let found = StoredReferral(id, key: key, history: history) { return found }
        }
        return nil
    }

    /// A referral whose partner and product line are known as well: one read.
    func referral(_ id: ReferralID, account: AccountKey, partner: PartnerID, productLine: String) throws
        -> StoredReferral?
    {
        let key = ReferralHistory.key(account: account, partner: partner, productLine: productLine)
        return try get(ReferralHistory.table, key, as: ReferralHistory.self).flatMap {
            StoredReferral(id, key: key, history: $0)
        }
    }

    func store(_ stored: StoredReferral) throws {
        try put(ReferralHistory.table, stored.key, stored.history)
    }
}
