import Contracts
import Demo
import Domain
import EmbeddedLog
import EventLog
import Foundation
import JSON
import Testing

@testable import Commands

/// An import that is killed and repeated ends as one that nobody disturbed.
@Suite(
    .serialized, .timeLimit(.minutes(10)),
    .enabled(if: BuiltProgram.path != nil, Comment(rawValue: BuiltProgram.missing)))
struct KillTests {
    private static let topic = "tributary.referral.v1"
    private static let mail = "tributary.notification.v1"
    /// How long the next record may take before the killed import counts as stuck.
    private static let patience = Duration.seconds(60)

    /// What an undisturbed import leaves.
    private struct Undisturbed {
        var tables: [String: [[String]]]
        var records: Int64
        var messages: Set<String>
        var code: Int32
    }

    private func withUndisturbed(_ body: (DemoDirectory, ImportSample, Undisturbed) throws -> Void) throws {
        try DemoDirectory.with { directory in
            let sample = ImportSample(directory: directory.path)
            try sample.write()
            let data = "\(directory.path)/whole"
            try #require(ImportSample.prepare(data))
            let ended = try BuiltProgram.run(["import", "--data", data] + sample.arguments, in: directory.path)
            try #require(ended.code == 0, "\(ended.errors)")
            try deliver(data, in: directory)
            let whole = Undisturbed(
                tables: try ImportSample.tables(try directory.options("whole")), records: try written(in: data),
                messages: try messages(in: data), code: ended.code)
            try #require(whole.messages.count > 100)
            for table in [
                "referrals", "registrations", "conflicts", "opportunities", "commissions", "ledger", "statements",
            ] {
                try #require(whole.tables[table]?.isEmpty == false, "the sample reaches \(table)")
            }
            try body(directory, sample, whole)
        }
    }

    /// Referrals in the log, each once: the measure of how far an import is.
    private func written(in data: String) throws -> Int64 {
        let log = try EmbeddedLog(directory: data)
        defer { log.close() }
        var seen: Set<String> = []
        try log.readThrough(Self.topic) { Self.note($0, in: &seen) }
        return Int64(seen.count)
    }

    private static func note(_ record: LogRecord, in seen: inout Set<String>) {
        if record.headerText(HeaderName.type) == ReferralSubmitted.type, let id = record.headerText(HeaderName.id) {
            seen.insert(id)
        }
    }

    /// Returns when the process that serves the log in `data` has written so many referrals, or whatever `note` takes down
    /// of a record, each once. Woken by the log itself.
    private func wait(
        for count: Int64, in data: String, topic: String = KillTests.topic,
        note: (LogRecord, inout Set<String>) throws -> Void = { KillTests.note($0, in: &$1) }
    ) throws {
        let log = try RemoteLog(directory: data)
        defer { log.close() }
        let reader = try log.reader()
        defer { reader.close() }
        let partitions = Int32(try log.endOffsets(of: topic).count)
        try reader.assign(
            Dictionary(uniqueKeysWithValues: (0..<partitions).map { (TopicPartition(topic, $0), 0) }))
        var seen: Set<String> = []
        while seen.count < count {
            let more = try reader.read(maximum: 500, timeout: Self.patience)
            try #require(!more.isEmpty, "the process goes on beyond \(seen.count) of \(count)")
            for record in more { try note(record, &seen) }
        }
    }

    /// Lets the workers run until every message that was asked for is written: an import does not wait for its mail, and
    /// what it left goes out with the next process.
    private func deliver(_ data: String, in directory: DemoDirectory) throws {
        let wanted = try requested(in: data)
        guard try messages(in: data).count < wanted else { return }
        let workers = try BuiltProgram.start(
            ["up", "--data", data, "--send-history"], in: directory.path, until: "four workers run")
        defer {
            workers.send(SIGTERM)
            workers.finish()
        }
        try wait(for: Int64(wanted), in: data, topic: Self.mail) { record, sent in
            guard record.headerText(HeaderName.type) == NotificationSent.type, let value = record.value else { return }
            for message in try JSONDocument.decode(NotificationSent.self, from: value).messages {
                sent.insert(message.notification.text)
            }
        }
    }

