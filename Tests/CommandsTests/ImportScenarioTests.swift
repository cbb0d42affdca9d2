import CommandLineKit
import Contracts
import Foundation
import Testing

@testable import Commands
@testable import ReadModel

/// Whole commands on an embedded log in a directory of their own.
@Suite(.serialized, .timeLimit(.minutes(10))) struct ImportScenarioTests {
    private let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    private func withInstallation(_ body: (String) throws -> Void) throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "commands-\(UUID().uuidString)").path
        defer { _ = Result { try FileManager.default.removeItem(atPath: directory) } }
        let start = ["--clock", "stream", "--clock-start", "2024-01-01T00:00:00Z"]
        #expect(run(["topics", "create", "--data", directory] + start) == 0)
        #expect(
            run([
                "program", "publish", "\(root)/Examples/program.yaml", "--as", "psn_olivia", "--yes", "--data",
                directory,
            ])
                == 0)
        try body(directory)
    }

    private func run(_ words: [String]) -> Int32 { Tributary.run(words, environment: [:]) }

    private func rows(_ table: String, in directory: String) throws -> [[String]] {
        let call = Invocation(
            command: [], arguments: [],
            values: ["data": directory, "log": "embedded", "prefix": "tributary", "partitions": "8", "timeout": "60"],
            switches: [])
        let installation = try Installation(try GlobalOptions(call), runsWorkers: false)
        defer { installation.close() }
        return try installation.withReadModel { try $0.rows(of: try #require(ExportTable.named(table))) }
    }

    private static let referral =
        #"{"event_id":"m-%d","partner_id":"%@","account":{"name":"Acme","domain":"%@","country":"DE","employees":400,"#
        + #""industry":"software"},"contact":{"email":"jo@%@"},"intent":"urgent","deal":{"product_line":"platform","#
        + #""first_year_value":{"minor":4800000,"currency":"EUR"}},"consent":true,"occurred_at":"2024-03-01T10:00:00Z"}"#

    @Test func `good lines go through beside every kind of broken one, and a repetition changes nothing`() throws {
        try withInstallation { directory in
            let examples = "\(root)/Examples"
            #expect(
                run([
                    "import", "--partners", "\(examples)/partners.csv", "--people", "\(examples)/people.csv", "--yes",
                    "--mail", "null", "--data", directory,
                ]) == 0)
            let good = String(format: Self.referral, 1, "ptr_001", "acme-one.example", "acme-one.example")
            let stranger = String(format: Self.referral, 2, "ptr_999", "acme-two.example", "acme-two.example")
            let nowhere = String(format: Self.referral, 3, "ptr_001", "not a domain", "acme.example")
            let file = "\(directory)/referrals.ndjson"
            let lines = [
                good, "{\"broken\": ", "[1, 2]", good.replacing("\"consent\":true", with: "\"consent\":1"), stranger,
                nowhere,
            ]
            try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: URL(filePath: file))
            let call = ["import", "--referrals", file, "--yes", "--mail", "null", "--data", directory]
            #expect(run(call) == 1)
            let first = try rows("referrals", in: directory)
            // Columns: id, account, state, reason.
            #expect(first.filter { $0[2] == "rejected" && $0[3] == "invalid" }.count == 2)
            #expect(first.filter { $0[1] == "acme-one.example" && $0[2] != "rejected" }.count == 1)
            #expect(first.count == 3)
            #expect(run(call) == 1)
            #expect(try rows("referrals", in: directory) == first)
        }
    }

    @Test func `commands say what is wrong by their exit code`() throws {
        try withInstallation { directory in
            #expect(run(["explain", "com_nothing", "--data", directory]) == 1)
            #expect(run(["export", "nonsense", "--data", directory]) == 2)
            #expect(run(["program", "check", "\(root)/README.md"]) == 1)
            #expect(run(["clock", "advance", "--to", "2023-01-01", "--data", directory]) == 1)
            #expect(
                run(["review", "decide", "ref_none", "accept", "--as", "psn_olivia", "--yes", "--data", directory]) == 1
            )
            #expect(run(["topics", "check", "--data", directory]) == 0)
        }
    }
}
