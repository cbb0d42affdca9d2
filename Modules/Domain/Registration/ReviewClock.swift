/// When a review is due. The clock reminds and escalates; it decides only where the programme says `on_overdue: approve`.
package struct ReviewClock: Sendable, Hashable {
    package var openedAt: Timestamp
    /// Part of the way to the deadline, half by default.
    package var reminder: Timestamp
    package var due: Timestamp

    package init(openedAt: Timestamp, reminder: Timestamp, due: Timestamp) {
        self.openedAt = openedAt
        self.reminder = reminder
        self.due = due
    }

    package init(openedAt: Timestamp, rules: ReviewRules, tier: Tier) {
        let hours = rules.priorityTiers.contains(tier) ? rules.priorityHours : rules.hours
        let span = TimeSpan.hours(Int(hours)).milliseconds
        self.init(
            openedAt: openedAt, reminder: openedAt + TimeSpan(milliseconds: span * rules.reminderAt.value / 10_000),
            due: openedAt + .hours(Int(hours)))
    }
}
