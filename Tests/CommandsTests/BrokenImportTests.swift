import CommandLineKit
import Contracts
import Domain
import DomainNames
import Foundation
import Importing
import Testing
import WorkerService

@testable import Commands

/// An import that is broken off between any two steps and repeated decides what an undisturbed one decides, at the same
/// times.
@Suite(.timeLimit(.minutes(5))) struct BrokenImportTests {
    private struct BrokenOff: Error {}

    /// One call of `import` as far as it comes.
    ///
    /// - Parameters:
    ///   - step: which of its ticks breaks it off; `nil` for none.
    ///   - isTicked: whether that tick still happens.
    /// - Returns: whether it came to its end.
    private func importOnce(
        _ sample: ImportSample, _ options: GlobalOptions, breakingAt step: Int? = nil, isTicked: Bool = true
    ) throws -> Bool {
        let examples = "\(repositoryRoot)/Examples"
        let installation = try Installation(options, runsWorkers: true, mail: MailOptions(sink: .null))
        defer { installation.close() }
        let plan = try ImportRun(options: options, terminal: Terminal()).plan([
            ImportInput(kind: .partners, path: "\(examples)/partners.csv"),
            ImportInput(kind: .people, path: "\(examples)/people.csv"),
            ImportInput(kind: .referrals, path: "\(sample.directory)/referrals.ndjson"),
            ImportInput(kind: .opportunities, path: "\(sample.directory)/opportunities.ndjson"),
        ])
        let importer = try Importer(
            log: installation.log, catalogue: options.catalogue, identity: "test.import", dataDirectory: options.data)
        defer { importer.close() }
        let policy = PolicyRunner(
            policy: try ImportCommand.readPolicy("\(examples)/policy.yaml"), log: installation.log,
            catalogue: options.catalogue)
        defer { policy.close() }
        var ticks = 0
        let reading = try #require(try installation.clock.read())
        let clock = ImportClock(kind: .stream, at: reading.time) { time in
            let isLast = ticks == step
            if !isLast || isTicked { try installation.clock.tick(to: time, timeout: .seconds(60)) }
            ticks += 1
            if isLast { throw BrokenOff() }
        }
        do {
            _ = try importer.run(plan, clock: clock, policy: policy, until: Timestamp(rfc3339: "2024-01-14T00:00:00Z"))
            return true
        } catch is BrokenOff {
            return false
        }
    }

    /// Ticks that one call gets to, and whether the last of them still happens: together they break an import off between
    /// any two of its steps.
    @Test(arguments: [(0, true), (1, false), (1, true)])
    func `an import that is broken off again and again ends as an undisturbed one`(step: Int, isTicked: Bool) throws {
        try DemoDirectory.with { directory in
            let sample = ImportSample(directory: directory.path, days: 6, referralsPerDay: 6)
            try sample.write()
            let whole = try directory.options("whole")
            try #require(ImportSample.prepare(whole.data))
            #expect(try importOnce(sample, whole))
            let expected = try ImportSample.tables(whole)
            #expect(expected["conflicts"]?.isEmpty == false && expected["commissions"]?.isEmpty == false)

            let broken = try directory.options("broken")
            try #require(ImportSample.prepare(broken.data))
            var calls = 1
            while try !importOnce(sample, broken, breakingAt: step, isTicked: isTicked) {
                calls += 1
                try #require(calls < 100, "each call goes on where the one before ended")
            }
            #expect(calls > 5)
            let tables = try ImportSample.tables(broken)
            for (table, rows) in expected { #expect(tables[table] == rows, "\(table)") }
        }
    }
}
