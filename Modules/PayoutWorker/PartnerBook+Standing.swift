import Contracts
import Domain
import Register
import TaskRuntime

/// What the register says about a partner, as blocks on its money; and the checks on gaming.
extension PartnerBook {
    /// Fact blocks come and go with the register.
    ///
    /// - Parameter checksPayee: whether to look for other partners that are paid to the same account.
    func review(checksPayee: Bool) throws {
        guard row != nil, let partner = try register.partner(id) else { return }
        let payee = try register.payee(id)
        let needsForm = try register.program(at: now)?.payout.requiresTaxForm ?? false
        try fact(.programmePaused, holds: partner.status == .paused, "the partner is paused")
        try fact(.missingTaxForm, holds: needsForm && !partner.isTaxFormOnFile, "no tax form is on file")
        try fact(.missingPayee, holds: !(payee?.isVerified ?? false), "no verified payee is registered")
        if partner.status == .endedForCause {
            try judgement(.dispute, reference: "ended_for_cause", ["the partnership ended for cause"])
        }
        guard checksPayee, let payee else { return }
        let others = FraudCheck.samePayee(as: payee, among: try register.payees())
        guard !others.isEmpty else { return }
        let names = others.map(\.text)
        try judgement(
            .fraudReview, reference: "\(FraudFinding.samePayee.rawValue):\(names.joined(separator: "+"))",
            ["paid to the same account as \(names.joined(separator: ", "))"])
    }

    private func fact(_ kind: BlockKind, holds: Bool, _ evidence: String) throws {
        let isOpen = row?.blocks.contains(kind) ?? false
        if holds && !isOpen {
            try place(
                .partner, kind, reference: "register", evidence: [evidence], owner: nil, reviewOn: nil,
                by: .programme)
        } else if !holds && isOpen {
            try endFactBlock(kind)
        }
    }

    /// Placed once: after its release the same fact is not held against the partner again.
    private func judgement(_ kind: BlockKind, reference: String, _ evidence: [String]) throws {
        guard try block(.partner, kind, reference) == nil else { return }
        try place(
            .partner, kind, reference: reference, evidence: evidence,
            owner: try register.program(at: now)?.owner(of: .programPromise), reviewOn: now.date + 7, by: .programme)
    }

    /// Blocks a new earning where something looks like gaming that nobody has released for the cause.
    func checkForFraud(_ earning: inout Commission, _ cause: CauseRow) throws {
        guard let partner = try register.partner(id),
            let program = try register.program(version: cause.credit.programVersion) ?? register.program(at: now)
        else { return }
        let check = FraudCheck(
            rules: program.fraud, partner: partner, credit: cause.credit, activity: try activity())
        let findings = check.findings().filter { !cause.cleared.contains($0.finding) }
        guard !findings.isEmpty else { return }
        try place(
            .commission(earning.id), .fraudReview,
            reference: findings.map(\.finding.rawValue).joined(separator: "+"),
            evidence: findings.map { "\($0.finding.rawValue): \($0.evidence)" },
            owner: program.owner(of: .programPromise), reviewOn: now.date + 7, by: .programme)
        earning = try known(earning.id)
    }

    /// The partner's activity over all accounts: the last count of every sender.
    private func activity() throws -> ActivityCount {
        let rows = try state.rows(PayoutTable.activity, prefix: StateKey(id.text), as: ActivityCount.self)
        return rows.reduce(into: ActivityCount()) { total, entry in
            // Anybody may send counts: one that is beyond what can be counted must not stop the partner's money.
            total.openRegistrations = total.openRegistrations.saturatingAdding(entry.row.openRegistrations)
            total.decidedReferrals = total.decidedReferrals.saturatingAdding(entry.row.decidedReferrals)
            total.acceptedReferrals = total.acceptedReferrals.saturatingAdding(entry.row.acceptedReferrals)
        }
    }

    func count(_ event: PartnerActivity, from sender: String) throws {
        try state.put(
            PayoutTable.activity, StateKey(id.text, sender),
            ActivityCount(
                openRegistrations: event.openRegistrations, decidedReferrals: event.decidedReferrals,
                acceptedReferrals: event.acceptedReferrals))
    }
}
