import CommandLineKit
import JSON
import Synchronization
import Testing

/// What the last command of the test program was called with.
private final class Seen: Sendable {
    let invocation = Mutex<Invocation?>(nil)
}

@Suite struct ApplicationTests {
    private let seen = Seen()

    private var application: Application {
        let seen = self.seen
        let record: @Sendable (Invocation) -> ExitCode = { call in
            seen.invocation.withLock { $0 = call }
            return .done
        }
        return Application(
            name: "prog", summary: "A program.",
            globals: [CommandOption("data", "DIR", environment: "PROG_DATA", default: "./data", "where it is")],
            commands: [
                Command(
                    "payout", "plan", summary: "Plans.", arguments: [CommandArgument("ID", "which")],
                    options: [
                        CommandOption(flag: "yes", environment: "PROG_YES", "do not ask"),
                        CommandOption("cut-off", "TIME", "until when"),
                    ],
                    example: "payout plan x", run: record),
                Command("payout", "approve", summary: "Approves.", example: "payout approve", run: record),
                Command("up", summary: "Runs.", example: "up", run: { _ in throw CommandFailure("no") }),
            ])
    }

    private func call(_ words: String..., environment: [String: String] = [:]) -> (ExitCode, Invocation?) {
        let code = application.run(words, environment: environment)
        return (code, seen.invocation.withLock { $0 })
    }

    @Test func `takes options before and after arguments, attached or apart`() throws {
        let (code, call) = call("payout", "plan", "--cut-off=2026-01-01", "run_1", "--yes", "--data", "d")
        #expect(code == .done)
        let invocation = try #require(call)
        #expect(invocation.arguments == ["run_1"])
        #expect(invocation["cut-off"] == "2026-01-01")
        #expect(invocation["data"] == "d")
        #expect(invocation.isSet("yes"))
    }

    @Test func `takes the environment before the default, and the option before both`() throws {
        #expect(call("payout", "approve").1?["data"] == "./data")
        #expect(call("payout", "approve", environment: ["PROG_DATA": "e"]).1?["data"] == "e")
        #expect(call("payout", "approve", "--data", "o", environment: ["PROG_DATA": "e"]).1?["data"] == "o")
    }

    @Test func `takes a switch from the environment as true or false, and nothing as not given`() {
        #expect(call("payout", "plan", "x", environment: ["PROG_YES": "true"]).1?.isSet("yes") == true)
        #expect(call("payout", "plan", "x", environment: ["PROG_YES": "false"]).1?.isSet("yes") == false)
        #expect(call("payout", "plan", "x", "--yes", environment: ["PROG_YES": "false"]).1?.isSet("yes") == true)
        #expect(call("payout", "plan", "x", environment: ["PROG_YES": ""]).1?.isSet("yes") == false)
        #expect(call("payout", "plan", "x", environment: ["PROG_YES": "1"]).0 == .wrongUsage)
        #expect(call("payout", "approve", environment: ["PROG_DATA": ""]).1?["data"] == "./data")
    }

    @Test func `takes everything after two dashes as arguments`() {
        #expect(call("payout", "plan", "--", "--yes").1?.arguments == ["--yes"])
    }

    @Test(arguments: [
        ["payout", "plan"], ["payout", "plan", "a", "b"], ["payout", "plan", "a", "--cut-off"],
        ["payout", "plan", "a", "--yes=1"], ["payout", "plan", "a", "--yess"], ["payout", "pla", "a"], ["payuot"],
        ["--yes"], ["payout"],
    ])
    func `ends with wrong usage`(words: [String]) {
        #expect(application.run(words, environment: [:]) == .wrongUsage)
        #expect(seen.invocation.withLock { $0 == nil })
    }

    @Test func `ends with failure where the command fails`() {
        #expect(call("up").0 == .failed)
    }

    @Test func `suggests the name that was probably meant`() {
        #expect(NearestName.of("cutoff", among: ["cut-off", "yes"]) == "cut-off")
        #expect(NearestName.of("zzzzzz", among: ["cut-off", "yes"]) == nil)
    }

    @Test func `shows each command's options, defaults and example`() throws {
        let help = application.help(of: application.commands[0])
        for part in [
            "payout plan ID", "--cut-off TIME", "default ./data", "environment PROG_DATA", "prog payout plan x",
        ] {
            #expect(help.contains(part))
        }
    }
}

@Suite struct TableTests {
    @Test func `puts numbers to the right and texts to the left`() {
        let table = CommandLineKit.Table(["name", "count"], rows: [["a", "1"], ["bcd", "1,000"]])
        #expect(table.text == "name  count\n----  -----\na         1\nbcd   1,000")
    }

    @Test func `quotes what CSV needs quoted`() {
        let table = CommandLineKit.Table(["a"], rows: [["x,y"], ["say \"hi\""], ["two\nlines"]])
        #expect(table.csv == "a\r\n\"x,y\"\r\n\"say \"\"hi\"\"\"\r\n\"two\nlines\"\r\n")
    }
}
