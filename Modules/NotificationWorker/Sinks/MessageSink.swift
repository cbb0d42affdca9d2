/// Where messages go. Used by the sender's thread alone.
package protocol MessageSink: AnyObject {
    /// Stands in the results: `null`, `eml`, `smtp`.
    var name: String { get }

    /// Whether delivering the same message again changes nothing. If not, each attempt is announced in the log first.
    var isIdempotent: Bool { get }

    func deliver(_ draft: MessageDraft) -> Delivery

    /// After a batch, before its results are written.
    func flush()
}

extension MessageSink {
    package func flush() {}
}

/// What became of an attempt. Reasons are for people and hold no personal data.
package enum Delivery: Sendable, Hashable {
    case sent
    /// Not delivered; it may work later.
    case retry(String)
    /// Refused for good.
    case failed(String)
    /// No answer: delivered or not.
    case unknown(String)
}
