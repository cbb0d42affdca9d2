extension EventCatalogue {
    /// What the payout worker reads beside the register and the clock, and the facts that it records.
    static let payout: [EventDescription] = [
        .of(CommissionTriggered.self, in: .payout),
        .of(CommissionReversed.self, in: .payout),
        .of(PartnerActivity.self, in: .payout),
        .of(BlockPlaced.self, in: .payout),
        .of(BlockReleased.self, in: .payout),
        .of(PayoutRunRequested.self, in: .payout),
        .of(PayoutRunApproved.self, in: .payout),
        .of(PayoutFileRecorded.self, in: .payout),
        .of(PayoutResultReceived.self, in: .payout),
        .of(RepaymentReceived.self, in: .payout),
        .of(ClawbackWrittenOff.self, in: .payout),
        .fact(CommissionFact.self),
        .fact(BlockFact.self),
        .fact(LedgerFact.self),
        .fact(PayoutFact.self),
        .fact(PayoutRunPartFact.self),
        .fact(StatementFact.self),
    ]
}
