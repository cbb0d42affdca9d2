import CommandLineKit
import Contracts
import Domain

/// The bank accounts of the register's topic, by payee version: also those that the workers refused because the version
/// was there with another one. A payout names the account that it was planned for by its fingerprint, and gets no other:
/// no other holder or bank code either, where the fingerprint covers them.
struct PayoutAccounts {
    private struct Key: Hashable {
        var partner: PartnerID
        var version: Int64
    }

    private let entries: [Key: [PayeeUpdated]]

    /// - Parameter history: every entry that the topic has, in the order of the log.
    init(_ history: [PayeeUpdated]) {
        entries = Dictionary(grouping: history) { Key(partner: $0.payee.partner, version: $0.payee.version) }
    }

    /// The account that pays a payout.
    ///
    /// - Throws: where the register has none, or only another one than was planned and approved.
    func account(of payout: Payout) throws -> PayeeAccount {
        let key = Key(partner: payout.partner, version: payout.payeeVersion)
        let name = "version \(payout.payeeVersion) of the payee of \(payout.partner)"
        guard let versions = entries[key] else {
            throw CommandFailure("\(payout.id): \(name) is not in the register")
        }
        let approved =
            try payout.accountFingerprint.map { AccountFingerprint($0) } ?? onlyAccount(of: versions, payout.id, name)
        let entry = versions.first { $0.account != nil && $0.payee.fingerprint.meets(approved) }
        guard let account = entry?.account else {
            throw CommandFailure(
                "\(payout.id): the register does not have \(name) with the account that was approved, but with another "
                    + "number, holder or bank code; no file is made. Import the approved account again under that "
                    + "version")
        }
        return account
    }

    /// For payouts of versions that did not name their account: no two may come into question.
    private func onlyAccount(
        of versions: [PayeeUpdated], _ payout: PayoutID, _ name: String
    ) throws -> AccountFingerprint {
        let accounts = Set(versions.map(\.payee.fingerprint.account))
        guard accounts.count == 1, let account = accounts.first else {
            throw CommandFailure(
                "\(payout): the register has \(name) with \(accounts.count) accounts, and the payout does not say "
                    + "which was approved; no file is made")
        }
        return AccountFingerprint(account: account, details: nil)
    }
}
