package import Contracts
package import Domain
package import DomainNames
import JSON
import Register
package import TaskRuntime

/// The referral worker's logic: validates what partners hand in, finds duplicates, scores, proposes a route, and keeps each
/// referral's state. It alone writes the facts of referrals; what the approval worker decides comes back as an event.
package final class ReferralProcessor: Processor {
    package static let tables = [ReferralHistory.table] + Register.tables

    let state: TaskState
    let register: Register
    var names: NameResolver

    package init(state: TaskState, domains: RegistrableDomains) {
        self.state = state
        register = Register(state: state)
        names = NameResolver(domains: domains)
    }

    package func decode(_ event: Event) throws -> any EventPayload {
        switch event.type {
        case ReferralSubmitted.type: return try event.payload(LentPayload<ReferralSubmitted>.self)
        case ReferralSettled.type: return try event.payload(ReferralSettled.self)
        case ReferralResubmitted.type: return try event.payload(ReferralResubmitted.self)
        case ReferralWithdrawn.type: return try event.payload(ReferralWithdrawn.self)
        default:
            if let entry = try Register.decode(event) { return entry }
            throw DeadLetter(.unknownType, "the referral worker knows no event type `\(event.type.prefix(80))`")
        }
    }

    /// The account key; a submission whose domain has none stays where it arrived, and is rejected there.
    package func routingKey(of payload: any EventPayload, event: Event) -> String? {
        switch payload {
        case let submitted as LentPayload<ReferralSubmitted>:
            names.accountKey(of: submitted.payload.submission.account.domain)?.text
        case let settled as ReferralSettled: settled.account.key.text
        case let resubmitted as ReferralResubmitted: names.accountKey(of: resubmitted.submission.account.domain)?.text
        case let withdrawn as ReferralWithdrawn: names.accountKey(of: withdrawn.account.key.text)?.text
        default: nil
        }
    }

    /// A partner's events count back as far as the programme allows partners; all others not at all.
    package func maximumBackdating(of payload: any EventPayload, in turn: TurnContext) throws -> TimeSpan {
        switch payload {
        case is LentPayload<ReferralSubmitted>, is ReferralResubmitted, is ReferralWithdrawn:
            guard let version = try register.inForce(at: turn.now) else { return .zero }
            return .days(Int(version.program.intake.maximumBackdatingPartnerDays))
        default: return .zero
        }
    }

    package func apply(_ payload: any EventPayload, of event: Event, in turn: TurnContext) throws {
        register.advance(to: turn.now)
        switch payload {
        case let submitted as LentPayload<ReferralSubmitted>:
            try submit(submitted.payload.submission, of: event, in: turn)
        case let settled as ReferralSettled: try settle(settled, in: turn)
        case let resubmitted as ReferralResubmitted: try resubmit(resubmitted, in: turn)
        case let withdrawn as ReferralWithdrawn: try withdraw(withdrawn, in: turn)
        default: _ = try register.apply(payload, at: turn.now)
        }
    }

    package func fire(_ timer: TaskTimer, in turn: TurnContext) throws {
        register.advance(to: turn.now)
        try lapse(ResubmissionTimer(timer), in: turn)
    }

    package func stateDidReset() { register.reset() }

    /// The programme version that judges what is processed now.
    func programInForce(in turn: TurnContext) throws -> PublishedProgram {
        guard let version = try register.inForce(at: turn.now) else {
            throw DeadLetter(.refused, "no programme in force at \(turn.now)")
        }
        return version
    }

    /// Records a referral as it is now, and why; returns it as it was written.
    @discardableResult
    func record(_ referral: Referral, _ explanation: [ExplanationStep], in turn: TurnContext) -> [UInt8] {
        let image = JSONEncoding.encode(referral)
        turn.record(
            ReferralFact.self, of: referral.id.text,
            data: ReferralFact.data(image: image, explanation: explanation, occurredAt: turn.now))
        return image
    }
}
