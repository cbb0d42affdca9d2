import Foundation
import Testing

/// `--reason` of the commands that write many records or move time.
@Suite(.enabled(if: BuiltProgram.path != nil, Comment(rawValue: BuiltProgram.missing)))
struct CommandNoteTests {
    @Test func `a reason is recorded before the command writes, and shown by its id`() throws {
        try DemoDirectory.with { directory in
            let data = "\(directory.path)/noted"
            func run(_ words: String...) throws -> String {
                let ended = try BuiltProgram.run(words + ["--data", data], in: directory.path)
                try #require(ended.code == 0, "\(words): \(ended.errors)")
                return ended.output
            }
            _ = try run("topics", "create", "--clock", "stream", "--clock-start", "2026-01-01")
            let partner = [
                "partner", "add", "ptr_note", "--name", "Note", "--domain", "note.example", "--contact", "N",
                "--email", "n@note.example", "--yes",
            ]
            let calls = [
                partner + ["--reason", "they asked"],
                [
                    "clock", "advance", "--to", "2026-02-01", "--yes", "--reason", "end of the month", "--as",
                    "psn_ines",
                ],
                ["clock", "switch", "--yes", "--reason", "history is in"],
            ]
            for words in calls {
                let ended = try BuiltProgram.run(words + ["--data", data], in: directory.path)
                try #require(ended.code == 0, "\(words): \(ended.errors)")
                let said = try #require(ended.output.firstMatch(of: /recorded as (cmd_[0-9a-f]+)/))
                let note = try run("show", String(said.1))
                let reason = words[try #require(words.firstIndex(of: "--reason")) + 1]
                #expect(note.contains(reason) && note.contains(words.prefix(2).joined(separator: " ")))
                #expect(note.contains("psn_ines") == words.contains("psn_ines"))
            }
            let planned = try run("clock", "show")
            #expect(planned.contains("wall clock"))
            // A plan alone records nothing, and a reason has words.
            let dry = try BuiltProgram.run(
                partner + ["--dry-run", "--reason", "no", "--data", data], in: directory.path)
            #expect(dry.code == 0 && !dry.output.contains("recorded as"))
            let empty = try BuiltProgram.run(partner + ["--reason", " ", "--data", data], in: directory.path)
            #expect(empty.code == 2 && empty.errors.contains("--reason"))
        }
    }

    @Test func `what an import writes carries the id of its reason`() throws {
        try DemoDirectory.with { directory in
            let sample = ImportSample(directory: directory.path)
            try sample.write()
            let data = "\(directory.path)/imported"
            try #require(ImportSample.prepare(data))
            let ended = try BuiltProgram.run(
                ["import", "--data", data, "--reason", "first load"] + sample.arguments, in: directory.path)
            let said = try #require(ended.output.firstMatch(of: /recorded as (cmd_[0-9a-f]+)/), "\(ended.errors)")
            let note = try BuiltProgram.run(["show", String(said.1), "--data", data], in: directory.path)
            #expect(note.output.contains("first load") && note.output.contains("referral.submitted"))
        }
    }
}
