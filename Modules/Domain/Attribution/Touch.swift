/// Something that a partner or the direct team did on an account, dated by judging time.
package struct Touch: Sendable, Hashable {
    package var id: TouchID
    package var account: AccountReference
    package var party: Party
    package var kind: TouchKindName
    /// `nil` where it concerns the account as a whole.
    package var productLine: String?
    package var source: String?
    /// Who on the vendor's or the customer's side confirmed what a partner reports; a partner's unconfirmed touch is
    /// refused as evidence.
    package var confirmedBy: String?
    package var minutes: Int64?
    package var note: String?
    package var occurredAt: Timestamp

    package init(
        id: TouchID, account: AccountReference, party: Party, kind: TouchKindName, productLine: String?,
        source: String?,
        confirmedBy: String?, minutes: Int64?, note: String?, occurredAt: Timestamp
    ) {
        self.id = id
        self.account = account
        self.party = party
        self.kind = kind
        self.productLine = productLine
        self.source = source
        self.confirmedBy = confirmedBy
        self.minutes = minutes
        self.note = note
        self.occurredAt = occurredAt
    }

    package var isEvidence: Bool { party == .direct || confirmedBy != nil }

    package func concerns(_ productLine: String) -> Bool { self.productLine == nil || self.productLine == productLine }
}
