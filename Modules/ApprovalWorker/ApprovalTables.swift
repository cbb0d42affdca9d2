import Domain
import TaskRuntime

/// The worker's tables. Rows of an account are keyed by account key, then id, so that they stand together.
enum ApprovalTable {
    /// By account key: what there is of the account.
    static let account = StateTable("account")
    static let referral = StateTable("referral_claim")
    static let registration = StateTable("registration")
    static let conflict = StateTable("conflict")
    static let opportunity = StateTable("opportunity")
    static let attribution = StateTable("attribution")
    static let touch = StateTable("touch")
    /// By opportunity id: its account, so that another account for a known deal is refused.
    static let opportunityAccount = StateTable("opportunity_account")
    /// By opportunity id, in the partition of that id: the account that had it first, wherever that one is.
    static let opportunityOwner = StateTable("opportunity_owner")
    /// By partner: its numbers in this partition.
    static let activity = StateTable("partner_activity")
    /// By partner, account and registration: its claims that are still open.
    static let openClaim = StateTable("partner_open_claim")

    static let all = [
        account, referral, registration, conflict, opportunity, attribution, touch, opportunityAccount,
        opportunityOwner, activity, openClaim,
    ]
}
