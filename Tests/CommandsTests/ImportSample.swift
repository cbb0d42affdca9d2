import Foundation

@testable import Commands
@testable import ReadModel

/// Some days of a marketplace and a CRM that reach every table soon: reviews, conflicts, wins, money and statements.
struct ImportSample {
    let directory: String
    var days = 50
    var referralsPerDay = 8

    private static let partners = ["ptr_001", "ptr_002", "ptr_003", "ptr_004", "ptr_005", "ptr_006"]

    private func time(_ day: Int, _ hour: Int) -> String {
        let date = Date(timeIntervalSince1970: 1_704_067_200 + Double(day) * 86_400 + Double(hour) * 3_600)
        return date.formatted(.iso8601)
    }

    /// Referrals: every second account is named by two partners within days.
    private var referrals: [String] {
        (0..<days * referralsPerDay).map { number in
            let (day, hour) = (1 + number / referralsPerDay, 8 + number % referralsPerDay)
            let account = "account-\(number % 3 == 2 ? number - 2 : number).example"
            let partner = ImportSample.partners[number % ImportSample.partners.count]
            let employees = [400, 30, 120][number % 3]
            let intent = ["urgent", "budgeted", "researching"][number % 4 % 3]
            let claim = number % 5 == 4 ? "" : #","registration":{"stage":"before_contact"}"#
            return
                #"{"event_id":"m-\#(number)","partner_id":"\#(partner)","account":{"name":"Account \#(number)","domain":"\#(account)","#
                + #""country":"DE","employees":\#(employees),"industry":"logistics","annual_revenue":{"minor":900000000,"currency":"EUR"}},"#
                + #""contact":{"email":"jo@\#(account)"},"intent":"\#(intent)","deal":{"product_line":"platform","#
                + #""first_year_value":{"minor":4800000,"currency":"EUR"},"expected_close":"2024-03-31"}\#(claim),"#
                + #""consent":true,"occurred_at":"\#(time(day, hour))"}"#
        }
    }

    /// Deals on every fourth account: qualified two days later, won or lost on the twelfth.
    private var opportunities: [String] {
        stride(from: 0, to: days * referralsPerDay, by: 4).flatMap { number -> [String] in
            let day = 1 + number / referralsPerDay
            let common =
                #""account":{"domain":"account-\#(number).example"},"opportunity_id":"opp-\#(number)","product_line":"platform","#
                + #""motion":"direct","kind":"new","first_year_value":{"minor":\#(1_000_000 + number * 1_000),"currency":"EUR"},"#
                + #""created_at":"\#(time(day + 2, 9))""#
            let isWon = number % 16 != 12
            let end = isWon ? #""stage":"closed_won""# : #""stage":"closed_lost","lost_reason":"price""#
            return [
                #"{\#(common),"revision":1,"stage":"qualified","occurred_at":"\#(time(day + 2, 9))"}"#,
                #"{\#(common),"revision":2,\#(end),"closed_at":"\#(time(day + 12, 9))","occurred_at":"\#(time(day + 12, 9))"}"#,
            ]
        }
    }

    func write() throws {
        for (name, lines) in [("referrals", referrals), ("opportunities", opportunities)] {
            let text = lines.joined(separator: "\n") + "\n"
            try Data(text.utf8).write(to: URL(filePath: "\(directory)/\(name).ndjson"))
        }
    }

    static let clock = ["--clock", "stream", "--clock-start", "2024-01-01T00:00:00Z"]

    /// Files and options of the import, without `import` itself.
    var arguments: [String] {
        let examples = "\(repositoryRoot)/Examples"
        return [
            "--partners", "\(examples)/partners.csv", "--people", "\(examples)/people.csv", "--payees",
            "\(examples)/payees.csv", "--referrals", "\(directory)/referrals.ndjson", "--opportunities",
            "\(directory)/opportunities.ndjson", "--policy", "\(examples)/policy.yaml", "--yes", "--send-history",
        ]
    }

    /// Topics and programme in a new data directory.
    static func prepare(_ data: String) -> Bool {
        Tributary.run(["topics", "create", "--data", data] + clock, environment: [:]) == 0
            && Tributary.run(
                [
                    "program", "publish", "\(repositoryRoot)/Examples/program.yaml", "--as", "psn_olivia", "--yes",
                    "--data", data,
                ], environment: [:]) == 0
    }

    /// Every exported table but the messages, whose delivery goes by the wall.
    static func tables(_ options: GlobalOptions) throws -> [String: [[String]]] {
        let installation = try Installation(options, runsWorkers: false)
        defer { installation.close() }
        return try installation.withReadModel { model in
            var tables: [String: [[String]]] = [:]
            for table in ExportTable.all where table.name != "notifications" {
                tables[table.name] = try model.rows(of: table)
            }
            return tables
        }
    }
}
