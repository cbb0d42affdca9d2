import CSV

/// One transfer of a payout file: the planned payout and the payee version that planning froze.
package struct PayoutTransfer: Sendable, Hashable {
    package var payout: PayoutID
    package var partner: PartnerID
    package var net: Money
    package var creditorName: String
    package var creditorAccount: String
    package var creditorAgent: String?

    package init(
        payout: PayoutID, partner: PartnerID, net: Money, creditorName: String, creditorAccount: String,
        creditorAgent: String?
    ) {
        self.payout = payout
        self.partner = partner
        self.net = net
        self.creditorName = creditorName
        self.creditorAccount = creditorAccount
        self.creditorAgent = creditorAgent
    }
}

/// The file that pays an approved run. The same run gives the same bytes for ever: its message id is the run's id, it was
/// created when the run was approved, and its transfers are in the order of their ids.
package struct PayoutFile: Sendable, Hashable {
    package var run: PayoutRunID
    /// When the run was approved.
    package var createdAt: Timestamp
    package var executionDate: CalendarDate
    package var debtorName: String
    package var debtorAccount: String
    package var transfers: [PayoutTransfer]

    package init(
        run: PayoutRunID, createdAt: Timestamp, executionDate: CalendarDate, debtorName: String, debtorAccount: String,
        transfers: [PayoutTransfer]
    ) {
        self.run = run
        self.createdAt = createdAt
        self.executionDate = executionDate
        self.debtorName = debtorName
        self.debtorAccount = debtorAccount
        self.transfers = transfers
    }

    package static let columns = [
        "message_id", "created_at", "execution_date", "payout_id", "partner_id", "creditor_name", "creditor_account",
        "creditor_agent", "amount", "currency", "debtor_name", "debtor_account",
    ]

    /// CSV by RFC 4180, UTF-8, lines ended by CR LF; amounts in major units with the currency's decimals.
    package var csv: [UInt8] {
        var text = PayoutFile.columns.joined(separator: ",") + "\r\n"
        for transfer in transfers.sorted(by: { $0.payout < $1.payout }) {
            let amount = transfer.net.description.dropLast(transfer.net.currency.code.count + 1)
            let fields = [
                run.text, createdAt.description, executionDate.description, transfer.payout.text,
                transfer.partner.text, transfer.creditorName, transfer.creditorAccount, transfer.creditorAgent ?? "",
                String(amount), transfer.net.currency.code, debtorName, debtorAccount,
            ]
            text += CSVText.record(fields) + "\r\n"
        }
        return Array(text.utf8)
    }
}

/// One line of a result file.
package struct PayoutResultLine: Sendable, Hashable {
    /// 1 for the header.
    package var lineNumber: Int
    package var payout: PayoutID
    package var result: PayoutResult
    /// As the file has it, for example `RJCT`.
    package var code: String
    package var reason: String?
    package var valueDate: CalendarDate?
}

/// What is wrong with one line of a result file; the other lines count all the same.
package struct PayoutResultProblem: Error, Sendable, Hashable, CustomStringConvertible {
    package var lineNumber: Int
    package var field: String
    package var expected: String

    package var description: String { "line \(lineNumber), \(field): expected \(expected)" }
}

/// Results of a payout file as CSV with the columns `payout_id`, `status`, `reason`, `value_date`, in any order; other
/// columns are ignored.
package enum PayoutResultFile {
    /// The most lines of one file.
    package static let maximumLines = 1_000_000

    /// - Parameter maximumLines: of a longer file no line counts.
    package static func parse(
        _ bytes: [UInt8], maximumLines: Int = PayoutResultFile.maximumLines
    ) -> (lines: [PayoutResultLine], problems: [PayoutResultProblem]) {
        var rows = CSVText.rows(bytes)
        guard let header = rows.next() else {
            return (
                [],
                [PayoutResultProblem(lineNumber: 1, field: "header", expected: "payout_id,status,reason,value_date")]
            )
        }
        let names = header.fields
        guard let idColumn = names.firstIndex(of: "payout_id"), let statusColumn = names.firstIndex(of: "status") else {
            return ([], [PayoutResultProblem(lineNumber: 1, field: "header", expected: "columns payout_id and status")])
        }
        let columns = Columns(
            id: idColumn, status: statusColumn, reason: names.firstIndex(of: "reason"),
            valueDate: names.firstIndex(of: "value_date"))
        var lines: [PayoutResultLine] = []
        var problems: [PayoutResultProblem] = []
        while let row = rows.next() {
            guard row.lineNumber <= maximumLines else {
                let expected = "at most \(maximumLines) lines in a file; nothing of it is taken"
                return ([], [PayoutResultProblem(lineNumber: row.lineNumber, field: "file", expected: expected)])
            }
            do {
                lines.append(try line(row, columns))
            } catch {
                problems.append(error)
            }
        }
        return (lines, problems)
    }

    private struct Columns {
        var id: Int
        var status: Int
        var reason: Int?
        var valueDate: Int?
    }

    private static func line(
        _ row: CSVText.Row, _ columns: Columns
    ) throws(PayoutResultProblem) -> PayoutResultLine {
        func field(_ column: Int?) -> String? {
            guard let column, column < row.fields.count, !row.fields[column].isEmpty else { return nil }
            return row.fields[column]
        }
        guard let payout = field(columns.id).flatMap({ PayoutID($0) }) else {
            throw PayoutResultProblem(lineNumber: row.lineNumber, field: "payout_id", expected: PayoutKind.expectation)
        }
        guard let code = field(columns.status), let result = PayoutResult(code: code) else {
            throw PayoutResultProblem(
                lineNumber: row.lineNumber, field: "status",
                expected: "confirmed, failed, returned, accepted, pending or a code such as ACSC, RJCT")
        }
        var valueDate: CalendarDate?
        if let text = field(columns.valueDate) {
            guard let date = CalendarDate(iso8601: text) else {
                throw PayoutResultProblem(
                    lineNumber: row.lineNumber, field: "value_date", expected: "a date such as 2026-03-01")
            }
            valueDate = date
        }
        return PayoutResultLine(
            lineNumber: row.lineNumber, payout: payout, result: result, code: code, reason: field(columns.reason),
            valueDate: valueDate)
    }
}
