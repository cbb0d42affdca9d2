import Contracts
import Domain

/// What is told once more of a deal or a touch that is known already: the same, which changes nothing, or something else.
extension Opportunity {
    /// The field in which an event of the revision that is known says something else; `nil` for a mere repetition. When it
    /// was told does not matter. The image of a deal as it was created is made up from its end where a CRM keeps no earlier
    /// one: it says nothing against what was told before.
    func contradiction(in event: OpportunityUpdated) -> String? {
        if event.stage == .qualified, event.occurredAt == event.createdAt { return nil }
        let total = event.totalValue ?? event.firstYearValue
        let fields: [(name: String, isSame: Bool)] = [
            ("stage", stage == event.stage),
            ("first_year_value", firstYearValue == event.firstYearValue),
            ("total_value", (totalValue ?? firstYearValue) == total),
            ("product_line", productLine == event.productLine),
            ("motion", motion == event.motion),
            ("kind", kind == event.kind),
            ("partner_id", partner == event.partner),
            ("duties", duties.sorted() == event.duties.sorted()),
            ("settlement", settlement == event.settlement),
            ("play", play == event.play),
            ("play_run_id", playRun == event.playRun),
            ("created_at", isKept(event.createdAt, as: createdAt)),
            ("closed_at", isKeptClose(event.closedAt)),
            ("lost_reason", lostReason == event.lostReason),
            ("sales_rep", salesRep == event.salesRep),
        ]
        return fields.first { !$0.isSame }?.name
    }

    /// An event without a close says nothing about it, and an open deal has none.
    private func isKeptClose(_ told: Timestamp?) -> Bool {
        guard stage.isClosed, let told, let closedAt else { return true }
        return isKept(told, as: closedAt)
    }

    /// A date is kept no later than the judging time of the revision that brought it.
    private func isKept(_ told: Timestamp, as known: Timestamp) -> Bool {
        told == known || (known == changedAt && told > known)
    }
}

extension Touch {
    /// The field in which an event of the touch says something else. A touch has no revisions, so what an event leaves out
    /// it does not change; neither does when it was told, nor a partner's other source.
    func contradiction(in event: TouchRecorded) -> String? {
        if let line = event.productLine, line != productLine { return "product_line" }
        if let told = event.minutes, told != minutes { return "minutes" }
        if party == .direct, let told = event.source, let source, told != source { return "source" }
        return nil
    }
}
