#if SIMULATION
    import CommandLineKit
    import EventLog
    import Foundation
    import SimulationKit

    /// Finds the bugs that are switched on inside the runtime, and keeps the seed that found each in a table.
    enum BugSearch {
        /// Each must be found within so many seeds.
        private static let limit: UInt64 = 1_000

        static var names: String { InjectedBug.allCases.map(\.rawValue).joined(separator: ", ") }

        static func activate(_ name: String) throws {
            guard let bug = InjectedBug(rawValue: name) else {
                throw UsageError("--bug: expected one of \(names), found `\(name)`")
            }
            unsafe InjectedBug.active = bug
        }

        /// Writes a line for each bug: its name, the first seed that finds it, and what that seed complains of first.
        static func search(writing file: String) throws -> ExitCode {
            var lines = ["# bug, first seed that finds it, what it shows as; written by `simulate --find-bugs`"]
            var isComplete = true
            for bug in InjectedBug.allCases {
                unsafe InjectedBug.active = bug
                guard let found = (1...limit).lazy.map({ Simulation.run(seed: $0) }).first(where: isBroken) else {
                    report("\(bug.rawValue): NOT FOUND in \(limit) seeds")
                    isComplete = false
                    continue
                }
                let line = "\(bug.rawValue)\t\(found.seed)\t\(found.failures[0].prefix(120))"
                report(line)
                lines.append(line)
            }
            try (lines.joined(separator: "\n") + "\n").write(toFile: file, atomically: true, encoding: .utf8)
            return isComplete ? .done : .failed
        }

        /// The recorded seed of each bug finds it, and finds nothing without it.
        static func repeatRecorded(_ file: String) throws -> ExitCode {
            var seeds: [String: UInt64] = [:]
            for line in try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n") where line.first != "#"
            {
                let fields = line.split(separator: "\t")
                if fields.count >= 2 { seeds[String(fields[0])] = UInt64(fields[1]) }
            }
            var isGood = true
            for bug in InjectedBug.allCases {
                guard let seed = seeds[bug.rawValue] else {
                    report("\(bug.rawValue): no seed in \(file)")
                    isGood = false
                    continue
                }
                unsafe InjectedBug.active = nil
                let sound = Simulation.run(seed: seed)
                unsafe InjectedBug.active = bug
                let broken = Simulation.run(seed: seed)
                let isFound = sound.failures.isEmpty && isBroken(broken)
                report("\(bug.rawValue): seed \(seed) \(isFound ? "finds it" : "FAILS: \(sound.failures)")")
                isGood = isGood && isFound
            }
            return isGood ? .done : .failed
        }

        /// Each line as it comes, also into a file: a search takes minutes.
        private static func report(_ line: String) {
            print(line)
            fflush(nil)
        }

        private static func isBroken(_ result: SimulationResult) -> Bool { !result.failures.isEmpty }
    }
#endif
