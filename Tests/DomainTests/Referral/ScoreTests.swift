import DomainSamples
import Testing

@testable import Domain

@Suite struct ScoreTests {
    private func score(_ change: (inout ReferralSubmission) -> Void) -> Score {
        var submission = ReferralSamples.submission()
        change(&submission)
        return Score(of: submission, by: ReferralSamples.fit, submittedAt: submission.occurredAt)
    }

    @Test func `weights every criterion and rounds down`() {
        let full = score { _ in }
        #expect(full.value == 100)
        #expect(full.contributions.map(\.points) == [100, 100])
        let mixed = score {
            $0.account.employees = 100
            $0.account.industry = "Retail"
        }
        #expect(mixed.contributions.map(\.points) == [60, 40])
        #expect(mixed.value == (30 * 60 + 20 * 40) / 50)
    }

    @Test func `gives nothing for what is missing or matches no row`() {
        let missing = score {
            $0.account.employees = nil
            $0.account.industry = "software"
        }
        #expect(missing.contributions[0] == .init(criterion: "size", weight: 30, points: 0, found: nil))
        #expect(missing.value == 40)
        #expect(score { $0.account.employees = 10 }.contributions[0].points == 0)
    }

    @Test(arguments: [(199, 60), (200, 100), (999, 100), (1000, 0), (49, 0), (50, 60)])
    func `a row of numbers takes its lower end and stops before its upper one`(employees: Int64, points: Int64) {
        #expect(score { $0.account.employees = employees }.contributions[0].points == points)
    }

    @Test func `prints a calculation that gives the score again`() throws {
        let mixed = score { $0.account.employees = 100 }
        #expect(mixed.arithmetic == "floor((30 x 60 + 20 x 100) / (30 + 20)) = 76")
        #expect(mixed.step(rule: "fit_score", programVersion: 7).programVersion == 7)
        #expect(mixed.step(rule: "fit_score", programVersion: 7).text.contains("size 100 gives 60 points at weight 30"))
    }

    @Test func `scores nothing without criteria`() {
        let none = Score(of: ReferralSamples.submission(), by: [], submittedAt: ReferralSamples.start)
        #expect(none.value == 0)
        #expect(none.arithmetic == "0 = 0")
    }

    private func value(_ subject: ScoringCriterion.Subject, _ change: (inout ReferralSubmission) -> Void = { _ in })
        -> String?
    {
        var submission = ReferralSamples.submission(at: ReferralSamples.time("2026-03-10T23:00:00Z"))
        change(&submission)
        return submission.value(of: subject, submittedAt: submission.occurredAt)?.description
    }

    @Test func `looks at what each subject names`() {
        #expect(value(.employees) == "250")
        #expect(value(.industry) == "`Software`")
        #expect(value(.country) == "`DE`")
        #expect(value(.annualRevenue) == "5000000")
        #expect(value(.budget) == "48000")
        #expect(value(.budget) { $0.deal.firstYearValue = StatedAmount(minor: 500, currencyCode: "JPY") } == "500")
        #expect(value(.budget) { $0.deal.firstYearValue = StatedAmount(minor: 500, currencyCode: "ZZZ") } == nil)
        #expect(value(.intent) == "`urgent`")
        #expect(value(.timeline) == "83")
        #expect(value(.timeline) { $0.deal.expectedClose = nil } == nil)
        #expect(value(.contactTitle) == "`Head of IT`")
    }

    @Test(arguments: [
        ("it", "Head of IT", true), ("head of", "HEAD of IT", true), ("it", "Digital lead", false),
        ("cto", "CTO/founder", true), ("*", "anything", true), ("", "anything", false),
    ])
    func `finds a title's words, not its letters`(word: String, title: String, matches: Bool) {
        #expect(
            (PointRow.points(for: .words(FoldedWords(title)), in: [ReferralSamples.row([word], 50)]) == 50) == matches)
    }

    @Test func `compares texts whole and without regard to case`() {
        let rows = [
            ReferralSamples.row(["software"], 1), ReferralSamples.row(["Straße", "ÉCOLE"], 2),
            ReferralSamples.row(["*"], 3),
        ]
        #expect(PointRow.points(for: .text("SOFTWARE"), in: rows) == 1)
        #expect(PointRow.points(for: .text("école"), in: rows) == 2)
        #expect(PointRow.points(for: .text("software house"), in: rows) == 3)
        #expect(PointRow.points(for: .text("software house"), in: Array(rows.prefix(2))) == nil)
        #expect(PointRow.points(for: .number(3), in: rows) == nil)
    }
}
