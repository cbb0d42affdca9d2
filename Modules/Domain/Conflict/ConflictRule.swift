/// Why a command about a conflict is refused.
package enum ConflictRefusal: Error, Sendable, Hashable, CustomStringConvertible {
    case notPending(Conflict.State)
    case noEvidence
    /// `customer_choice` names the party that the customer chose.
    case noWinner
    case notAParty(Party)
    /// The named party gave its claim back, or lost it for another reason than this conflict.
    case claimEnded(Party, field: String)
    case noDirectParty
    case noValidRegistration
    /// Shares of a split: of at least two parties of the conflict, one of them a partner, each once and positive.
    case badShares
    case sharesDoNotAddUp(Int64)
    case sharesWithoutSplit
    case sameDecider(Actor)
    case notDecided(Conflict.State)
    case alreadyAppealed
    case appealTooLate(until: Timestamp)
    case noReason

    package var description: String {
        switch self {
        case .notPending(let state): "a conflict that is \(state.rawValue) cannot be decided"
        case .noEvidence: "a decision names the evidence that it rests on"
        case .noWinner: "customer_choice names the winner"
        case .notAParty(let party): "\(party) is no party of the conflict"
        case .claimEnded(let party, let field): "\(field): \(party) has no claim left to be given the account"
        case .noDirectParty: "the direct team is no party of the conflict"
        case .noValidRegistration: "no party has a valid registration"
        case .badShares: "a split names at least two parties of the conflict, each once, with positive shares"
        case .sharesDoNotAddUp(let sum): "the shares add up to \(sum), not to 10000"
        case .sharesWithoutSplit: "only a split has shares"
        case .sameDecider(let actor): "\(actor) decided before; an appeal is decided by another person"
        case .notDecided(let state): "a conflict that is \(state.rawValue) cannot be appealed"
        case .alreadyAppealed: "a conflict is appealed once"
        case .appealTooLate(let until): "an appeal had to come before \(until)"
        case .noReason: "an appeal needs a reason"
        }
    }
}

/// What a decision does to one party's claim.
package enum ConflictVerdict: Sendable, Hashable {
    case award(share: BasisPoints)
    case forfeit
}

extension Conflict {
    /// Decides the conflict, or the appeal against its first decision.
    ///
    /// - Parameter registrations: the parties' claims as they stand.
    /// - Returns: what it means for each partner's claim that still stands, in order of the parties.
    package mutating func decide(
        _ outcome: ConflictOutcome, winner: Party?, shares: [ConflictShare], evidence: [String], note: String?,
        actor: Actor, at time: Timestamp, registrations: [Registration], rules: ConflictRules
    ) throws(ConflictRefusal) -> [(registration: RegistrationID, verdict: ConflictVerdict)] {
        guard state.isPending else { throw .notPending(state) }
        guard evidence.contains(where: { $0.contains { !$0.isWhitespace } }) else { throw .noEvidence }
        if let appeal, appeal.against == actor { throw .sameDecider(actor) }
        if outcome != .split, !shares.isEmpty { throw .sharesWithoutSplit }
        let standing = registrations.filter { claim in
            parties.contains { $0.registration == claim.id } && isValid(claim)
        }
        let keeper = try keeper(of: outcome, named: winner, standing: standing)
        if outcome == .split { try check(shares, standing: standing) }
        let sorted = shares.sorted { ($1.share.value, $0.party.text) < ($0.share.value, $1.party.text) }
        decision = ConflictDecision(
            outcome: outcome, winner: keeper, shares: sorted, evidence: evidence, note: note, actor: actor, at: time,
            appealUntil: time + .days(Int(rules.appealDays)))
        state = .decided
        isFinal = appeal != nil
        revision += 1
        reviewDue = nil
        return parties.compactMap { party in
            guard let registration = party.registration, standing.contains(where: { $0.id == registration }) else {
                return nil
            }
            if let share = sorted.first(where: { $0.party == party.party })?.share {
                return (registration, .award(share: share))
            }
            return (registration, party.party == keeper ? .award(share: .whole) : .forfeit)
        }
    }

    /// Who keeps the account; `nil` for a split and for `both_rejected`.
    private func keeper(
        of outcome: ConflictOutcome, named winner: Party?, standing: [Registration]
    ) throws(ConflictRefusal) -> Party? {
        switch outcome {
        case .firstValidRegistration:
            guard let first = standing.min(by: { $0.sequence < $1.sequence }) else { throw .noValidRegistration }
            return .partner(first.partner)
        case .priorDirectActivity:
            guard party(.direct) != nil else { throw .noDirectParty }
            return .direct
        case .customerChoice:
            guard let winner else { throw .noWinner }
            guard party(winner) != nil else { throw .notAParty(winner) }
            guard holds(winner, standing) else { throw .claimEnded(winner, field: "/winner") }
            return winner
        case .split, .bothRejected:
            return nil
        }
    }

    /// Neither given back nor lost for another reason than this conflict.
    private func isValid(_ claim: Registration) -> Bool {
        if claim.state == .withdrawn || claim.state == .superseded { return false }
        guard claim.state == .rejected || claim.state == .revoked else { return true }
        return revision > 0 && claim.decision?.reason == .protectedByOther
    }

    /// Whether there is anything that the party could be given: the direct team needs no claim.
    private func holds(_ party: Party, _ standing: [Registration]) -> Bool {
        party == .direct || standing.contains { .partner($0.partner) == party }
    }

    private func check(_ shares: [ConflictShare], standing: [Registration]) throws(ConflictRefusal) {
        guard shares.count >= 2, shares.allSatisfy({ $0.share.value > 0 }),
            Set(shares.map(\.party)).count == shares.count,
            shares.contains(where: { $0.party != .direct })
        else { throw .badShares }
        if let stranger = shares.first(where: { party($0.party) == nil }) { throw .notAParty(stranger.party) }
        if let index = shares.firstIndex(where: { !holds($0.party, standing) }) {
            throw .claimEnded(shares[index].party, field: "/shares/\(index)/party")
        }
        let sum = shares.reduce(into: Int64(0)) { $0 += $1.share.value }
        guard sum == BasisPoints.whole.value else { throw .sharesDoNotAddUp(sum) }
    }

    /// Takes one appeal, in time, by a party.
    package mutating func appeal(
        by party: Party, person: String, reason: String, at time: Timestamp
    ) throws(ConflictRefusal) {
        guard appeal == nil else { throw .alreadyAppealed }
        guard state == .decided, let decision else { throw .notDecided(state) }
        guard self.party(party) != nil else { throw .notAParty(party) }
        guard time < decision.appealUntil else { throw .appealTooLate(until: decision.appealUntil) }
        guard reason.contains(where: { !$0.isWhitespace }) else { throw .noReason }
        appeal = ConflictAppeal(party: party, by: person, at: time, reason: reason, against: decision.actor)
        state = .appealed
        isEscalated = false
    }
}
