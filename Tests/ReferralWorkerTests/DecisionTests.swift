import Contracts
import Domain
import DomainSamples
import Testing

@testable import ReferralWorker
@testable import TaskRuntime

@Suite struct DecisionTests {
    private let bench: ReferralBench
    private let day = ReferralSamples.time("2026-03-12T10:00:00Z")

    init() throws { bench = try ReferralBench() }

    private func state(_ result: HarnessResult) throws -> ReferralState? {
        try result.payloads(ReferralFact.self).first?.referral.state
    }

    // MARK: Settled

    @Test(arguments: [
        (ReferralSettled.Outcome.accepted, ReferralState.accepted), (.rejected, .rejected), (.returned, .returned),
        (.withdrawn, .withdrawn),
    ])
    func `records what was decided, with actor and note`(outcome: ReferralSettled.Outcome, expected: ReferralState)
        throws
    {
        let evaluated = try bench.handedOn()
        let result = try bench.settle(evaluated, outcome, reason: .noIntent, at: day)
        let fact = try #require(try result.payloads(ReferralFact.self).first)
        #expect(fact.referral.id == evaluated.referral)
        #expect(fact.referral.state == expected)
        #expect(fact.referral.reason == (outcome == .rejected ? .noIntent : nil))
        #expect(fact.referral.actor == .person(PersonID("psn_owner")!))
        #expect(fact.referral.note == "because")
        #expect(fact.referral.changedAt == day)
        #expect(fact.referral.submission == ReferralSamples.submission())
        #expect(fact.explanation.map(\.rule) == ["decision"])
        #expect(try result.payloads(NotificationRequested.self).isEmpty)
    }

    @Test func `records conversion and expiry of an accepted referral`() throws {
        let evaluated = try bench.handedOn()
        _ = try bench.settle(evaluated, .accepted, at: day)
        #expect(try state(bench.settle(evaluated, .expired, at: day + .days(180))) == .expired)
        let converted = try bench.settle(
            evaluated, .converted, opportunity: OpportunityID("opp-9"), at: day + .days(181))
        #expect(try state(converted) == .converted)
        #expect(try converted.payloads(ReferralFact.self).first?.referral.opportunity?.text == "opp-9")
    }

