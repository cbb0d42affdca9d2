import Domain
import Testing

@Suite struct ConflictTests {
    static let rules = ConflictRules(appealDays: 14)
    static let first = claim("a", sequence: 1, approved: "2026-01-01")
    static let second = claim("b", sequence: 2, submitted: "2026-01-05")

    static func conflict(direct: Bool = false) -> Conflict {
        var parties = [
            ConflictParty(
                party: .partner(ptr("a")), registration: first.id, submittedAt: first.submittedAt, touches: []),
            ConflictParty(
                party: .partner(ptr("b")), registration: second.id, submittedAt: second.submittedAt, touches: []),
        ]
        if direct { parties.append(ConflictParty(party: .direct, registration: nil, submittedAt: nil, touches: [])) }
        return Conflict(
            id: ConflictID(unchecked: "cnf_1"), account: acme, productLine: "core", cause: .openClaim, parties: parties,
            openedAt: day("2026-01-05"))
    }

    static func decide(
        _ conflict: inout Conflict, _ outcome: ConflictOutcome, winner: Party? = nil, shares: [(String, Int64)] = [],
        evidence: [String] = ["T1"], by actor: String = "psn_1", at time: String = "2026-01-06",
        registrations: [Registration] = [first, second]
    ) throws(ConflictRefusal) -> [RegistrationID: ConflictVerdict] {
        let verdicts = try conflict.decide(
            outcome, winner: winner,
            shares: shares.map { ConflictShare(party: Party(text: $0.0)!, share: BasisPoints($0.1)) },
            evidence: evidence,
            note: nil, actor: Actor(text: actor)!, at: day(time), registrations: registrations, rules: rules)
        return Dictionary(uniqueKeysWithValues: verdicts.map { ($0.registration, $0.verdict) })
    }

    @Test func `the first valid registration wins by position`() throws {
        var conflict = Self.conflict()
        let verdicts = try Self.decide(&conflict, .firstValidRegistration)
        #expect(verdicts == [Self.first.id: .award(share: .whole), Self.second.id: .forfeit])
        #expect(conflict.decision?.winner == .partner(ptr("a")))
        #expect(conflict.state == .decided)
        #expect(conflict.revision == 1)
        #expect(conflict.decision?.appealUntil == day("2026-01-20"))
    }

    @Test func `a withdrawn claim is not the first valid one`() throws {
        var conflict = Self.conflict()
        var withdrawn = Self.first
        withdrawn.state = .withdrawn
        _ = try Self.decide(&conflict, .firstValidRegistration, registrations: [withdrawn, Self.second])
        #expect(conflict.decision?.winner == .partner(ptr("b")))
    }

