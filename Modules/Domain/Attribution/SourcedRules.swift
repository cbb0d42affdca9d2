/// The five rules by which a deal is sourced: the first that holds decides.
extension AttributionDraft {
    mutating func source() throws {
        let covering = try input.coveringClaims()
        let ended = try covering.filter { try hasLeft($0) }.map(\.id)
        let claims = covering.filter { !ended.contains($0.id) }
        noteUncovered(claims, ofPartnersThatLeft: ended)
        if sourceBySplit(claims) { return }
        if sourceByWindow(claims) { return }
        if sourceByEndedWindow(claims) { return }
        if try sourceByMotion() { return }
        sourceByUnregisteredClaim()
    }

    /// Whether the partner left the programme, and the deal closed after the tail. Where its end gave the claim a tail of its
    /// own, that one counts; a claim that was won, lost or expired by then has none.
    private func hasLeft(_ claim: Registration) throws -> Bool {
        guard claim.tailUntil == nil, let standing = try input.standing(claim.partner) else { return false }
        return !standing.isEligible
    }

    /// Rule 1: a decided conflict split the deal. Each partner's own locked stage applies to its part.
    private mutating func sourceBySplit(_ claims: [Registration]) -> Bool {
        let splits = input.conflicts.filter {
            $0.opportunity == nil && $0.concerns(opportunity) && $0.decision?.outcome == .split
        }
        guard let split = splits.max(by: { ($0.decidedAt, $0.id) < ($1.decidedAt, $1.id) }),
            let shares = split.decision?.shares
        else { return false }
        let members = claims.filter { claim in split.parties.contains { $0.registration == claim.id } }
        guard members.contains(where: { $0.covers(closedAt) || $0.covers(opportunity.createdAt) }) else { return false }
        use(split.id.text, .direct, "split on \(split.decidedAt.date)")
        let keys = shares.map { (key: $0.party.text, share: $0.share) }
        let firstYear = SplitParts.of(opportunity.firstYearValue.minor, shares: keys)
        let whole = opportunity.totalValue ?? opportunity.firstYearValue
        let total = SplitParts.of(whole.minor, shares: keys)
        for (index, share) in shares.enumerated() {
            step(
                "conflict_split", "Conflict \(split.id) gives \(share.party) \(share.share) of the deal.",
                arithmetic: firstYear[index].arithmetic(of: opportunity.firstYearValue.minor, share: share.share))
            guard let claim = members.first(where: { .partner($0.partner) == share.party }) else { continue }
            // A window that the decision opened after the close is no reason to pay less.
            let ended = claim.window.map { $0.end <= closedAt } ?? true
            credit(
                claim, reason: .conflictSplit, stage: ended ? .unregisteredClaim : claim.stage, share: share.share,
                firstYear: firstYear[index].amount, total: total[index].amount)
        }
        return true
    }

    /// Rule 2: the approved registration whose window covers the close; the first submitted where there are more.
    private mutating func sourceByWindow(_ claims: [Registration]) -> Bool {
        guard let claim = claims.filter({ $0.covers(closedAt) }).min(by: { $0.sequence < $1.sequence }),
            let window = claim.window
        else { return false }
        step(
            "sourced_by_registration",
            "Registration \(claim.id) protects the account from \(window.start) to \(window.end); the deal closed inside, "
                + "at \(closedAt). Its locked stage \(claim.stage.rawValue) applies.",
            arithmetic: "\(window.start.date) <= \(closedAt.date) <= \(window.end.date)")
        credit(claim, reason: .registration, stage: claim.stage)
        return true
    }

    /// Rule 3: the latest registration whose window covers only the day on which the deal was created.
    private mutating func sourceByEndedWindow(_ claims: [Registration]) -> Bool {
        let created = opportunity.createdAt
        let found = claims.filter { $0.covers(created) && !$0.covers(closedAt) }
            .max { ($0.window?.start ?? .distantPast, $0.sequence) < ($1.window?.start ?? .distantPast, $1.sequence) }
        guard let claim = found, let window = claim.window else { return false }
        step(
            "sourced_window_ended",
            "Registration \(claim.id) covered the deal's creation at \(created), but its window ended at \(window.end), "
                + "before the close at \(closedAt): the rate of an unregistered claim applies.",
            arithmetic: "\(window.start.date) <= \(created.date) <= \(window.end.date) <= \(closedAt.date)")
        credit(claim, reason: .windowEnded, stage: .unregisteredClaim)
        return true
    }

