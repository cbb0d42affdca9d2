import Domain
import TaskRuntime

/// The timer that ends a returned referral's time to come back.
struct ResubmissionTimer {
    var referral: ReferralID
    var account: AccountKey
    var partner: PartnerID
    var productLine: String

    init(_ referral: Referral) {
        self.referral = referral.id
        account = referral.account ?? AccountKey(unchecked: "")
        partner = referral.submission.partner
        productLine = referral.submission.deal.productLine
    }

    /// Reads back what `timer(due:)` wrote: account and partner hold no line break, the product line may.
    init(_ timer: TaskTimer) {
        let parts = timer.payload.split(separator: "\n", maxSplits: 2, omittingEmptySubsequences: false).map(
            String.init)
        referral = ReferralID(unchecked: String(timer.name.dropFirst(ResubmissionTimer.prefix.count)))
        account = AccountKey(unchecked: parts.first ?? "")
        partner = PartnerID(unchecked: parts.count > 1 ? parts[1] : "")
        productLine = parts.count > 2 ? parts[2] : ""
    }

    private static let prefix = "resubmission:"

    var name: String { Self.prefix + referral.text }

    func timer(due: Timestamp) -> TaskTimer {
        TaskTimer(name: name, due: due, payload: "\(account)\n\(partner)\n\(productLine)")
    }
}
