import CommandLineKit
import Contracts
import Foundation
import JSON
import Testing

@testable import Commands

/// Every command's example is called as its help shows it, by a process of its own, in an installation where what it names
/// exists. With `--json` every answer is JSON and nothing else.
@Suite(
    .serialized, .timeLimit(.minutes(5)),
    .enabled(if: BuiltProgram.path != nil, Comment(rawValue: BuiltProgram.missing)))
struct ExampleTests {
    /// In an order in which each finds what it needs. `demo` is run by `DemoReplayTests`.
    private static let order = [
        "topics create", "topics check", "topics asyncapi", "program check", "program publish", "program diff",
        "program show", "import", "partner add", "partner list", "partner show", "review list", "review decide",
        "conflict list", "conflict decide", "conflict appeal", "dlq list", "dlq show", "dlq redrive", "show", "explain",
        "export", "topics dump", "clock show", "lag", "offsets restore", "clock advance", "payout plan",
        "payout approve", "payout export", "payout reconcile", "payout decide",
        "up",
        "clock switch",
    ]

    @Test func `no command is left out`() {
        #expect(Set(Self.order + ["demo"]) == Set(Tributary.application.commands.map(\.name)))
    }

    @Test(arguments: [false, true]) func `the example of every command works`(isJSON: Bool) throws {
        try DemoDirectory.with { directory in
            for shipped in ["Examples", "docs"] {
                try FileManager.default.createSymbolicLink(
                    atPath: "\(directory.path)/\(shipped)", withDestinationPath: "\(repositoryRoot)/\(shipped)")
            }
            let sample = ImportSample(directory: directory.path, days: 20)
            try sample.write()
            for name in Self.order {
                let command = try #require(Tributary.application.commands.first { $0.name == name })
                var words = CommandTableTests.words(command.example)
                if !words.contains("--data") { words += ["--data", "data"] }
                if isJSON { words.append("--json") }
                try prepare(name, &words, directory, sample)
                try call(name, words, isJSON: isJSON, directory)
            }
        }
    }

