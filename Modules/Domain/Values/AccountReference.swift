/// The prospect company as an event names it: its account key, and its name where the sender gave one.
package struct AccountReference: Sendable, Hashable {
    /// Written as `domain`.
    package var key: AccountKey
    package var name: String?

    package init(key: AccountKey, name: String?) {
        self.key = key
        self.name = name
    }
}
