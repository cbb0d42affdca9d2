import Contracts
import Domain
import DomainNames
import DomainSamples
import EventLog
import Testing

@testable import ReferralWorker
@testable import TaskRuntime

@Suite struct RoutingKeyTests {
    private static let domains = RegistrableDomains()
    private static let home = Partitioner.partition(of: "acme.example", count: 8)
    private let time = ReferralSamples.submission().occurredAt

    /// A partition of eight that is not the account's own.
    private func elsewhere() throws -> ProcessorHarness {
        try ProcessorHarness(worker: .referral, partitions: 8, partition: (Self.home + 1) % 8) {
            ReferralProcessor(state: $0, domains: Self.domains)
        }
    }

    private func expectForwarded(_ payload: some EventPayload) throws {
        let result = try elsewhere().send(payload, key: "as.written.example", at: time)
        let output = try #require(result.outputs.first)
        #expect(output.topic == "tributary.referral.v1")
        #expect(output.key == "acme.example")
        #expect(output.headers.contains { $0.name == HeaderName.forwarded })
        #expect(result.outputs.count == 1)
    }

    @Test func `every event belongs under its account key`() throws {
        let account = AccountReference(key: AccountKey(unchecked: "acme.example"), name: nil)
        let written = AccountReference(key: AccountKey(unchecked: "WWW.Acme.example"), name: nil)
        let id = ReferralID("ref_1")!
        let submission = ReferralSamples.submission(domain: "https://shop.acme.example/")
        try expectForwarded(ReferralSubmitted(submission))
        try expectForwarded(ReferralResubmitted(referral: id, submission: submission))
        try expectForwarded(ReferralWithdrawn(referral: id, account: written, withdrawnBy: "pat", occurredAt: time))
        try expectForwarded(
            ReferralSettled(
                referral: id, account: account, partner: submission.partner, productLine: "core", outcome: .accepted,
                actor: .programme, effectiveAt: time, occurredAt: time))
    }

    @Test func `a submission without an account key stays where it arrived`() throws {
        let result = try elsewhere().send(
            ReferralSubmitted(ReferralSamples.submission(domain: "nonsense")), key: "nonsense", at: time)
        #expect(result.outputs.allSatisfy { $0.topic == "tributary.outcome.v1" })
        #expect(result.deadLetter?.code == .refused)
    }

    @Test(arguments: [(0, 0), (2, 2), (30, 7)])
    func `a partner's date counts back as far as the programme allows`(daysBack: Int, counted: Int) throws {
        var program = ReferralSamples.program()
        program.intake.maximumBackdatingPartnerDays = 7
        let bench = try ReferralBench(program: program)
        let written = ReferralSamples.time("2026-05-10T09:00:00Z")
        let submission = ReferralSamples.submission(at: written - .days(daysBack))
        let result = try bench.harness.send(ReferralSubmitted(submission), key: "acme.example", at: written)
        let evaluated = try #require(try result.payloads(ReferralEvaluated.self).first)
        #expect(evaluated.submittedAt == written - .days(counted))
    }
}
