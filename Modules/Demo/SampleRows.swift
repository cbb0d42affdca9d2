import Domain

/// A referral as a marketplace hands it in.
struct SampleReferral {
    var eventID = ""
    var partner: String
    var accountName: String
    var domain: String
    var country: String
    var employees: Int
    var industry: String
    /// In whole units of its currency.
    var revenue: Int
    var contactName: String
    var email: String
    var title: String
    var need: String
    var intent: String
    var productLine: String
    var value: SampleAmount
    var expectedClose: CalendarDate
    /// `nil` for an introduction.
    var stage: String?
    var evidence: String?
    var opportunity: String?
    var consent = true
    var occurredAt: Timestamp
}

/// A decimal amount as files write it.
struct SampleAmount: Hashable {
    /// In minor units.
    var minor: Int
    var currency: String

    /// `48000.00 EUR`
    var text: String {
        guard let currency = Currency(code: currency) else { return "\(minor) \(currency)" }
        return Money(minor: Int64(minor), currency: currency).description
    }

    func part(percent: Int) -> SampleAmount { SampleAmount(minor: minor * percent / 100, currency: currency) }
}

/// A deal as the CRM exports it.
struct SampleDeal {
    var id: String
    var domain: String
    var accountName: String
    var productLine: String
    var stage: String
    var motion = "direct"
    var kind = "new"
    var partner: String?
    var duties = ""
    var settlement: String?
    var play: String?
    var value: SampleAmount
    var total: SampleAmount?
    var createdAt: Timestamp
    var closedAt: Timestamp?
    var lostReason: String?
    var salesRep: String
}

/// Something somebody did on an account.
struct SampleTouch {
    var id: String
    var domain: String
    var party: String
    var kind: String
    var productLine: String?
    var confirmedBy: String?
    var minutes: Int
    var occurredAt: Timestamp
}

/// A company of the sample, with what makes it a good or a bad fit.
struct SampleAccount {
    var name: String
    var domain: String
    var country: String
    var employees: Int
    var industry: String
    var revenue: Int
}
