import CommandLineKit
import Foundation
import SimulationKit

/// `simulate`: runs seeds of the simulation, again and exactly the same, or a range of them on several cores.
enum SimulateCommand {
    static let application = Application(
        name: "simulate", summary: "Runs the production runtime in a harsh simulated world.", globals: [],
        commands: [command])

    private static var command: Command {
        var options = [
            CommandOption("seed", "N", "one seed"),
            CommandOption(flag: "trace", "print every effect of it"),
            CommandOption("seeds", "A-B", default: "1-100", "a range of seeds"),
            CommandOption("jobs", "N", default: "1", "processes that share the range"),
            CommandOption("share", "I/N", "every Nth seed of the range only; what --jobs gives its processes"),
        ]
        #if SIMULATION
            options += [
                CommandOption("bug", "NAME", "break the runtime in a known way: \(BugSearch.names)"),
                CommandOption("find-bugs", "FILE", "find each known bug, and write down by which seed"),
                CommandOption("recorded", "FILE", "hold each bug to the seed written down for it"),
            ]
        #endif
        return Command(
            "run", summary: "Runs seeds; each decides a whole world of faults.", options: options,
            example: "--seed 4711 --trace"
        ) { call in try run(call) }
    }

    private static func run(_ call: Invocation) throws -> ExitCode {
        #if SIMULATION
            if let file = call["find-bugs"] { return try BugSearch.search(writing: file) }
            if let file = call["recorded"] { return try BugSearch.repeatRecorded(file) }
            if let name = call["bug"] { try BugSearch.activate(name) }
        #endif
        if let seed = try call.integer("seed", in: 0...Int.max) {
            let result = Simulation.run(seed: UInt64(seed), printsTrace: call.isSet("trace"))
            report(result)
            print("seed \(seed): \(result.steps) steps, digest \(String(result.digest, radix: 16))")
            return result.failures.isEmpty ? .done : .failed
        }
        let seeds = try range(try call.required("seeds"))
        let jobs = try call.integer("jobs", in: 1...64) ?? 1
        if let share = call["share"] {
            let parts = share.split(separator: "/").compactMap { Int($0) }
            guard parts.count == 2, parts[1] > 0 else { throw UsageError("--share: expected I/N, found `\(share)`") }
            return run(seeds.filter { Int($0) % parts[1] == parts[0] })
        }
        return jobs == 1 ? run(Array(seeds)) : try share(seeds, among: jobs, call)
    }

    private static func range(_ text: String) throws -> ClosedRange<UInt64> {
        let ends = text.split(separator: "-").compactMap { UInt64($0) }
        guard ends.count == 2, ends[0] <= ends[1] else {
            throw UsageError("--seeds: expected A-B, found `\(text)`")
        }
        return ends[0]...ends[1]
    }

    private static func run(_ seeds: [UInt64]) -> ExitCode {
        let start = ContinuousClock.now
        var failed = 0
        var steps = 0
        for seed in seeds {
            let result = Simulation.run(seed: seed)
            steps += result.steps
            if !result.failures.isEmpty { failed += 1 }
            report(result)
        }
        print("\(seeds.count) seeds, \(failed) failed, \(steps) steps, \(ContinuousClock.now - start)")
        return failed == 0 ? .done : .failed
    }

    private static func report(_ result: SimulationResult) {
        for failure in result.failures { print("seed \(result.seed): \(failure)") }
    }

    /// Processes, not threads: a seed that makes the runtime trap takes only its own share with it, and is named by it.
    private static func share(_ seeds: ClosedRange<UInt64>, among jobs: Int, _ call: Invocation) throws -> ExitCode {
        let processes = try (0..<jobs).map { job in
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
            process.arguments =
                ["--seeds", "\(seeds.lowerBound)-\(seeds.upperBound)", "--share", "\(job)/\(jobs)"]
                + (call["bug"].map { ["--bug", $0] } ?? [])
            try process.run()
            return process
        }
        for process in processes { process.waitUntilExit() }
        return processes.allSatisfy { $0.terminationStatus == 0 && $0.terminationReason == .exit } ? .done : .failed
    }
}
