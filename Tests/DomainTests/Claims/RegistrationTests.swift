import Domain
import Testing

@Suite struct RegistrationTests {
    /// Every transition that is allowed; all others must be refused by name.
    static let allowed: [RegistrationState: [RegistrationTransition: RegistrationState]] = [
        .submitted: [
            .beginReview: .inReview, .approve: .approved, .reject: .rejected, .withdraw: .withdrawn, .award: .approved,
            .forfeit: .rejected,
        ],
        .inReview: [
            .approve: .approved, .reject: .rejected, .return: .returned, .withdraw: .withdrawn, .award: .approved,
            .forfeit: .rejected,
        ],
        .returned: [
            .reject: .rejected, .resubmit: .submitted, .withdraw: .withdrawn, .award: .approved, .forfeit: .rejected,
        ],
        .approved: [
            .withdraw: .withdrawn, .convert: .converted, .expire: .expired, .revoke: .revoked, .supersede: .superseded,
            .award: .approved, .forfeit: .revoked,
        ],
        .converted: [
            .withdraw: .withdrawn, .win: .won, .lose: .lost, .revoke: .revoked, .award: .converted, .forfeit: .revoked,
        ],
        .won: [.award: .won, .forfeit: .won],
        .lost: [.award: .lost, .forfeit: .lost],
        .expired: [.convert: .converted, .award: .expired, .forfeit: .expired],
        .rejected: [.award: .approved, .forfeit: .rejected],
        .revoked: [.award: .approved, .forfeit: .revoked],
    ]

