import Contracts
import Domain
import DomainNames
import DomainSamples
import Register
import Testing

@testable import ReferralWorker
@testable import TaskRuntime

/// A referral worker's partition with a programme and one partner.
struct ReferralBench {
    let harness: ProcessorHarness
    private static let domains = RegistrableDomains()

    init(program: Program? = ReferralSamples.program()) throws {
        harness = try ProcessorHarness(worker: .referral) {
            ReferralProcessor(state: $0, domains: ReferralBench.domains)
        }
        let start = ReferralSamples.start
        if let program {
            try register(ProgramPublished(program: program, actor: .programme, occurredAt: start), at: start)
        }
        try register(PartnerUpdated(partner: ReferralSamples.partner(), occurredAt: start), at: start)
    }

    func register(_ entry: some EventPayload, at time: Timestamp) throws {
        let result = try harness.send(entry, key: "", at: time, isBroadcast: true)
        #expect(result.deadLetter == nil)
    }

    func submit(_ submission: ReferralSubmission, key: String = "acme.example", id: String? = nil) throws
        -> HarnessResult
    {
        try harness.send(ReferralSubmitted(submission), key: key, at: submission.occurredAt, id: id)
    }

    /// A submitted referral that the approval worker has.
    func handedOn(_ submission: ReferralSubmission = ReferralSamples.submission()) throws -> ReferralEvaluated {
        try #require(try submit(submission).payloads(ReferralEvaluated.self).first)
    }

    func settle(
        _ evaluated: ReferralEvaluated, _ outcome: ReferralSettled.Outcome, reason: RejectReason? = nil,
        opportunity: OpportunityID? = nil, at time: Timestamp
    ) throws -> HarnessResult {
        try harness.send(
            ReferralSettled(
                referral: evaluated.referral, account: evaluated.account, partner: evaluated.partner,
                productLine: evaluated.productLine, outcome: outcome, reason: reason, note: "because",
                actor: .person(PersonID("psn_owner")!), opportunity: opportunity, effectiveAt: time, occurredAt: time),
            key: evaluated.account.key.text, at: time)
    }

    func rowCount() throws -> Int {
        try harness.state.rows(ReferralHistory.table, prefix: StateKey(), as: ReferralHistory.self).count
    }
}