    @Test(arguments: [RegistrationState.withdrawn, .superseded, .rejected, .revoked])
    func `a party whose claim ended is given nothing, and its claim stays as it is`(state: RegistrationState) throws {
        var ended = Self.first
        ended.state = state
        let claims = [ended, Self.second]
        var conflict = Self.conflict(direct: true)
        let party = Party.partner(ptr("a"))
        #expect(throws: ConflictRefusal.claimEnded(party, field: "/winner")) {
            try Self.decide(&conflict, .customerChoice, winner: party, registrations: claims)
        }
        #expect(throws: ConflictRefusal.claimEnded(party, field: "/shares/0/party")) {
            try Self.decide(&conflict, .split, shares: [("ptr_a", 6000), ("ptr_b", 4000)], registrations: claims)
        }
        #expect(conflict.state == .open)
        let verdicts = try Self.decide(
            &conflict, .split, shares: [("direct", 6000), ("ptr_b", 4000)], registrations: claims)
        #expect(verdicts == [Self.second.id: .award(share: BasisPoints(4000))])
    }

    @Test func `direct activity, the customer's choice and nobody`() throws {
        var conflict = Self.conflict(direct: true)
        #expect(
            try Self.decide(&conflict, .priorDirectActivity) == [Self.first.id: .forfeit, Self.second.id: .forfeit])
        conflict = Self.conflict()
        #expect(
            try Self.decide(&conflict, .customerChoice, winner: .partner(ptr("b")))
                == [Self.first.id: .forfeit, Self.second.id: .award(share: .whole)])
        conflict = Self.conflict()
        #expect(try Self.decide(&conflict, .bothRejected) == [Self.first.id: .forfeit, Self.second.id: .forfeit])
    }

    @Test func `a split awards both their shares`() throws {
        var conflict = Self.conflict()
        let verdicts = try Self.decide(&conflict, .split, shares: [("ptr_a", 4000), ("ptr_b", 6000)])
        #expect(
            verdicts == [
                Self.first.id: .award(share: BasisPoints(4000)), Self.second.id: .award(share: BasisPoints(6000)),
            ])
        #expect(conflict.decision?.shares.map(\.share.value) == [6000, 4000])
    }

    @Test func `what a decision lacks is named`() {
        func refusal(
            _ outcome: ConflictOutcome, winner: Party? = nil, shares: [(String, Int64)] = [],
            evidence: [String] = ["T1"]
        ) -> ConflictRefusal? {
            var conflict = Self.conflict()
            do throws(ConflictRefusal) {
                _ = try Self.decide(&conflict, outcome, winner: winner, shares: shares, evidence: evidence)
                return nil
            } catch { return error }
        }
        #expect(refusal(.bothRejected, evidence: []) == .noEvidence)
        #expect(refusal(.bothRejected, evidence: ["  "]) == .noEvidence)
        #expect(refusal(.customerChoice) == .noWinner)
        #expect(refusal(.customerChoice, winner: .direct) == .notAParty(.direct))
        #expect(refusal(.priorDirectActivity) == .noDirectParty)
        #expect(refusal(.split) == .badShares)
        #expect(refusal(.split, shares: [("ptr_a", 10_000)]) == .badShares)
        #expect(refusal(.split, shares: [("ptr_a", 10_000), ("ptr_b", 0)]) == .badShares)
        #expect(refusal(.split, shares: [("ptr_a", 5000), ("ptr_a", 5000)]) == .badShares)
        #expect(refusal(.split, shares: [("ptr_a", 5000), ("ptr_c", 5000)]) == .notAParty(.partner(ptr("c"))))
        #expect(refusal(.split, shares: [("ptr_a", 5000), ("ptr_b", 4999)]) == .sharesDoNotAddUp(9999))
        #expect(refusal(.bothRejected, shares: [("ptr_a", 5000), ("ptr_b", 5000)]) == .sharesWithoutSplit)
    }

    @Test func `one appeal, in time, by a party, decided by another person`() throws {
        var conflict = Self.conflict()
        func refusal(_ party: Party, at time: String, reason: String = "wrong date") -> ConflictRefusal? {
            do throws(ConflictRefusal) {
                try conflict.appeal(by: party, person: "psn_p", reason: reason, at: day(time))
                return nil
            } catch { return error }
        }
        let loser = Party.partner(ptr("b"))
        #expect(refusal(loser, at: "2026-01-06") == .notDecided(.open))
        _ = try Self.decide(&conflict, .firstValidRegistration)
        #expect(refusal(.direct, at: "2026-01-07") == .notAParty(.direct))
        #expect(refusal(loser, at: "2026-01-20") == .appealTooLate(until: day("2026-01-20")))
        #expect(refusal(loser, at: "2026-01-07", reason: "") == .noReason)
        #expect(refusal(loser, at: "2026-01-19T23:59:59Z") == nil)
        #expect(conflict.state == .appealed)
        #expect(refusal(loser, at: "2026-01-19T23:59:59Z") == .alreadyAppealed)
        #expect(throws: ConflictRefusal.sameDecider(Actor(text: "psn_1")!)) {
            try Self.decide(&conflict, .bothRejected, at: "2026-01-21")
        }
        var lost = Self.second
        lost.state = .rejected
        lost.decision = ClaimDecision(actor: .programme, at: day("2026-01-06"), reason: .protectedByOther)
        let verdicts = try Self.decide(
            &conflict, .customerChoice, winner: loser, by: "psn_2", at: "2026-01-21", registrations: [Self.first, lost])
        #expect(verdicts[lost.id] == .award(share: .whole))
        #expect(conflict.revision == 2)
        #expect(throws: ConflictRefusal.notPending(.decided)) { try Self.decide(&conflict, .bothRejected, by: "psn_3") }
    }
}