    @Test(arguments: RegistrationState.allCases)
    func `a claim moves as the rules allow and no other way`(state: RegistrationState) throws {
        for transition in RegistrationTransition.allCases {
            if let next = Self.allowed[state]?[transition] {
                #expect(try state.after(transition) == next)
            } else {
                #expect(throws: IllegalRegistrationTransition(state: state, transition: transition)) {
                    try state.after(transition)
                }
            }
        }
    }

    @Test(arguments: [
        (PartnerType.referral, Tier.silver, 90), (.reseller, .silver, 60), (.reseller, .platinum, 120),
    ])
    func `protection lasts as the programme says for type and tier`(type: PartnerType, tier: Tier, days: Int) {
        let window = ProtectionWindow(approvedAt: day("2026-01-01"), rules: sampleProtection, type: type, tier: tier)
        #expect(window.end == day("2026-01-01") + .days(days))
        #expect(window.covers(window.start))
        #expect(!window.covers(window.end))
        #expect(window.reminder(rules: sampleProtection) == window.end - .days(14))
    }

    @Test func `a window shorter than the reminder's lead has no reminder`() {
        let window = ProtectionWindow(start: day("2026-01-01"), end: day("2026-01-10"))
        #expect(window.reminder(rules: sampleProtection) == nil)
    }

    @Test func `a review is due by tier and reminds at half time`() {
        let rules = ReviewRules(hours: 48, priorityHours: 24, priorityTiers: [.gold], onOverdue: .escalate)
        let normal = ReviewClock(openedAt: day("2026-01-01"), rules: rules, tier: .silver)
        #expect(normal.due == day("2026-01-03"))
        #expect(normal.reminder == day("2026-01-02"))
        #expect(ReviewClock(openedAt: day("2026-01-01"), rules: rules, tier: .gold).due == day("2026-01-02"))
    }

    @Test func `an approved extension moves the end of the window`() throws {
        var registration = claim("a", approved: "2026-01-01")
        try registration.requestExtension(
            at: day("2026-03-31"), by: "psn_p", reason: "slow buyer", rules: sampleProtection, due: day("2026-04-02"))
        #expect(registration.isOpen(at: day("2026-06-01")), "asked for in time, not decided yet")
        let end = try #require(registration.window?.end)
        try registration.decideExtension(
            ExtensionDecision(isApproved: true, actor: .programme, at: day("2026-04-05"), note: nil))
        #expect(registration.window?.end == end + .days(30))
        #expect(!registration.isOpen(at: end + .days(30)))
    }

    @Test func `a refused extension leaves the end where it was`() throws {
        var registration = claim("a", approved: "2026-01-01")
        let end = registration.window?.end
        try registration.requestExtension(
            at: day("2026-03-31"), by: "psn_p", reason: "slow", rules: sampleProtection, due: day("2026-04-02"))
        try registration.decideExtension(
            ExtensionDecision(isApproved: false, actor: .programme, at: day("2026-04-05"), note: nil))
        #expect(registration.window?.end == end)
    }

    @Test(arguments: [RegistrationState.revoked, .withdrawn, .superseded])
    func `an extension of a claim that ended meanwhile is refused, and not granted`(state: RegistrationState) throws {
        var registration = claim("a", approved: "2026-01-01")
        let end = registration.window?.end
        try registration.requestExtension(
            at: day("2026-02-01"), by: "psn_p", reason: "slow", rules: sampleProtection, due: day("2026-02-03"))
        registration.state = state
        #expect(throws: ExtensionRefusal.notProtected(state)) {
            try registration.decideExtension(
                ExtensionDecision(isApproved: true, actor: .programme, at: day("2026-02-02"), note: nil))
        }
        try registration.decideExtension(
            ExtensionDecision(isApproved: false, actor: .programme, at: day("2026-02-02"), note: nil))
        #expect(registration.window?.end == end)
    }

    @Test func `an extension is refused late, without a reason, twice at once, too often and without protection`()
        throws
    {
        var registration = claim("a", approved: "2026-01-01")
        func refusal(at time: String, _ reason: String = "slow") -> ExtensionRefusal? {
            do throws(ExtensionRefusal) {
                try registration.requestExtension(
                    at: day(time), by: "psn_p", reason: reason, rules: sampleProtection, due: day(time) + .days(2))
                return nil
            } catch { return error }
        }
        let end = try #require(registration.window?.end)
        #expect(refusal(at: "2026-04-01") == .tooLate(end: end))
        #expect(refusal(at: "2026-02-01", "  ") == .noReason)
        #expect(refusal(at: "2026-02-01") == nil)
        #expect(refusal(at: "2026-02-02") == .alreadyPending)
        let yes = ExtensionDecision(isApproved: true, actor: .programme, at: day("2026-02-03"), note: nil)
        try registration.decideExtension(yes)
        registration.state = .converted
        #expect(refusal(at: "2026-03-01") == nil, "a converted claim may be extended too")
        try registration.decideExtension(yes)
        #expect(refusal(at: "2026-03-02") == .tooMany(maximum: 2))
        #expect(throws: ExtensionRefusal.nothingPending) { try registration.decideExtension(yes) }
        registration.state = .inReview
        #expect(refusal(at: "2026-03-02") == .notProtected(.inReview))
    }

    @Test(arguments: [
        (RegistrationState.inReview, Partner.Status.ended, PartnerEndRule.Effect.reject),
        (.returned, .endedForCause, .reject), (.approved, .ended, .revoke),
        (.converted, .ended, .keepUntil(day("2026-06-30"))), (.won, .ended, .none), (.expired, .ended, .none),
        (.inReview, .paused, .none), (.approved, .paused, .none), (.approved, .active, .none),
    ])
    func `the end of a partner ends open claims and keeps converted ones for the tail`(
        state: RegistrationState, status: Partner.Status, effect: PartnerEndRule.Effect
    ) {
        let rules = PartnerEndRules(tailDays: 90)
        #expect(PartnerEndRule.effect(on: state, of: status, endedAt: day("2026-04-01"), rules: rules) == effect)
    }

    @Test func `after the partner's end a converted claim attributes up to the tail`() {
        var registration = claim("a", approved: "2026-01-01")
        registration.state = .converted
        registration.tailUntil = day("2026-02-01")
        #expect(registration.attributes(closedAt: day("2026-02-01")))
        #expect(!registration.attributes(closedAt: day("2026-02-02")))
    }
}