    @Test func `turns a rejection when a conflict is decided the other way`() throws {
        let evaluated = try bench.handedOn()
        _ = try bench.settle(evaluated, .rejected, reason: .protectedByOther, at: day)
        let fact = try #require(
            try bench.settle(evaluated, .accepted, at: day + .days(3)).payloads(ReferralFact.self).first)
        #expect(fact.referral.state == .accepted)
        #expect(fact.referral.reason == nil)
    }

    @Test func `lets the same be referred again once it is settled`() throws {
        let evaluated = try bench.handedOn()
        _ = try bench.settle(evaluated, .rejected, reason: .noIntent, at: day)
        #expect(
            try bench.submit(ReferralSamples.submission(at: day + .days(1))).payloads(ReferralEvaluated.self).count == 1
        )
    }

    @Test func `ignores a decision that it has already`() throws {
        let evaluated = try bench.handedOn()
        _ = try bench.settle(evaluated, .accepted, at: day)
        let again = try bench.settle(evaluated, .accepted, at: day + .hours(1))
        #expect(again.outputs.isEmpty)
        #expect(again.deadLetter == nil)
    }

    @Test func `refuses decisions on what it does not know, or that its state does not allow`() throws {
        var evaluated = try bench.handedOn()
        #expect(try bench.settle(evaluated, .converted, at: day).deadLetter?.code == .refused)
        evaluated.referral = ReferralID("ref_other")!
        #expect(try bench.settle(evaluated, .accepted, at: day).deadLetter?.code == .refused)
    }

    // MARK: Return

    private func returned() throws -> ReferralEvaluated {
        let evaluated = try bench.handedOn()
        let fact = try #require(try bench.settle(evaluated, .returned, at: day).payloads(ReferralFact.self).first)
        #expect(fact.referral.resubmitBy == day + .days(7))
        return evaluated
    }

    private func resubmit(
        _ evaluated: ReferralEvaluated, at time: Timestamp, change: (inout ReferralSubmission) -> Void = { _ in }
    ) throws -> HarnessResult {
        var submission = ReferralSamples.submission(at: time)
        change(&submission)
        return try bench.harness.send(
            ReferralResubmitted(referral: evaluated.referral, submission: submission), key: "acme.example", at: time)
    }

    @Test func `judges a resubmission anew and keeps its first position`() throws {
        let evaluated = try returned()
        let result = try resubmit(evaluated, at: day + .days(6)) { $0.need = "More reports" }
        let again = try #require(try result.payloads(ReferralEvaluated.self).first)
        #expect(again.referral == evaluated.referral)
        #expect(again.isResubmission)
        #expect(again.submittedAt == evaluated.submittedAt)
        #expect(try result.payloads(ReferralFact.self).map(\.referral.submission.need) == ["More reports"])
        #expect(try state(result) == .inReview)
        #expect(try bench.harness.advance(to: day + .days(30)).outputs.isEmpty)
    }

    @Test func `rejects a resubmission that is invalid or no ideal customer, and ends its claim`() throws {
        let invalid = try resubmit(try returned(), at: day + .days(1)) { $0.consent = false }
        #expect(try invalid.payloads(ReferralRejected.self).map(\.reason) == [.invalid])
        #expect(try state(invalid) == .rejected)
        #expect(try invalid.payloads(NotificationRequested.self).map(\.template) == [.referralRejected])

        let other = try ReferralBench()
        let evaluated = try other.handedOn()
        _ = try other.settle(evaluated, .returned, at: day)
        var submission = ReferralSamples.submission(at: day + .days(1))
        submission.account.employees = 1
        submission.account.industry = nil
        let poor = try other.harness.send(
            ReferralResubmitted(referral: evaluated.referral, submission: submission), key: "acme.example",
            at: day + .days(1))
        let rejected = try #require(try poor.payloads(ReferralRejected.self).first)
        #expect(rejected.reason == .notICP)
        #expect(poor.outputs.first { $0.type == ReferralRejected.type }?.topic == "tributary.approval.v1")
    }

    @Test func `rejects a returned referral that is not back after seven days`() throws {
        let evaluated = try returned()
        #expect(try bench.harness.advance(to: day + .days(7) - TimeSpan(milliseconds: 1)).outputs.isEmpty)
        let result = try bench.harness.advance(to: day + .days(7))
        let fact = try #require(try result.payloads(ReferralFact.self).first)
        #expect(fact.referral.id == evaluated.referral)
        #expect(fact.referral.state == .rejected)
        #expect(fact.referral.reason == .insufficientInformation)
        #expect(fact.occurredAt == day + .days(7))
        #expect(try result.payloads(ReferralRejected.self).map(\.reason) == [.insufficientInformation])
        #expect(try result.payloads(NotificationRequested.self).map(\.template) == [.referralRejected])
        #expect(try resubmit(evaluated, at: day + .days(8)).deadLetter?.code == .refused)
    }

    @Test func `refuses a resubmission of what was not returned`() throws {
        let evaluated = try bench.handedOn()
        let result = try resubmit(evaluated, at: day)
        #expect(result.deadLetter?.code == .refused)
        #expect(result.deadLetter?.reason == "a referral that is in_review cannot resubmit")
    }

    // MARK: Withdrawal

    private func withdraw(_ id: ReferralID, domain: String = "www.acme.example", at time: Timestamp) throws
        -> HarnessResult
    {
        try bench.harness.send(
            ReferralWithdrawn(
                referral: id, account: AccountReference(key: AccountKey(unchecked: domain), name: nil),
                reason: "lost interest", withdrawnBy: "pat", occurredAt: time), key: "acme.example", at: time)
    }

    @Test func `withdraws an undecided referral and tells the approval worker and the partner`() throws {
        let evaluated = try bench.handedOn()
        let result = try withdraw(evaluated.referral, at: day)
        #expect(try state(result) == .withdrawn)
        let forwarded = try #require(try result.payloads(ReferralWithdrawn.self).first)
        #expect(forwarded.account.key.text == "acme.example")
        #expect(result.outputs.first { $0.type == ReferralWithdrawn.type }?.topic == "tributary.approval.v1")
        #expect(try result.payloads(NotificationRequested.self).map(\.template) == [.referralWithdrawn])
    }

    @Test func `withdraws a returned referral and stops its clock`() throws {
        let evaluated = try returned()
        #expect(try bench.harness.task.nextTimerDue() != nil)
        #expect(try state(withdraw(evaluated.referral, at: day + .days(1))) == .withdrawn)
        #expect(try bench.harness.task.nextTimerDue() == nil)
        #expect(try bench.harness.advance(to: day + .days(30)).outputs.isEmpty)
    }

    @Test func `lets a decision that crossed the withdrawal pass`() throws {
        let evaluated = try bench.handedOn()
        _ = try withdraw(evaluated.referral, at: day)
        let crossed = try bench.settle(evaluated, .accepted, at: day + .seconds(1))
        #expect(crossed.outputs.isEmpty)
        #expect(crossed.deadLetter == nil)
    }

    @Test func `refuses to withdraw what is decided or unknown`() throws {
        let evaluated = try bench.handedOn()
        _ = try bench.settle(evaluated, .accepted, at: day)
        #expect(
            try withdraw(evaluated.referral, at: day).deadLetter?.reason
                == "a referral that is accepted cannot withdraw")
        #expect(try withdraw(ReferralID("ref_nobody")!, at: day).deadLetter?.code == .refused)
        #expect(try withdraw(evaluated.referral, domain: "nonsense", at: day).deadLetter?.code == .refused)
    }
}
