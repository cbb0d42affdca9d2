package import Contracts
package import Domain
package import DomainNames
import Register
package import TaskRuntime

/// The approval worker's logic: reviews, claims and their protection, conflicts, deals and their attribution. Everything
/// that is known of an account is in its own partition.
package final class ApprovalProcessor: Processor {
    package static let tables = ApprovalTable.all + Register.tables

    private let state: TaskState
    private let register: Register
    private let domains: RegistrableDomains

    package init(state: TaskState, domains: RegistrableDomains) {
        self.state = state
        self.domains = domains
        register = Register(state: state)
    }

    package func decode(_ event: Event) throws -> any EventPayload {
        switch event.type {
        case ReferralEvaluated.type: return try event.payload(ReferralEvaluated.self)
        case ReferralWithdrawn.type: return try event.payload(ReferralWithdrawn.self)
        case ReferralRejected.type: return try event.payload(ReferralRejected.self)
        case ReviewDecided.type: return try event.payload(ReviewDecided.self)
        case RegistrationExtensionRequested.type: return try event.payload(RegistrationExtensionRequested.self)
        case RegistrationExtensionDecided.type: return try event.payload(RegistrationExtensionDecided.self)
        case RegistrationWithdrawn.type: return try event.payload(RegistrationWithdrawn.self)
        case RegistrationRevoked.type: return try event.payload(RegistrationRevoked.self)
        case TouchRecorded.type: return try event.payload(TouchRecorded.self)
        case OpportunityUpdated.type: return try event.payload(OpportunityUpdated.self)
        case OpportunityMoved.type: return try event.payload(OpportunityMoved.self)
        case OpportunityArrived.type: return try event.payload(OpportunityArrived.self)
        case OpportunityPlaced.type: return try event.payload(OpportunityPlaced.self)
        case OpportunityRefused.type: return try event.payload(OpportunityRefused.self)
        case ConflictDecided.type: return try event.payload(ConflictDecided.self)
        case ConflictAppealed.type: return try event.payload(ConflictAppealed.self)
        case RevenueReversed.type: return try event.payload(RevenueReversed.self)
        default:
            if let entry = try Register.decode(event) { return entry }
            throw DeadLetter(.unknownType, "the approval worker knows no event type `\(event.type.prefix(80))`")
        }
    }

    /// The account key; events of our own workers carry it computed, all others name a domain.
    package func routingKey(of payload: any EventPayload, event: Event) -> String? {
        switch payload {
        case let event as ReferralEvaluated: event.account.key.text
        case let event as ReferralWithdrawn: event.account.key.text
        case let event as ReferralRejected: event.account.key.text
        case let event as OpportunityPlaced: event.opportunity.text
        case let event as any AccountEvent: accountKey(of: event.account)?.text
        default: nil
        }
    }

    private func accountKey(of account: AccountReference) -> AccountKey? {
        do throws(DomainNameError) {
            return AccountKey(unchecked: try domains.accountKey(fromDomain: account.key.text))
        } catch {
            return nil
        }
    }

    /// What comes from the CRM and from finance counts back as far as the programme allows; a partner's events and our own
    /// workers' not at all.
    package func maximumBackdating(of payload: any EventPayload, in turn: TurnContext) throws -> TimeSpan {
        guard let intake = try register.inForce(at: turn.now)?.program.intake else { return .zero }
        switch payload {
        case is OpportunityUpdated, is OpportunityMoved, is RevenueReversed:
            return .days(Int(intake.maximumBackdatingCRMDays))
        case let touch as TouchRecorded:
            let days =
                touch.party == .direct
                ? intake.maximumBackdatingCRMDays : intake.maximumBackdatingPartnerDays
            return .days(Int(days))
        default: return .zero
        }
    }

    package func apply(_ payload: any EventPayload, of record: Event, in turn: TurnContext) throws {
        register.advance(to: turn.now)
        switch payload {
        case let event as ReferralEvaluated: try open(event.account, in: turn) { try $0.evaluate(event) }
        case let event as ReferralWithdrawn: try open(event.account, in: turn) { try $0.withdraw(event) }
        case let event as ReferralRejected: try open(event.account, in: turn) { try $0.end(event) }
        case let event as OpportunityPlaced: try place(event, in: turn)
        case var event as any AccountEvent:
            let account = try normal(event.account, "account")
            if var moved = event as? OpportunityMoved {
                moved.to = try normal(moved.to, "to")
                event = moved
            }
            try open(account, in: turn) { try $0.apply(event) }
            complete(event, of: record, in: turn)
        default:
            _ = try register.apply(payload, at: turn.now)
            guard let updated = payload as? PartnerUpdated else { return }
            if updated.partner.effectiveAt > turn.now {
                let name = TimerKind.partner.name(of: updated.partner.id.text)
                try turn.schedule(TaskTimer(name: name, due: updated.partner.effectiveAt, payload: ""))
            } else {
                try partnerChanged(updated.partner.id, in: turn)
            }
        }
    }

    /// The account by its key, whatever domain of it an event names.
    private func normal(_ account: AccountReference, _ field: String) throws(DeadLetter) -> AccountReference {
        guard let key = accountKey(of: account) else {
            throw DeadLetter(.schema, "/\(field)/domain: expected a company's domain such as `acme.com`")
        }
        return AccountReference(key: key, name: account.name)
    }

    /// The outcome of a command; a refused one is a dead letter.
    private func complete(_ event: any AccountEvent, of record: Event, in turn: TurnContext) {
        guard let commandID = record.commandID, !record.source.hasPrefix("/tributary/") else { return }
        turn.record(
            CommandCompleted(
                commandID: commandID, worker: .approval, outcome: .accepted, subject: event.subject, text: event.done,
                occurredAt: turn.now))
    }

    private func open(_ account: AccountReference, in turn: TurnContext, _ body: (AccountFile) throws -> Void) throws {
        let file = try AccountFile(account, turn: turn, register: register)
        try body(file)
        try file.close()
    }

    /// Open claims of a partner that left the programme end.
    private func partnerChanged(_ id: PartnerID, in turn: TurnContext) throws {
        guard let partner = try register.partner(id), partner.status == .ended || partner.status == .endedForCause
        else {
            return
        }
        let open = try state.rows(ApprovalTable.openClaim, prefix: StateKey(id.text), as: OpenClaimRow.self)
        for (_, row) in open {
            try self.open(AccountReference(key: row.account, name: nil), in: turn) {
                try $0.endMembership(of: partner, claim: row.registration)
            }
        }
    }

    package func fire(_ timer: TaskTimer, in turn: TurnContext) throws {
        register.advance(to: turn.now)
        guard let (kind, id) = TimerKind.parse(timer.name) else {
            throw DeadLetter(.processingFailed, "no timer is named so")
        }
        switch kind {
        case .activity: try tellActivity(of: PartnerID(unchecked: id), in: turn)
        case .partner: try partnerChanged(PartnerID(unchecked: id), in: turn)
        case .referral, .registration, .conflict:
            try open(AccountReference(key: AccountKey(unchecked: timer.payload), name: nil), in: turn) {
                try $0.fire(kind, id: id, due: timer.due)
            }
        }
    }

    package func stateDidReset() { register.reset() }
}

extension AccountFile {
    /// One command or report about the account.
    func apply(_ event: any AccountEvent) throws {
        switch event {
        case let event as OpportunityUpdated: try update(event)
        case let event as OpportunityMoved: try move(event)
        case let event as OpportunityArrived: try arrive(event)
        case let event as OpportunityRefused: try settle(event)
        case let event as TouchRecorded: try note(event)
        case let event as ReviewDecided: try decideReview(event)
        case let event as ConflictDecided: try decide(event)
        case let event as ConflictAppealed: try appeal(event)
        case let event as RevenueReversed: try reverse(event)
        case let event as RegistrationExtensionRequested: try requestExtension(event)
        case let event as RegistrationExtensionDecided: try decideExtension(event)
        case let event as RegistrationWithdrawn: try withdraw(event)
        case let event as RegistrationRevoked: try revoke(event)
        default: throw DeadLetter(.unknownType, "no handler for \(type(of: event))")
        }
    }
}
