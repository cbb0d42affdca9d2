import Demo
import EmbeddedLog
import EventLog
import Foundation
import Testing

@testable import Commands

/// An import that is killed and repeated ends as one that nobody disturbed.
@Suite struct KillTests {
    private static let tables = [
        "referrals", "registrations", "conflicts", "opportunities", "attributions", "commissions", "ledger",
        "statements",
    ]

    /// The built program beside these tests; `nil` where only the tests were built.
    private static let program: String? = {
        let built = ["release", "debug"].map { "\(repositoryRoot)/.build/\($0)/tributary" }
            .filter { FileManager.default.isExecutableFile(atPath: $0) }
        return built.max { modified($0) < modified($1) }
    }()

    private static func modified(_ path: String) -> Date {
        (try? FileManager.default.attributesOfItem(atPath: path)[.modificationDate] as? Date) ?? .distantPast
    }

    @Test(.enabled(if: program != nil, "tributary is not built: `swift build --product tributary` first"))
    func `an import killed with -9 and repeated gives the tables of an undisturbed one`() throws {
        try DemoDirectory.with { directory in
            let sample = "\(directory.path)/sample"
            try FileManager.default.createDirectory(atPath: sample, withIntermediateDirectories: true)
            let partners = try RegisterFile.partners(
                in: "\(repositoryRoot)/Examples/partners.csv", temporaryDirectory: sample)
            _ = try SampleGenerator(size: .small, partners: partners).write(to: sample)

            let whole = "\(directory.path)/whole"
            try prepare(whole)
            let undisturbed = try launch(importing(from: sample, into: whole))
            undisturbed.waitUntilExit()

            let killed = "\(directory.path)/killed"
            try prepare(killed)
            let total = try finallyWritten(in: whole)
            for percent in [Int64(40)] {
                let process = try launch(importing(from: sample, into: killed))
                wait(until: { !process.isRunning || written(in: killed) * 100 >= total * percent })
                #expect(process.isRunning, "killed before its end, at \(percent) % of its records")
                kill(process.processIdentifier, SIGKILL)
                process.waitUntilExit()
                #expect(process.terminationReason == .uncaughtSignal)
            }
            try launch(importing(from: sample, into: killed)).waitUntilExit()

            for table in KillTests.tables {
                let (expected, found) = (try export(table, whole), try export(table, killed))
                #expect(expected == found, "\(table)")
                #expect(expected.utf8.count { $0 == UInt8(ascii: "\n") } > 1, "\(table) has rows")
            }
        }
    }

    private func prepare(_ data: String) throws {
        try run(["topics", "create", "--clock", "stream", "--clock-start", "2024-01-01T00:00:00Z", "--data", data])
        try run([
            "program", "publish", "\(repositoryRoot)/Examples/program.yaml", "--as", "psn_ines", "--yes", "--data",
            data,
        ])
    }

    private func importing(from sample: String, into data: String) -> [String] {
        let examples = "\(repositoryRoot)/Examples"
        var arguments = [
            "import", "--partners",
            "\(examples)/partners.csv,\(sample)/\(SampleGenerator.partnerChangesCSV),\(sample)/\(SampleGenerator.acceptedTermsCSV)",
            "--people", "\(examples)/people.csv", "--payees", "\(examples)/payees.csv", "--fx", "\(examples)/fx.csv",
        ]
        arguments += [
            "--referrals", "\(sample)/\(SampleGenerator.referralsCSV),\(sample)/\(SampleGenerator.referralsJSON)",
            "--opportunities", "\(sample)/\(SampleGenerator.opportunitiesCSV)", "--touches",
            "\(sample)/\(SampleGenerator.touchesCSV)", "--decisions", "\(sample)/\(SampleGenerator.decisionsJSON)",
        ]
        return arguments + [
            "--policy", "\(examples)/policy.yaml", "--until", "2026-02-05T00:00:00Z", "--yes", "--mail", "null",
            "--send-history", "--data", data,
        ]
    }

    /// Records in the referral topic, asked of the process that holds the log; 0 while nobody does.
    private func written(in data: String) -> Int64 {
        guard let log = try? RemoteLog(directory: data) else { return 0 }
        defer { log.close() }
        return ((try? log.endOffsets(of: "tributary.referral.v1")) ?? []).reduce(0, +)
    }

    private func finallyWritten(in data: String) throws -> Int64 {
        let log = try EmbeddedLog(directory: data)
        defer { log.close() }
        return try log.endOffsets(of: "tributary.referral.v1").reduce(0, +)
    }

    private func wait(until isDone: () -> Bool) {
        let deadline = ContinuousClock.now + .seconds(300)
        while !isDone(), ContinuousClock.now < deadline { Thread.sleep(forTimeInterval: 0.01) }
    }

    private func launch(_ arguments: [String]) throws -> Process {
        let process = Process()
        process.executableURL = URL(filePath: try #require(KillTests.program))
        process.arguments = arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        return process
    }

    private func run(_ arguments: [String]) throws {
        let process = try launch(arguments)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(arguments)")
    }

    private func export(_ table: String, _ data: String) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: try #require(KillTests.program))
        process.arguments = ["export", table, "--format", "csv", "--data", data]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let bytes = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "export \(table)")
        return String(decoding: bytes, as: UTF8.self)
    }
}
