import Testing

@testable import Domain

@Suite struct RoutingTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var fit: Int64
        var intent: Int64
        var tier: Tier = .silver
        var route: ReferralRoute
        var reasons: [RouteReason]
        var testDescription: String { "fit \(fit), intent \(intent), \(tier)" }
    }

    static let rules = RoutingRules(rejectBelowFit: 30, acceptFit: 70, acceptIntent: 50, acceptTiers: [.silver, .gold])

    @Test(arguments: [
        Case(fit: 29, intent: 100, route: .reject, reasons: [.fitTooLow]),
        Case(fit: 30, intent: 100, route: .review, reasons: [.fitBelowAcceptance]),
        Case(fit: 69, intent: 49, route: .review, reasons: [.fitBelowAcceptance, .intentBelowAcceptance]),
        Case(fit: 70, intent: 50, route: .accept, reasons: [.allCriteriaMet]),
        Case(fit: 70, intent: 49, route: .review, reasons: [.intentBelowAcceptance]),
        Case(fit: 100, intent: 100, tier: .registered, route: .review, reasons: [.tierNeedsReview]),
    ])
    func `proposes a route by fit, intent and tier`(_ example: Case) {
        let routing = Routing(
            fit: example.fit, intent: example.intent, tier: example.tier, rules: Self.rules, programVersion: 3)
        #expect(routing.route == example.route)
        #expect(routing.reasons == example.reasons)
        #expect(routing.step.programVersion == 3)
    }

    @Test func `shows the comparisons it made`() {
        let routing = Routing(fit: 72, intent: 40, tier: .silver, rules: Self.rules, programVersion: 1)
        #expect(routing.step.arithmetic == "72 >= 70; 40 < 50")
        #expect(
            Routing(fit: 12, intent: 40, tier: .silver, rules: Self.rules, programVersion: 1).step.arithmetic
                == "12 < 30")
    }
}
