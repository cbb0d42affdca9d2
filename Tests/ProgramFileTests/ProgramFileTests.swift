import Contracts
import Domain
import ProgramFile
import Testing
import YAML

@Suite struct ProgramFileTests {
    static func failures(_ text: String) -> [String] {
        do throws(YAMLFailure) {
            _ = try ProgramFile(parsing: Array(text.utf8), file: "program.yaml")
            return []
        } catch {
            return error.problems.map(\.description)
        }
    }

    @Test func `what cannot be read is named with line, column and field`() throws {
        let text = SampleProgramText.text
        func changed(_ find: String, _ put: String) -> [String] {
            Self.failures(text.replacing(find, with: put, maxReplacements: 1))
        }
        #expect(
            changed("version: 1\n", "version: one\n") == [
                "program.yaml:5:10: /version: expected an integer of at least 1, found a string"
            ])
        #expect(
            changed("protection:\n  days: 90", "protection:\n  dais: 90") == [
                "program.yaml:135:9: /protection/dais: expected no such field (did you mean `days`?), found an unknown field"
            ])
        #expect(
            changed("rounding: half_even", "rounding: up") == [
                "program.yaml:175:15: /terms/0/rounding: expected one of `half_even`, `half_up`, `down`, found \"up\""
            ])
        #expect(
            changed("sourced_partner_closed_bp: 7000", "sourced_partner_close_bp: 7000") == [
                "program.yaml:163:33: /plays/0/sales_compensation/sourced_partner_close_bp: expected no such field (did you mean `sourced_partner_closed_bp`?), found an unknown field"
            ])
        #expect(
            changed("sourced_partner_closed_bp: 7000", "sourced_partner_closed_bp: 10001") == [
                "program.yaml:163:34: /plays/0/sales_compensation/sourced_partner_closed_bp: expected an integer from 0 to 10000, found 10001"
            ])
        #expect(changed("handoff:", "hand off:").first?.hasPrefix("program.yaml:") == true)
        #expect(Self.failures("a: [").first?.hasPrefix("program.yaml:") == true)
        #expect(Self.failures("a: [").count == 1)
    }

    @Test func `a doubtful value is named with its place`() throws {
        let text = SampleProgramText.text
        let file = try Examples.program(text.replacing("on_overdue: escalate", with: "on_overdue: approve"))
        #expect(
            file.check().map(\.description) == [
                "program.yaml:128:15: warning: /review/on_overdue: approve: what nobody looks at in time is accepted"
            ])
        let split = try Examples.program(
            text.replacing("sourced_partner_closed_bp: 7000", with: "sourced_other_bp: 7000"))
        #expect(
            split.check().map(\.description) == [
                "program.yaml:163:25: warning: /plays/0/sales_compensation/sourced_other_bp: 70% is outside the usual 75% to 80%"
            ])
    }

    @Test func `two versions are compared place by place, named things by their names`() throws {
        let before = try Examples.program(SampleProgramText.text).program
        var after = before
        after.review.hours = 24
        after.terms[0].lines.removeFirst()
        after.terms[1].lines[1].price = .rate(BasisPoints(250))
        after.productLines.append("training")
        after.agreement.exclusivity = nil
        let differences = before.differences(to: after).map(\.description)
        #expect(
            differences.filter { !$0.hasPrefix("/terms/trm_referral:1/lines/sourced_win") } == [
                #"/product_lines: ["platform","analytics","support"] -> ["platform","analytics","support","training"]"#,
                "/review/hours: 48 -> 24",
                "/terms/trm_agency:1/lines/assist/rate_bp: 200 -> 250",
                "/agreement/exclusivity: None on either side -> (nothing)",
            ])
        #expect(differences.contains("/terms/trm_referral:1/lines/sourced_win/credit_fee: true -> (nothing)"))
        #expect(before.differences(to: before) == [])
        var played = before
        played.plays.insert(CoSellingPlay(id: "strategic_accounts", name: "Strategic accounts"), at: 0)
        played.plays[1].salesCompensation[.sourcedPartnerClosed] = BasisPoints(6000)
        #expect(
            before.differences(to: played).map(\.description) == [
                "/plays/competitive_displacement/sales_compensation/sourced_partner_closed_bp: 7000 -> 6000",
                "/plays/strategic_accounts/play_id: (nothing) -> strategic_accounts",
                "/plays/strategic_accounts/name: (nothing) -> Strategic accounts",
            ])
    }
}
