import Contracts
import Domain
import EventLog
import Foundation
import JSON
import Testing
import YAML

@testable import Importing

@Suite struct PolicyTests {
    private let catalogue = TopicCatalogue(prefix: "t", partitions: 2)
    private let account = AccountReference(key: AccountKey(unchecked: "firm.example"), name: nil)
    private let start = Timestamp(millisecondsSince1970: 1_735_776_000_000)

    private func log() throws -> MemoryLog {
        let log = MemoryLog()
        try log.createTopics(catalogue.specifications)
        return log
    }

    private func record<Payload: Fact>(_ fact: Payload, in log: MemoryLog) throws {
        let topic = catalogue.name(of: .outcome)
        let envelope = EventEnvelope(id: "x", source: "/tributary/x", type: Payload.type, time: fact.occurredAt)
        _ = try log.append([
            CloudEventCodec.encode(
                envelope, data: JSONEncoding.encode(fact), topic: topic,
                partition: Partitioner.partition(of: fact.entityID, count: 2), key: fact.entityID)
        ])
    }

    private func review(
        _ id: String, kind: ReviewFact.Kind = .introduction, state: ReviewFact.State = .open,
        reasons: [RejectReason] = [], registration: String? = nil
    ) throws -> ReviewFact {
        ReviewFact(
            id: id, kind: kind, state: state, account: account, productLine: "p",
            partner: PartnerID("ptr_1"), referral: ReferralID(id),
            registration: registration.flatMap { RegistrationID($0) }, openedAt: start, due: start + .hours(48),
            proposedReasons: reasons, explanation: [], occurredAt: start)
    }

