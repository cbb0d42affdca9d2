package import Contracts
package import Domain
package import EventLog
import JSON

/// Applies a policy to what is open: reads the facts, makes the decisions. It never decides one case twice, and makes the
/// same events again where it is started anew at the same time. Not thread-safe.
package final class PolicyRunner {
    /// An event, and the rule that made it.
    package struct Decision: Sendable, Hashable {
        package var rule: String
        package var event: OutgoingEvent
    }

    private let policy: Policy
    private let view: PolicyView
    /// Cases that were decided or asked for.
    private var asked: Set<String> = []
    /// Decisions were handed out that no tick has taken up.
    package private(set) var hasUnsettled = false

    package init(policy: Policy, log: any EventLog, catalogue: TopicCatalogue) {
        self.policy = policy
        view = PolicyView(log: log, catalogue: catalogue, keepsRegistrations: !policy.extensionRequests.isEmpty)
    }

    package func close() { view.close() }

    /// Of the policy's file.
    package var fingerprint: String { policy.fingerprint }

    /// Time was let go on after the last decisions.
    package func didSettle() { hasUnsettled = false }

    /// Whether a rule may hold later for something that is open now.
    package var isWaiting: Bool {
        hasUnsettled || !view.reviews.isEmpty
            || view.conflicts.values.contains { $0.state.isPending || !policy.appeals.isEmpty }
            || !view.registrations.isEmpty
    }

    /// The decisions for everything that is open and that a rule holds for; events of that time.
    ///
    /// - Parameter isRepeated: a time whose decisions may have been made before. What opened or changed later, as in a tick
    ///   that was broken off, is left to its own time.
    package func decide(at time: Timestamp, isRepeated: Bool = false) throws -> [Decision] {
        try view.catchUp()
        view.forget(before: time)
        let limit = isRepeated ? time : .distantFuture
        var decisions: [Decision] = []
        for review in view.reviews.values.sorted(by: { $0.id < $1.id })
        where review.openedAt <= limit && review.occurredAt <= limit {
            if let decision = decide(review, at: time) { decisions.append(decision) }
        }
        for conflict in view.conflicts.values.sorted(by: { $0.id < $1.id })
        where max(conflict.openedAt, conflict.appeal?.at ?? .distantPast, conflict.decision?.at ?? .distantPast)
            <= limit
        {
            let decision = conflict.state.isPending ? decide(conflict, at: time) : appeal(conflict, at: time)
            if let decision { decisions.append(decision) }
        }
        for registration in view.registrations.values.sorted(by: { $0.id < $1.id })
        where registration.changedAt <= limit {
            if let decision = askExtension(registration, at: time) { decisions.append(decision) }
        }
        if !decisions.isEmpty { hasUnsettled = true }
        return decisions
    }

    private static func hours(from start: Timestamp, to end: Timestamp) -> Int64 {
        (end - start).milliseconds / 3_600_000
    }

    /// An event of the policy. Its id names the case and the time, so that a repetition is a duplicate.
    private func decision<Payload: EventPayload>(
        _ payload: Payload, account: AccountReference, case name: String, rule: String, at time: Timestamp
    ) -> Decision? {
        guard asked.insert(name).inserted else { return nil }
        return Decision(
            rule: rule,
            event: OutgoingEvent(
                topic: .approval, key: account.key.text, type: Payload.type, source: "/policy/\(policy.name)",
                id: "\(name)@\(time)", occurredAt: time, payload: JSONEncoding.encode(payload)))
    }

    // MARK: Reviews

    private func decide(_ review: ReviewFact, at time: Timestamp) -> Decision? {
        guard review.kind == .introduction || review.kind == .claim || review.kind == .extension else { return nil }
        var item = PolicyCase(id: review.id)
        item.kind = review.kind
        if let score = view.score(of: review.referral) { (item.fit, item.intent) = score }
        item.stage = review.stage ?? review.claimedStage
        item.partners = review.partner.map { [$0] } ?? []
        item.reasons = review.proposedReasons
        item.hours = PolicyRunner.hours(from: review.openedAt, to: time)
        guard let rule = policy.reviews.first(where: { $0.when.holds(for: item, salt: $0.name) }) else { return nil }
        let name = "\(review.id)/\(review.openedAt.millisecondsSince1970)"
        if review.kind == .extension {
            guard let registration = review.registration else { return nil }
            let decided = RegistrationExtensionDecided(
                account: review.account, registration: registration,
                decision: rule.decision == .accept ? .approve : .reject, note: rule.note, actor: policy.actor,
                occurredAt: time)
            return decision(decided, account: review.account, case: name, rule: rule.name, at: time)
        }
        guard let referral = review.referral else { return nil }
        let decided = ReviewDecided(
            account: review.account, referral: referral, registration: review.registration, decision: rule.decision,
            reason: rule.decision == .accept ? nil : rule.reason, note: rule.note,
            contactInSales: rule.contactInSales, actor: policy.actor, occurredAt: time)
        return decision(decided, account: review.account, case: name, rule: rule.name, at: time)
    }

    // MARK: Conflicts

    private func facts(of conflict: Conflict, since start: Timestamp, at time: Timestamp) -> PolicyCase {
        var item = PolicyCase(id: conflict.id.text)
        item.kind = conflict.state == .appealed ? .appeal : .conflict
        item.cause = conflict.cause
        item.outcome = conflict.decision?.outcome
        item.partners = conflict.parties.compactMap(\.party.partner)
        item.hasDirect = conflict.party(.direct) != nil
        item.isAppeal = conflict.state == .appealed
        item.hours = PolicyRunner.hours(from: start, to: time)
        return item
    }

    private func decide(_ conflict: Conflict, at time: Timestamp) -> Decision? {
        let item = facts(of: conflict, since: conflict.appeal?.at ?? conflict.openedAt, at: time)
        let sides = PolicyRunner.sides(of: conflict)
        guard
            let rule = policy.conflicts.first(where: {
                $0.when.holds(for: item, salt: $0.name) && PolicyRunner.fits($0, sides)
            })
        else { return nil }
        let shares =
            rule.outcome == .split
            ? zip(sides, rule.shares).map { ConflictShare(party: $0, share: BasisPoints($1)) } : []
        let decided = ConflictDecided(
            account: conflict.account, conflict: conflict.id, outcome: rule.outcome,
            winner: PolicyRunner.winner(rule.winner, of: sides), shares: shares, evidence: evidence(of: conflict),
            note: rule.note, actor: item.isAppeal ? policy.appealActor : policy.actor, occurredAt: time)
        return decision(
            decided, account: conflict.account, case: "\(conflict.id)/\(conflict.revision)", rule: rule.name, at: time)
    }

    /// Each party once, in order of submission: one may stand there with two claims.
    private static func sides(of conflict: Conflict) -> [Party] {
        var sides: [Party] = []
        for party in conflict.parties where !sides.contains(party.party) { sides.append(party.party) }
        return sides
    }

    /// Whether what a rule decides can be decided about these parties.
    private static func fits(_ rule: Policy.ConflictRule, _ sides: [Party]) -> Bool {
        switch rule.outcome {
        case .split: sides.count >= rule.shares.count
        case .priorDirectActivity: sides.contains(.direct)
        case .customerChoice: winner(rule.winner, of: sides).map(sides.contains) ?? false
        case .firstValidRegistration, .bothRejected: true
        }
    }

    private static func winner(_ winner: Policy.ConflictRule.Winner?, of sides: [Party]) -> Party? {
        switch winner {
        case .first: sides.first
        case .second: sides.dropFirst().first
        case .direct: .direct
        case nil: nil
        }
    }

    /// What the conflict holds: the parties' registrations and touches that count.
    private func evidence(of conflict: Conflict) -> [String] {
        conflict.parties.flatMap { party in
            (party.registration.map { [$0.text] } ?? [])
                + party.touches.filter(\.isConfirmed).prefix(5).map(\.id.text)
        }
    }

    /// Of the partner that got nothing, or the smallest part.
    private func appeal(_ conflict: Conflict, at time: Timestamp) -> Decision? {
        guard let made = conflict.decision, time < made.appealUntil else { return nil }
        let item = facts(of: conflict, since: made.at, at: time)
        guard let rule = policy.appeals.first(where: { $0.when.holds(for: item, salt: $0.name) }) else { return nil }
        let losers = conflict.parties.map(\.party).filter { party in
            party.partner != nil && party != made.winner && !made.shares.dropLast().contains { $0.party == party }
        }
        guard let loser = losers.last, let partner = loser.partner else { return nil }
        let appealed = ConflictAppealed(
            account: conflict.account, conflict: conflict.id, party: loser, appealedBy: partner.text,
            reason: rule.reason, occurredAt: time)
        return decision(
            appealed, account: conflict.account, case: "\(conflict.id)/appeal", rule: rule.name, at: time)
    }

    // MARK: Extensions

    private func askExtension(_ registration: Registration, at time: Timestamp) -> Decision? {
        guard let end = registration.window?.end, end > time,
            !registration.extensions.contains(where: { $0.decision == nil })
        else { return nil }
        var item = PolicyCase(id: registration.id.text)
        item.stage = registration.stage
        item.state = registration.state
        item.partners = [registration.partner]
        item.extensions = Int64(registration.extensions.count)
        item.daysLeft = (end - time).milliseconds / 86_400_000
        item.hours = PolicyRunner.hours(from: registration.changedAt, to: time)
        guard let rule = policy.extensionRequests.first(where: { $0.when.holds(for: item, salt: $0.name) }) else {
            return nil
        }
        let requested = RegistrationExtensionRequested(
            account: registration.account, registration: registration.id, reason: rule.reason,
            requestedBy: registration.partner.text, occurredAt: time)
        return decision(
            requested, account: registration.account,
            case: "\(registration.id)/extension/\(registration.extensions.count)", rule: rule.name, at: time)
    }
}