    /// Puts what the installation knows in the place of the names that an example makes up, and makes what it needs.
    private func prepare(
        _ name: String, _ words: inout [String], _ directory: DemoDirectory, _ sample: ImportSample
    ) throws {
        func replace(_ made: String, _ real: String?) throws {
            let index = try #require(words.firstIndex(of: made), "\(name): \(made)")
            words[index] = try #require(real, "\(name): nothing to put for \(made)")
        }
        switch name {
        case "import":
            // What the commands after this one are about: deals, an open review, a conflict, a dead letter. The example's
            // own files are among it, and safe to repeat.
            let rows = try BuiltProgram.run(
                ["import", "--data", "data", "--yes", "--mail", "null"]
                    + Array(sample.arguments.prefix { $0 != "--policy" }), in: directory.path)
            try #require(rows.code == 0, "\(rows.errors)")
            let decision =
                #"{"event_type":"review.decided","account":{"domain":"x.example"},"referral_id":"ref_0000000000000000000000ff","#
                + #""decision":"accept","actor":"psn_olivia","occurred_at":"2024-03-01T00:00:00Z"}"#
            let refused = try BuiltProgram.run(
                ["import", "--decisions", "-", "--data", "data", "--yes", "--mail", "null"], in: directory.path,
                input: decision + "\n")
            #expect(refused.code == 1 && refused.errors.contains("is not known on this account"))
        case "review decide":
            try replace("ref_1a2b3c4d0123456789abcdef", try open(["claim", "introduction"], directory)?.0)
        case "conflict decide", "conflict appeal":
            let (id, parties) = try #require(
                try name == "conflict decide" ? open(["conflict"], directory) : decided(directory))
            try replace("cnf_1a2b3c4d0123456789abcdef", id)
            let shares = parties.prefix(2).map { "\($0)=5000" }.joined(separator: ",")
            if name == "conflict decide" { try replace("ptr_001=6000,ptr_002=4000", shares) }
            if name == "conflict appeal" { try replace("ptr_002", parties.first) }
        case "show": try replace("ref_1a2b3c4d0123456789abcdef", try first("referrals", "referral_id", directory))
        case "explain":
            try replace("com_1a2b3c4d0123456789abcdef", try first("commissions", "commission_id", directory))
        case "dlq show":
            let letters = try lines(["dlq", "list", "--json"], directory)
            let letter = try #require(letters.first)
            try replace(
                "referral.v1/3/1234",
                JSONDocument.decode(RecordDeadLettered.self, from: letter.text).entityID)
        case "payout reconcile":
            let payouts = try lines(["export", "payouts", "--format", "ndjson"], directory)
            try #require(!payouts.isEmpty, "the run pays somebody")
            let rows = payouts.compactMap { $0["payout_id"]?.stringValue }.map { "\($0),ACSC,,2026-02-03\n" }
            try Data(("payout_id,status,reason,value_date\n" + rows.joined()).utf8).write(
                to: URL(filePath: "\(directory.path)/results.csv"))
        case "payout decide":
            // The bank said that it paid; now it says that it did not.
            let payout = try #require(try first("payouts", "payout_id", directory))
            let refused = try BuiltProgram.run(
                ["payout", "reconcile", "-", "--data", "data", "--as", "psn_ines", "--yes"], in: directory.path,
                input: "payout_id,status\n\(payout),RJCT\n")
            try #require(refused.code == 0, "\(refused.errors)")
            try replace("pay_1a2b3c4d0123456789abcdef", payout)
        default: break
        }
    }

    private func call(_ name: String, _ words: [String], isJSON: Bool, _ directory: DemoDirectory) throws {
        let ended: BuiltProgram.Ended
        if name == "up" {
            let running = try BuiltProgram.start(
                words, in: directory.path, until: isJSON ? "serving" : "four workers run")
            running.send(SIGTERM)
            running.finish()
            let answers = running.text.split(separator: "\n").filter { $0.hasPrefix("{") }.joined(separator: "\n")
            ended = BuiltProgram.Ended(
                code: running.process.terminationStatus, output: isJSON ? answers : running.text, errors: "")
        } else {
            ended = try BuiltProgram.run(words, in: directory.path)
        }
        #expect(ended.code == 0, "\(words.joined(separator: " ")): \(ended.errors)")
        #expect(!ended.output.isEmpty, "\(words.joined(separator: " ")) says something")
        guard isJSON else { return }
        for line in ended.output.split(separator: "\n") {
            #expect(throws: Never.self, "\(words.joined(separator: " ")): \(line.prefix(200))") {
                try JSONDocument.parse(Array(line.utf8))
            }
        }
    }

    // MARK: What is there

    private func lines(_ words: [String], _ directory: DemoDirectory) throws -> [JSONValue] {
        let ended = try BuiltProgram.run(words + ["--data", "data"], in: directory.path)
        try #require(ended.code == 0, "\(ended.errors)")
        return try ended.output.split(separator: "\n").map { try JSONDocument.parse(Array($0.utf8)) }
    }

    private func first(_ table: String, _ column: String, _ directory: DemoDirectory) throws -> String? {
        try lines(["export", table, "--format", "ndjson"], directory).first?[column]?.stringValue
    }

    /// An open review of one of these kinds, and its parties.
    private func open(_ kinds: [String], _ directory: DemoDirectory) throws -> (String, [String])? {
        let list = kinds == ["conflict"] ? "conflict" : "review"
        let found = try lines([list, "list", "--json"], directory).first {
            kinds.contains($0["kind"]?.stringValue ?? "") && $0["state"]?.stringValue != "stopped"
        }
        return found.map { ($0["review_id"]?.stringValue ?? "", parties($0)) }
    }

    private func decided(_ directory: DemoDirectory) throws -> (String, [String])? {
        let id = try lines(["export", "conflicts", "--format", "ndjson"], directory).first {
            $0["state"]?.stringValue == "decided"
        }?["conflict_id"]?.stringValue
        guard let id, let image = try lines(["show", id, "--json"], directory).first(where: { $0["conflict"] != nil }),
            case .array(let sides) = image["conflict"]?["parties"]
        else { return nil }
        return (id, sides.compactMap { $0["party"]?.stringValue })
    }

    private func parties(_ review: JSONValue) -> [String] {
        guard case .array(let parties) = review["parties"] else { return [] }
        return parties.compactMap(\.stringValue)
    }
}
