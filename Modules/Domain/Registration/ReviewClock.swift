/// When a review is due. The clock reminds and escalates; it decides only where the programme says `on_overdue: approve`.
package struct ReviewClock: Sendable, Hashable {
    package var openedAt: Timestamp
    package var due: Timestamp

    package init(openedAt: Timestamp, due: Timestamp) {
        self.openedAt = openedAt
        self.due = due
    }

    package init(openedAt: Timestamp, rules: ReviewRules, tier: Tier) {
        let hours = rules.priorityTiers.contains(tier) ? rules.priorityHours : rules.hours
        self.init(openedAt: openedAt, due: openedAt + .hours(Int(hours)))
    }

    /// At half time.
    package var reminder: Timestamp {
        openedAt + TimeSpan(milliseconds: (due - openedAt).milliseconds / 2)
    }
}
