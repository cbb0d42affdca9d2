import CommandLineKit
import Contracts
import Domain
import EventLog
import ReadModel

/// What the demonstration prints of its result.
struct DemoReport {
    let model: ReadModel
    let terminal: Terminal

    func print() throws {
        terminal.print("\nReferrals by state and reason")
        try counts(
            "SELECT json_extract(data, '$.referral.state'), coalesce(json_extract(data, '$.referral.reason'), ''), count(*) "
                + "FROM entity WHERE kind = 'referral' GROUP BY 1, 2 ORDER BY 3 DESC", ["state", "reason", "referrals"])
        terminal.print("\nRegistrations by state")
        try counts(
            "SELECT json_extract(data, '$.registration.state'), count(*) FROM entity WHERE kind = 'registration' "
                + "GROUP BY 1 ORDER BY 2 DESC", ["state", "registrations"])
        terminal.print("\nWon revenue by class")
        try money(
            "SELECT json_extract(data, '$.attribution.revenue_class'), count(*), "
                + "json_extract(data, '$.attribution.first_year_value.currency'), "
                + "sum(json_extract(data, '$.attribution.first_year_value.minor')) FROM entity WHERE kind = 'attribution' "
                + "AND json_extract(data, '$.attribution.state') <> 'void' GROUP BY 1, 3 ORDER BY 1, 3",
            ["class", "deals", "first-year value"])
        terminal.print("\nMoney by partner (the ten with the most)")
        try money(
            "SELECT json_extract(data, '$.commission.partner_id'), count(*), json_extract(data, '$.commission.amount.currency'), "
                + "sum(json_extract(data, '$.commission.amount.minor')) FROM entity WHERE kind = 'commission' "
                + "GROUP BY 1, 3 ORDER BY 4 DESC LIMIT 10", ["partner", "commissions", "amount"])
        terminal.print("\nThe payout run")
        try money(
            "SELECT json_extract(data, '$.payout.state'), count(*), json_extract(data, '$.payout.currency'), "
                + "sum(json_extract(data, '$.payout.net')) FROM entity WHERE kind = 'payout' GROUP BY 1, 3 ORDER BY 1, 3",
            ["state", "payouts", "net"])
        terminal.print("\nNotifications")
        try counts(
            "SELECT json_extract(data, '$.state'), count(*) FROM entity WHERE kind = 'notification' GROUP BY 1",
            ["state", "messages"])
    }

    /// One paid commission and one rejected referral, whole.
    func explain(_ installation: Installation, _ catalogue: TopicCatalogue) throws {
        let picks = [
            "SELECT id FROM entity WHERE kind = 'commission' AND json_extract(data, '$.commission.state') = 'paid' "
                + "AND json_extract(data, '$.commission.registration_id') IS NOT NULL ORDER BY id LIMIT 1",
            "SELECT id FROM entity WHERE kind = 'referral' AND json_extract(data, '$.referral.state') = 'rejected' "
                + "ORDER BY id LIMIT 1",
        ]
        for sql in picks {
            guard let id = try model.texts(sql).first?.first,
                let explanation = try model.explain(id, from: installation.log, catalogue: catalogue)
            else { continue }
            terminal.print("\nExplained: \(explanation.text)")
        }
    }

    private func counts(_ sql: String, _ headings: [String]) throws {
        terminal.print(Table(headings, rows: try model.texts(sql)).text)
    }

    /// Rows of (name, count, currency, minor units).
    private func money(_ sql: String, _ headings: [String]) throws {
        let rows = try model.texts(sql).map { row in
            guard let currency = Currency(code: row[2]), let minor = Int64(row[3]) else {
                return [row[0], row[1], row[3]]
            }
            return [row[0], row[1], Money(minor: minor, currency: currency).description]
        }
        terminal.print(Table(headings, rows: rows).text)
    }
}