    /// Rule 4: the partner closed or resold the deal itself.
    private mutating func sourceByMotion() throws -> Bool {
        guard let partner = opportunity.partner else { return false }
        let motion = opportunity.motion
        guard motion == .partnerClosed || motion == .resold else {
            if motion == .partnerSourced {
                refuse(
                    "motion", .partner(partner), "motion partner_sourced alone, without a registration, proves nothing")
            }
            return false
        }
        guard let standing = try input.standing(partner), standing.isEligible else {
            refuse("motion", .partner(partner), "the partner is not in the programme")
            return false
        }
        use("motion", .partner(partner), "the CRM says \(motion.rawValue)")
        step(
            "sourced_by_motion",
            "\(partner) has no registration for the deal but \(motion == .resold ? "resold" : "closed") it itself: its plan "
                + "line applies, else the rate of an unregistered claim.")
        credits.append(
            Credit(
                partner: partner, partnerType: standing.type, tier: standing.tier, creditClass: .sourced,
                reason: .motion,
                stage: .unregisteredClaim, share: .whole, firstYear: opportunity.firstYearValue,
                total: opportunity.totalValue ?? opportunity.firstYearValue, registration: nil, registeredAt: nil,
                referral: nil, terms: standing.terms))
        return true
    }

    /// Rule 5: an approved claim that came after the close and names the deal.
    private mutating func sourceByUnregisteredClaim() {
        let found = input.registrations.filter {
            $0.claimedStage == .unregisteredClaim && $0.opportunity == opportunity.id && $0.state.isApproval
                && !$0.isForfeited
        }
        guard let claim = found.min(by: { $0.sequence < $1.sequence }) else { return }
        step(
            "sourced_by_unregistered_claim",
            "Nobody had registered the deal; the claim \(claim.id) of \(claim.submittedAt.date), after the close, was approved."
        )
        credit(claim, reason: .unregisteredClaim, stage: .unregisteredClaim)
    }

    private mutating func credit(
        _ claim: Registration, reason: Credit.Reason, stage: RegistrationStage, share: BasisPoints = .whole,
        firstYear: Int64? = nil, total: Int64? = nil
    ) {
        use(
            claim.id.text, .partner(claim.partner), "registration of \(claim.submittedAt.date), \(claim.stage.rawValue)"
        )
        let whole = opportunity.totalValue ?? opportunity.firstYearValue
        credits.append(
            Credit(
                partner: claim.partner, partnerType: claim.partnerType, tier: claim.tier, creditClass: .sourced,
                reason: reason, stage: stage, share: share,
                firstYear: Money(
                    minor: firstYear ?? opportunity.firstYearValue.minor, currency: opportunity.firstYearValue.currency),
                total: Money(minor: total ?? whole.minor, currency: whole.currency), registration: claim.id,
                registeredAt: claim.submittedAt, referral: claim.referral, terms: claim.terms))
    }

    /// Says of every registration of the product line why it does not count.
    private mutating func noteUncovered(_ claims: [Registration], ofPartnersThatLeft ended: [RegistrationID]) {
        for claim in input.registrations.sorted(by: { $0.sequence < $1.sequence })
        where claim.productLine == opportunity.productLine && claim.claimedStage != .unregisteredClaim {
            let party = Party.partner(claim.partner)
            guard claims.contains(where: { $0.id == claim.id }) else {
                let why =
                    claim.state.isApproval && !claim.isForfeited
                    ? (claim.tailUntil == nil && !ended.contains(claim.id)
                        ? "no plan line covers \(opportunity.kind.rawValue)" : "the partner left the programme")
                    : "the registration is \(claim.isForfeited ? "lost in a conflict" : claim.state.rawValue)"
                refuse(claim.id.text, party, why)
                continue
            }
            if let window = claim.window, !claim.covers(closedAt), !claim.covers(opportunity.createdAt) {
                refuse(
                    claim.id.text, party,
                    "its window from \(window.start.date) to \(window.end.date) covers neither the deal's creation on "
                        + "\(opportunity.createdAt.date) nor its close on \(closedAt.date)")
            }
        }
    }
}

extension Registration {
    func covers(_ time: Timestamp) -> Bool { window?.covers(time) ?? false }
}

extension Conflict {
    fileprivate var decidedAt: Timestamp { decision?.at ?? .distantPast }
}
