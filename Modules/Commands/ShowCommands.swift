import CommandLineKit
import Contracts
import JSON
import ReadModel

/// `show ID`, `explain ID`, `export KIND`
enum ShowCommands {
    static let all = [show, explain, export]

    static let show = Command(
        "show", summary: "Shows the last image of an entity.", arguments: [CommandArgument("ID", "any id")],
        example: "show ref_1a2b3c4d0123456789abcdef"
    ) { call in
        let options = try GlobalOptions(call)
        let installation = try Installation(options, runsWorkers: false)
        defer { installation.close() }
        return try installation.withReadModel { model in
            var images = try model.images(id: call.arguments[0]).map { try JSONDocument.parse($0.data) }
            if let note = try CommandNotes.find(call.arguments[0], in: installation) { images.append(note) }
            guard !images.isEmpty else { throw CommandFailure("nothing is known of \(call.arguments[0])") }
            for value in images {
                options.terminal.answer(value.pretty(), json: String(decoding: value.text, as: UTF8.self))
            }
            return .done
        }
    }

    static let explain = Command(
        "explain", summary: "Tells why: every event, rule and piece of arithmetic down to the source record.",
        arguments: [CommandArgument("ID", "a referral, registration, commission or payout")],
        example: "explain com_1a2b3c4d0123456789abcdef"
    ) { call in
        let options = try GlobalOptions(call)
        let installation = try Installation(options, runsWorkers: false)
        defer { installation.close() }
        return try installation.withReadModel { model in
            guard
                let explanation = try model.explain(
                    call.arguments[0], from: installation.log, catalogue: options.catalogue)
            else { throw CommandFailure("nothing is known of \(call.arguments[0])") }
            options.terminal.answer(
                explanation.text, json: String(decoding: JSONEncoding.encode(explanation), as: UTF8.self))
            return .done
        }
    }

    static let export = Command(
        "export", summary: "Prints a table of \(ExportTable.all.map(\.name).joined(separator: ", ")).",
        arguments: [CommandArgument("KIND", "which table")],
        options: [CommandOption("format", "table|csv|ndjson", default: "table", "how")],
        example: "export commissions --format csv"
    ) { call in
        let options = try GlobalOptions(call)
        guard let table = ExportTable.named(call.arguments[0]) else {
            let names = ExportTable.all.map(\.name)
            let hint = NearestName.of(call.arguments[0], among: names).map { "; did you mean `\($0)`?" } ?? ""
            throw UsageError(
                "KIND: expected one of \(names.joined(separator: ", ")), found `\(call.arguments[0])`\(hint)")
        }
        let format = options.isJSON ? "ndjson" : try call.required("format")
        guard ["table", "csv", "ndjson"].contains(format) else {
            throw UsageError("--format: expected table, csv or ndjson, found `\(format)`")
        }
        let installation = try Installation(options, runsWorkers: false)
        defer { installation.close() }
        let columns = table.columns.map(\.name)
        let rows = try installation.withReadModel { model in
            // A table may be long: its head comes before its rows are read.
            if format == "csv" { Terminal().write(Table(columns).csvHead) }
            return try model.rows(of: table)
        }
        let output = Table(columns, rows: rows)
        switch format {
        case "csv": Terminal().write(output.csvRows)
        case "ndjson": Terminal().write(rows.map { ndjson(table, $0) }.joined())
        default: Terminal().print(output.text)
        }
        return .done
    }

    private static func ndjson(_ table: ExportTable, _ row: [String]) -> String {
        let fields = zip(table.columns, row).map { ($0.name, JSONValue.string($1)) }
        return String(decoding: JSONValue.object(fields).text, as: UTF8.self) + "\n"
    }
}
