/// What a payee's entry tells of its account without showing it: two keyed hashes, as `<account>.<details>`.
///
/// By the first one equal accounts are known, whoever holds them. The second one covers what a payout file says of the
/// account: a payout names both, and so is paid as it was approved. Entries of earlier versions have the first one alone.
package struct AccountFingerprint: Sendable, Hashable, CustomStringConvertible {
    /// Of the account's number, however it is spaced.
    package var account: String
    /// Of holder, number and bank code, as they are written; `nil` where the entry does not cover them.
    package var details: String?

    package init(account: String, details: String?) {
        self.account = account
        self.details = details
    }

    /// Any text: without a separator it is all of the account.
    package init(_ text: String) {
        guard let separator = text.utf8.firstIndex(of: UInt8(ascii: ".")) else {
            self.init(account: text, details: nil)
            return
        }
        self.init(
            account: String(text[..<separator]), details: String(text[text.utf8.index(after: separator)...]))
    }

    package var description: String { details.map { "\(account).\($0)" } ?? account }

    /// Whether an entry with this fingerprint is what was approved: in all that the approved one covers.
    package func meets(_ approved: AccountFingerprint) -> Bool {
        account == approved.account && (approved.details == nil || details == approved.details)
    }
}

extension Payee {
    package var fingerprint: AccountFingerprint { AccountFingerprint(accountFingerprint) }

    /// The entry as an earlier version made it, whose fingerprint covers the account's number alone.
    package var withoutDetails: Payee {
        var payee = self
        payee.accountFingerprint = fingerprint.account
        return payee
    }
}
