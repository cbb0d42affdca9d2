import Domain
import Testing

@Suite struct ClaimCheckTests {
    struct StageCase: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var claimed: RegistrationStage
        var touches: [Touch] = []
        var opportunities: [Opportunity] = []
        var stage: RegistrationStage
        var finding: ClaimCheck.Finding = .clear
    }

    static let stages: [StageCase] = [
        StageCase(testDescription: "nothing known", claimed: .beforeContact, stage: .beforeContact),
        StageCase(
            testDescription: "direct meeting before", claimed: .beforeContact,
            touches: [touch("T1", "direct", .meeting, on: "2025-06-01")], stage: .afterFirstMeeting),
        StageCase(
            testDescription: "direct demo before", claimed: .beforeContact,
            touches: [touch("T1", "direct", .demo, on: "2025-12-31")], stage: .afterFirstMeeting),
        StageCase(
            testDescription: "direct meeting after", claimed: .beforeContact,
            touches: [touch("T1", "direct", .meeting, on: "2026-01-01")], stage: .beforeContact),
        StageCase(
            testDescription: "direct meeting about another line", claimed: .beforeContact,
            touches: [touch("T1", "direct", .meeting, on: "2025-12-01", line: "other")], stage: .beforeContact),
        StageCase(
            testDescription: "a partner's own meeting", claimed: .beforeContact,
            touches: [touch("T1", "ptr_a", .meeting, on: "2025-12-01")], stage: .beforeContact),
        StageCase(
            testDescription: "proposal before", claimed: .beforeContact,
            opportunities: [deal(stage: .proposal, created: "2025-12-01", seen: "2025-12-20")], stage: .lateStage),
        StageCase(
            testDescription: "proposal before, claimed after the first meeting", claimed: .afterFirstMeeting,
            opportunities: [deal(stage: .negotiation, created: "2025-12-01", seen: "2025-12-20")], stage: .lateStage),
        StageCase(
            testDescription: "proposal after", claimed: .beforeContact,
            opportunities: [deal(stage: .proposal, created: "2025-12-01", seen: "2026-01-02")], stage: .beforeContact),
        StageCase(
            testDescription: "discovery before", claimed: .beforeContact,
            opportunities: [deal(stage: .discovery, created: "2025-12-01", seen: "2025-12-20")], stage: .beforeContact),
        StageCase(
            testDescription: "deal closed before", claimed: .beforeContact,
            opportunities: [deal(stage: .closedWon, created: "2025-06-01", closed: "2025-12-20")], stage: .beforeContact
        ),
        StageCase(
            testDescription: "meeting and proposal", claimed: .beforeContact,
            touches: [touch("T1", "direct", .meeting, on: "2025-06-01")],
            opportunities: [deal(stage: .proposal, created: "2025-12-01", seen: "2025-12-20")], stage: .lateStage),
        StageCase(
            testDescription: "direct mail in the last 90 days", claimed: .beforeContact,
            touches: [touch("T1", "direct", .email, on: "2025-10-03")], stage: .beforeContact,
            finding: .directActivity([TouchID(unchecked: "T1")])),
        StageCase(
            testDescription: "direct mail longer ago", claimed: .beforeContact,
            touches: [touch("T1", "direct", .email, on: "2025-10-02")], stage: .beforeContact),
        StageCase(
            testDescription: "direct mail against a later stage", claimed: .afterFirstMeeting,
            touches: [touch("T1", "direct", .email, on: "2025-12-01")], stage: .afterFirstMeeting),
        StageCase(
            testDescription: "a downgrade does not hide other activity", claimed: .beforeContact,
            touches: [
                touch("T1", "direct", .meeting, on: "2025-06-01"), touch("T2", "direct", .call, on: "2025-12-01"),
            ], stage: .afterFirstMeeting, finding: .directActivity([TouchID(unchecked: "T2")])),
        StageCase(
            testDescription: "an unregistered claim has its own stage", claimed: .unregisteredClaim,
            touches: [touch("T1", "direct", .email, on: "2025-12-01"), touch("T2", "direct", .demo, on: "2025-12-01")],
            stage: .unregisteredClaim),
    ]

    @Test(arguments: stages)
    func `a stage is held against what is dated before the submission`(row: StageCase) {
        let check = ClaimCheck(
            claim("a", stage: row.claimed), others: [], touches: row.touches, opportunities: row.opportunities,
            rules: sampleProtection, programVersion: 3, now: day("2026-01-01"))
        #expect(check.stage == row.stage)
        #expect(check.finding == row.finding)
    }

    @Test func `a downgrade says why`() throws {
        let check = ClaimCheck(
            claim("a"), others: [], touches: [touch("T1", "direct", .meeting, on: "2025-06-01")], opportunities: [],
            rules: sampleProtection, programVersion: 3, now: day("2026-01-01"))
        let step = try #require(check.steps.first)
        #expect(step.text.contains("before_contact") && step.text.contains("after_first_meeting"))
        #expect(step.text.contains("2025-06-01"))
        #expect(step.programVersion == 3)
    }

    struct RivalCase: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var other: Registration
        var conflicts: Bool
    }

    static func altered(_ registration: Registration, _ change: (inout Registration) -> Void) -> Registration {
        var copy = registration
        change(&copy)
        return copy
    }

    static let rivals: [RivalCase] = [
        RivalCase(testDescription: "undecided", other: claim("b", sequence: 1), conflicts: true),
        RivalCase(testDescription: "protected", other: claim("b", approved: "2025-12-01"), conflicts: true),
        RivalCase(
            testDescription: "converted and protected",
            other: altered(claim("b", approved: "2025-12-01")) { $0.state = .converted }, conflicts: true),
        RivalCase(testDescription: "window ended", other: claim("b", approved: "2025-09-01"), conflicts: false),
        RivalCase(
            testDescription: "rejected", other: altered(claim("b")) { $0.state = .rejected }, conflicts: false),
        RivalCase(
            testDescription: "won", other: altered(claim("b", approved: "2025-12-01")) { $0.state = .won },
            conflicts: false),
        RivalCase(
            testDescription: "revoked", other: altered(claim("b", approved: "2025-12-01")) { $0.state = .revoked },
            conflicts: false),
        RivalCase(
            testDescription: "the same partner", other: claim("a", sequence: 0, approved: "2025-12-01"),
            conflicts: false),
        RivalCase(
            testDescription: "another product line", other: altered(claim("b")) { $0.productLine = "other" },
            conflicts: false),
        RivalCase(
            testDescription: "a claim on a closed deal",
            other: claim("b", stage: .unregisteredClaim, opportunity: "O1"),
            conflicts: false),
    ]

    @Test(arguments: rivals)
    func `another partner's open claim is a conflict`(row: RivalCase) {
        let check = ClaimCheck(
            claim("a", sequence: 2), others: [row.other], touches: [touch("T1", "direct", .email, on: "2025-12-01")],
            opportunities: [], rules: sampleProtection, programVersion: 1, now: day("2026-01-01"))
        let expected: ClaimCheck.Finding =
            row.conflicts ? .openClaims([row.other.id]) : .directActivity([TouchID(unchecked: "T1")])
        #expect(check.finding == expected)
    }

    struct LateClaimCase: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var claim: Registration
        var opportunity = deal(stage: .closedWon, closed: "2026-02-01")
        var isSourced = false
        var reason: RejectReason?
    }

    static let proof = Evidence(kind: .meeting, occurredAt: day("2026-01-20"), reference: "mail 1")

    static func late(
        submitted: String = "2026-03-01", opportunity: String? = "O1", evidence: [Evidence] = [proof]
    ) -> Registration {
        DomainTests.claim(
            "a", submitted: submitted, stage: .unregisteredClaim, opportunity: opportunity, evidence: evidence)
    }

    @Test(arguments: [
        LateClaimCase(testDescription: "in time, with evidence", claim: late()),
        LateClaimCase(testDescription: "on the last day", claim: late(submitted: "2026-05-02")),
        LateClaimCase(testDescription: "a day later", claim: late(submitted: "2026-05-03"), reason: .invalid),
        LateClaimCase(
            testDescription: "names no deal", claim: late(opportunity: nil), reason: .insufficientInformation),
        LateClaimCase(
            testDescription: "names an unknown deal", claim: late(opportunity: "O9"), reason: .insufficientInformation),
        LateClaimCase(testDescription: "without evidence", claim: late(evidence: []), reason: .insufficientInformation),
        LateClaimCase(
            testDescription: "with evidence from after the close",
            claim: late(evidence: [Evidence(kind: .email, occurredAt: day("2026-02-01"), reference: "x")]),
            reason: .insufficientInformation),
        LateClaimCase(
            testDescription: "deal still open", claim: late(), opportunity: deal(stage: .proposal), reason: .invalid),
        LateClaimCase(
            testDescription: "somebody sourced it", claim: late(), isSourced: true, reason: .alreadyAttributed),
    ])
    func `a claim after the close is checked by itself`(row: LateClaimCase) throws {
        var attribution: Attribution?
        if row.isSourced {
            attribution = try AttributionFixture(opportunity: row.opportunity).attribution()
            attribution?.revenueClass = .sourced
        }
        var reason: RejectReason?
        do throws(UnregisteredClaimRule.Refusal) {
            try UnregisteredClaimRule.check(
                row.claim, opportunities: [row.opportunity], attribution: attribution, rules: sampleProtection)
        } catch {
            reason = error.reason
            #expect(!error.description.isEmpty)
        }
        #expect(reason == row.reason)
    }
}
