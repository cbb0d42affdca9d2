/// What a party puts forward to support its claim: something that happened, dated.
package struct Evidence: Sendable, Hashable {
    package var kind: TouchKindName
    package var occurredAt: Timestamp
    /// Where it can be looked up: a message id, a calendar entry, a document.
    package var reference: String
    package var note: String?

    package init(kind: TouchKindName, occurredAt: Timestamp, reference: String, note: String? = nil) {
        self.kind = kind
        self.occurredAt = occurredAt
        self.reference = reference
        self.note = note
    }
}
