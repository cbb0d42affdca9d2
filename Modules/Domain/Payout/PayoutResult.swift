/// What a rail, a bank statement or a person says became of a payout.
package enum PayoutResult: String, Sendable, CaseIterable {
    /// Received, checked or in process: changes nothing.
    case accepted, pending
    case confirmed
    /// A final refusal.
    case failed
    /// The bank sent the money back.
    case returned

    /// Reads our own words and the codes of ISO 20022 status reports: `ACSC` is confirmed, `RJCT` failed; `ACTC`, `ACCP`,
    /// `ACSP` and `PDNG` change nothing. `paid` is a provider's word for confirmed. `nil` for any other.
    package init?(code: String) {
        switch code.lowercased() {
        case "acsc", "confirmed", "paid": self = .confirmed
        case "rjct", "failed": self = .failed
        case "returned": self = .returned
        case "actc", "accp", "acsp", "accepted": self = .accepted
        case "pdng", "pending": self = .pending
        default: return nil
        }
    }

    package var isFinal: Bool { self == .confirmed || self == .failed || self == .returned }
}

/// What a result does to a payout.
package enum PayoutResultEffect: Sendable, Hashable {
    /// Says nothing new: counted.
    case repeated
    case confirm
    case fail
    case bounce
    /// Contradicts what was said before.
    case dispute
    /// A person settles a dispute in favour of what was known before, or of the other result.
    case settle(Payout.State)
    case refuse(String)
}

extension Payout {
    /// Judges a result by the state. Silence is no result: a submitted payout stays submitted until it is reconciled.
    ///
    /// - Parameter isDecision: a named person decides a disputed payout.
    package func effect(of result: PayoutResult, isDecision: Bool) -> PayoutResultEffect {
        switch (state, result) {
        case (.planned, _), (.approved, _), (.cancelled, _):
            return .refuse("\(id) is \(state.rawValue): it was never submitted")
        case (.disputed, .confirmed) where isDecision: return .settle(.confirmed)
        case (.disputed, .failed) where isDecision: return .settle(.failed)
        case (.disputed, .returned) where isDecision: return .settle(.returned)
        case (.disputed, _), (_, .accepted), (_, .pending): return .repeated
        case (.submitted, .confirmed): return .confirm
        case (.submitted, .failed): return .fail
        case (.submitted, .returned):
            return .refuse("\(id) is not confirmed: what never left cannot be returned")
        case (.confirmed, .confirmed), (.failed, .failed), (.returned, .returned), (.returned, .confirmed):
            return .repeated
        case (.confirmed, .returned): return .bounce
        case (.confirmed, .failed), (.failed, .confirmed), (.failed, .returned), (.returned, .failed):
            return .dispute
        }
    }
}