    private func conflict(_ id: String, direct: Bool = false) throws -> Conflict {
        var parties = try ["ptr_1", "ptr_2"].map { name in
            ConflictParty(
                party: .partner(try #require(PartnerID(name))), registration: RegistrationID("reg_\(name)"),
                submittedAt: start, touches: [])
        }
        if direct {
            parties[1] = ConflictParty(
                party: .direct, registration: nil, submittedAt: nil,
                touches: [
                    DatedTouch(
                        id: try #require(TouchID("T1")), kind: .email, occurredAt: start, isConfirmed: true)
                ])
        }
        return Conflict(
            id: try #require(ConflictID(id)), account: account, productLine: "p",
            cause: direct ? .directActivity : .openClaim, parties: parties, openedAt: start)
    }

    private func runner(_ policy: String, _ log: MemoryLog) throws -> PolicyRunner {
        PolicyRunner(
            policy: try Policy(parsing: Array(policy.utf8), file: "p.yaml"), log: log, catalogue: catalogue)
    }

    private let policy = """
        policy: test
        reviews:
          - {name: old, when: {hours: {from: 30}}, decide: reject, reason: other}
          - {name: known, when: {reasons: [existing_customer]}, decide: reject, reason: existing_customer}
          - {name: claims, when: {kinds: [claim]}, decide: accept, note: fine}
          - {name: longer, when: {kinds: [extension]}, decide: reject}
        conflicts:
          - {name: direct, when: {direct: true}, outcome: prior_direct_activity}
          - {name: halves, when: {appeal: true}, outcome: split, shares_bp: [7000, 3000]}
          - {name: chosen, outcome: customer_choice, winner: second}
        appeals:
          - {name: lost, when: {hours: {from: 24}}, reason: we were first}
        """

    @Test func `the first rule that holds decides, what none fits waits`() throws {
        let log = try log()
        try record(try review("ref_a", reasons: [.existingCustomer]), in: log)
        try record(try review("ref_b", kind: .claim, registration: "reg_b"), in: log)
        try record(try review("ref_c"), in: log)
        try record(try review("ref_d", kind: .claim, state: .stopped), in: log)
        try record(try review("ref_e", kind: .claim), in: log)
        try record(try review("ref_e", kind: .claim, state: .closed), in: log)
        let runner = try runner(policy, log)
        let decisions = try runner.decide(at: start + .hours(1))
        #expect(decisions.map(\.rule) == ["known", "claims"])
        #expect(decisions.map(\.event.type) == [ReviewDecided.type, ReviewDecided.type])
        let rejected = try JSONDocument.decode(ReviewDecided.self, from: decisions[0].event.payload)
        #expect(rejected.decision == .reject && rejected.reason == .existingCustomer)
        #expect(rejected.actor == .policy("test") && rejected.occurredAt == start + .hours(1))
        let accepted = try JSONDocument.decode(ReviewDecided.self, from: decisions[1].event.payload)
        #expect(accepted.registration?.text == "reg_b" && accepted.note == "fine" && accepted.reason == nil)
        #expect(decisions[1].event.key == "firm.example" && decisions[1].event.source == "/policy/test")
        #expect(runner.hasUnsettled && runner.isWaiting)
        #expect(try runner.decide(at: start + .hours(2)).isEmpty, "nothing is decided twice")
        #expect(try runner.decide(at: start + .hours(31)).map(\.rule) == ["old"])
    }

    @Test func `a conflict is decided with its own evidence, an appeal by another actor`() throws {
        let log = try log()
        var open = try conflict("cnf_a")
        try record(ConflictFact(change: "opened", conflict: open, explanation: [], occurredAt: start), in: log)
        let direct = try conflict("cnf_b", direct: true)
        try record(ConflictFact(change: "opened", conflict: direct, explanation: [], occurredAt: start), in: log)
        let runner = try runner(policy, log)
        let decisions = try runner.decide(at: start)
        let decided = try decisions.map { try JSONDocument.decode(ConflictDecided.self, from: $0.event.payload) }
        #expect(decided.map(\.outcome) == [.customerChoice, .priorDirectActivity])
        #expect(decided[0].winner?.text == "ptr_2" && decided[0].evidence == ["reg_ptr_1", "reg_ptr_2"])
        #expect(decided[1].evidence == ["reg_ptr_1", "T1"])

        open.state = .decided
        open.revision = 1
        open.decision = ConflictDecision(
            outcome: .customerChoice, winner: decided[0].winner, shares: [], evidence: ["x"], note: nil,
            actor: .policy("test"), at: start, appealUntil: start + .days(14))
        try record(ConflictFact(change: "decided", conflict: open, explanation: [], occurredAt: start), in: log)
        #expect(try runner.decide(at: start + .hours(3)).isEmpty, "the appeal's rule asks for a day")
        let appeal = try #require(try runner.decide(at: start + .hours(25)).first)
        let appealed = try JSONDocument.decode(ConflictAppealed.self, from: appeal.event.payload)
        #expect(appealed.party.text == "ptr_1" && appealed.reason == "we were first")

        open.state = .appealed
        open.appeal = ConflictAppeal(
            party: appealed.party, by: "ptr_1", at: start + .hours(25), reason: "x", against: .policy("test"))
        try record(ConflictFact(change: "appealed", conflict: open, explanation: [], occurredAt: start), in: log)
        let last = try #require(try runner.decide(at: start + .hours(26)).first)
        let final = try JSONDocument.decode(ConflictDecided.self, from: last.event.payload)
        #expect(final.outcome == .split && final.shares.map(\.share.value) == [7000, 3000])
        #expect(final.actor == .policy("test-appeal"))
    }

    @Test func `a rule that cannot be about a conflict's parties is passed over`() throws {
        let log = try log()
        var twice = try conflict("cnf_c")
        twice.parties[1].party = twice.parties[0].party
        try record(ConflictFact(change: "opened", conflict: twice, explanation: [], occurredAt: start), in: log)
        let rules = """
            policy: test
            conflicts:
              - {name: halves, outcome: split, shares_bp: [5000, 5000]}
              - {name: second, outcome: customer_choice, winner: second}
              - {name: direct, outcome: prior_direct_activity}
              - {name: rest, outcome: both_rejected}
            """
        #expect(try runner(rules, log).decide(at: start).map(\.rule) == ["rest"])
    }

    @Test func `a started-anew policy makes the same events at the same time`() throws {
        let log = try log()
        try record(try review("ref_b", kind: .claim), in: log)
        let first = try runner(policy, log).decide(at: start)
        #expect(try runner(policy, log).decide(at: start) == first)
        #expect(first.count == 1)
    }

    @Test func `a share is a stable part of all cases`() {
        let share = PolicyShare(from: 0, below: 2_500)
        let chosen = (0..<4_000).filter { share.contains("ref_\($0)", salt: "a") }
        #expect((900...1_100).contains(chosen.count))
        let rest = PolicyShare(from: 2_500, below: 10_000)
        #expect(
            (0..<4_000).allSatisfy { share.contains("ref_\($0)", salt: "a") != rest.contains("ref_\($0)", salt: "a") })
    }

    @Test(arguments: [
        ("policy: a\nreviews: [{name: x, decide: reject}]\n", "p.yaml:2:11: /reviews/0/reason: expected a reason"),
        (
            "policy: a\nconflicts: [{name: x, outcome: split, shares_bp: [5000, 4000]}]\n",
            "/conflicts/0/shares_bp: expected two or more shares that add up to 10000"
        ),
        ("policy: a\nconflicts: [{name: x, outcome: customer_choice}]\n", "/conflicts/0/winner: expected whom"),
        ("policy: a\nreview: []\n", "expected no such field (did you mean `reviews`?)"),
        ("policy: a b\n", "/policy: expected a name of letters"),
    ])
    func `a broken policy names what is wrong`(text: String, expected: String) throws {
        let failure = try #require(throws: YAMLFailure.self) {
            _ = try Policy(parsing: Array(text.utf8), file: "p.yaml")
        }
        #expect(failure.description.contains(expected), "\(failure)")
    }

    @Test func `the shipped policy is one`() throws {
        let bytes = Array(try Data(contentsOf: URL(filePath: "\(repositoryRoot)/Examples/policy.yaml")))
        let policy = try Policy(parsing: bytes, file: "policy.yaml")
        #expect(policy.actor == .policy("sample"))
        #expect(Set(policy.conflicts.map(\.outcome)) == Set(ConflictOutcome.allCases))
        #expect(Set(policy.reviews.map(\.decision)) == [.accept, .reject, .return])
    }
}