    /// How many messages were asked for.
    private func requested(in data: String) throws -> Int {
        let log = try EmbeddedLog(directory: data)
        defer { log.close() }
        var ids: Set<String> = []
        try log.readThrough(Self.mail) { record in
            if record.headerText(HeaderName.type) == NotificationRequested.type {
                ids.insert(record.headerText(HeaderName.subject) ?? "")
            }
        }
        return ids.count
    }

    private func expectEqual(_ whole: Undisturbed, _ directory: DemoDirectory, _ name: String) throws {
        let tables = try ImportSample.tables(try directory.options(name))
        for (table, rows) in whole.tables { #expect(tables[table] == rows, "\(table)") }
        let log = try EmbeddedLog(directory: "\(directory.path)/\(name)")
        let verification = try Verification(log: log, catalogue: try directory.options(name).catalogue)
        #expect(verification.failures == [])
        log.close()
        try deliver("\(directory.path)/\(name)", in: directory)
        #expect(try messages(in: "\(directory.path)/\(name)") == whole.messages)
    }

    /// Names of the messages that were written, each once.
    private func messages(in data: String) throws -> Set<String> {
        let files = try FileManager.default.subpathsOfDirectory(atPath: "\(data)/mail").filter { $0.hasSuffix(".eml") }
        let names = files.map { URL(filePath: $0).lastPathComponent }
        #expect(Set(names).count == names.count)
        return Set(names)
    }

    @Test func `an import killed with -9 again and again and repeated gives the tables of an undisturbed one`() throws {
        try withUndisturbed { directory, sample, whole in
            let data = "\(directory.path)/killed"
            try #require(ImportSample.prepare(data))
            for percent in [Int64(20), 45, 70, 90] {
                let target = whole.records * percent / 100
                let running = try BuiltProgram.start(
                    ["import", "--data", data] + sample.arguments, in: directory.path, until: "writing ")
                try wait(for: target, in: data)
                running.send(SIGKILL)
                running.finish()
                #expect(
                    running.process.terminationReason == .uncaughtSignal && running.process.terminationStatus == SIGKILL
                )
                // It had written some of it, and not all.
                let records = try written(in: data)
                #expect(records >= target && records < whole.records, "\(percent) %: \(records) of \(whole.records)")
            }
            let ended = try BuiltProgram.run(["import", "--data", data] + sample.arguments, in: directory.path)
            #expect(ended.code == whole.code)
            #expect(ended.output.contains("were there already"))
            try expectEqual(whole, directory, "killed")
        }
    }

    @Test func `the process that runs the workers is killed under an import through its socket`() throws {
        try withUndisturbed { directory, sample, whole in
            let data = "\(directory.path)/up"
            try #require(ImportSample.prepare(data))
            let up = ["up", "--data", data, "--send-history"]
            for percent in [Int64(35), 75] {
                let target = whole.records * percent / 100
                let workers = try BuiltProgram.start(up, in: directory.path, until: "four workers run")
                let guest = try BuiltProgram.start(
                    ["import", "--data", data] + sample.arguments, in: directory.path, until: "writing ")
                try wait(for: target, in: data)
                workers.send(SIGKILL)
                workers.finish()
                guest.finish()
                #expect(guest.process.terminationReason == .exit && guest.process.terminationStatus == 1)
                #expect(guest.text.contains("has ended"), "the import says why it stopped: \(guest.text.suffix(300))")
                let records = try written(in: data)
                #expect(records >= target && records < whole.records, "\(percent) %: \(records) of \(whole.records)")
            }
            let workers = try BuiltProgram.start(up, in: directory.path, until: "four workers run")
            let ended = try BuiltProgram.run(["import", "--data", data] + sample.arguments, in: directory.path)
            #expect(ended.code == whole.code, "\(ended.errors)")
            workers.send(SIGTERM)
            workers.finish()
            #expect(workers.process.terminationStatus == 0)
            try expectEqual(whole, directory, "up")
        }
    }
}
