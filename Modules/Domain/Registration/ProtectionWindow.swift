/// The time in which no other partner is approved for the account and product line, and direct sales must work with the
/// partner. Starts at approval; its end does not belong to it. Conversion does not stop it.
package struct ProtectionWindow: Sendable, Hashable {
    package var start: Timestamp
    package var end: Timestamp

    package init(start: Timestamp, end: Timestamp) {
        self.start = start
        self.end = end
    }

    /// The window of a claim approved at a time, by the rules of the programme for the partner's type and tier.
    package init(approvedAt: Timestamp, rules: ProtectionRules, type: PartnerType, tier: Tier) {
        self.init(start: approvedAt, end: approvedAt + rules.window(type: type, tier: tier))
    }

    package func covers(_ time: Timestamp) -> Bool { start <= time && time < end }

    /// When the partner is reminded of the end; `nil` where the window is shorter than the reminder's lead.
    package func reminder(rules: ProtectionRules) -> Timestamp? {
        let time = end - .days(Int(rules.reminderDays))
        return time > start ? time : nil
    }
}

/// A longer window: asked for by the partner, decided by a person.
package struct ProtectionExtension: Sendable, Hashable {
    package var requestedAt: Timestamp
    package var requestedBy: String
    package var reason: String
    package var days: Int64
    /// When the decision is due; then the owner is told, once.
    package var due: Timestamp
    package var isEscalated: Bool
    /// `nil` while it waits.
    package var decision: ExtensionDecision?

    package init(
        requestedAt: Timestamp, requestedBy: String, reason: String, days: Int64, due: Timestamp,
        isEscalated: Bool = false, decision: ExtensionDecision? = nil
    ) {
        self.due = due
        self.isEscalated = isEscalated
        self.requestedAt = requestedAt
        self.requestedBy = requestedBy
        self.reason = reason
        self.days = days
        self.decision = decision
    }
}

package struct ExtensionDecision: Sendable, Hashable {
    package var isApproved: Bool
    package var actor: Actor
    package var at: Timestamp
    package var note: String?

    package init(isApproved: Bool, actor: Actor, at: Timestamp, note: String?) {
        self.isApproved = isApproved
        self.actor = actor
        self.at = at
        self.note = note
    }
}

/// Why an extension is refused without a person.
package enum ExtensionRefusal: Error, Sendable, Hashable, CustomStringConvertible {
    case notProtected(RegistrationState)
    /// Asked for at or after the end.
    case tooLate(end: Timestamp)
    case noReason
    case alreadyPending
    case tooMany(maximum: Int64)
    case nothingPending

    package var description: String {
        switch self {
        case .notProtected(let state): "a registration that is \(state.rawValue) has no protection to extend"
        case .tooLate(let end): "an extension must be asked for before the protection ends (\(end))"
        case .noReason: "an extension needs a reason"
        case .alreadyPending: "an extension of this registration already waits for a decision"
        case .tooMany(let maximum): "a registration is extended at most \(maximum) times"
        case .nothingPending: "no extension of this registration waits for a decision"
        }
    }
}

extension Registration {
    /// Records a request: before the end by judging time, with a reason, at most as often as the programme allows. A
    /// converted claim may be extended too.
    package mutating func requestExtension(
        at time: Timestamp, by requester: String, reason: String, rules: ProtectionRules, due: Timestamp
    ) throws(ExtensionRefusal) {
        guard state == .approved || state == .converted, let window else { throw .notProtected(state) }
        guard time < window.end else { throw .tooLate(end: window.end) }
        guard reason.contains(where: { !$0.isWhitespace }) else { throw .noReason }
        guard pendingExtension == nil else { throw .alreadyPending }
        let granted = extensions.count { $0.decision?.isApproved == true }
        guard granted < rules.maximumExtensions else { throw .tooMany(maximum: rules.maximumExtensions) }
        extensions.append(
            ProtectionExtension(
                requestedAt: time, requestedBy: requester, reason: reason, days: rules.extensionDays, due: due))
    }

    /// Decides the request that waits. An approval moves the end of the window, not the day of the decision; a claim that was
    /// lost or given back meanwhile has none to move.
    package mutating func decideExtension(_ decision: ExtensionDecision) throws(ExtensionRefusal) {
        guard let pending = pendingExtension, let window else { throw .nothingPending }
        if decision.isApproved, state.isVoid || isForfeited { throw .notProtected(state) }
        extensions[extensions.count - 1].decision = decision
        guard decision.isApproved else { return }
        self.window?.end = window.end + .days(Int(pending.days))
        isReminded = false
    }
}
