import EventLog
import Foundation
import SQLite
import Testing

@testable import EmbeddedLog

@Suite(.timeLimit(.minutes(10))) struct EmbeddedLogTests {
    private let directory = TemporaryDirectory.make()

    private func opened(partitions: Int32 = 2) throws -> EmbeddedLog {
        let log = try EmbeddedLog(directory: directory)
        try log.createTopics(
            ["in", "changelog", "out"].map {
                TopicSpecification(name: $0, partitions: partitions, cleanup: .delete(retentionMilliseconds: nil))
            })
        return log
    }

    private func session(_ log: EmbeddedLog, _ identity: String = "i") throws -> any TurnSession {
        let session = try log.session(
            SessionConfiguration(group: "g", topic: "in", changelogTopic: "changelog", identity: identity))
        _ = try session.poll(maximumRecords: 1, timeout: .seconds(5))
        return session
    }

    private func record(_ topic: String, _ partition: Int32, _ value: [UInt8]) -> OutgoingRecord {
        OutgoingRecord(topic: topic, partition: partition, key: [1], value: value, headers: [LogHeader("h", "v")])
    }

    private func contents(_ log: EmbeddedLog, _ topic: String) throws -> [LogRecord] {
        let reader = try log.reader()
        defer { reader.close() }
        let ends = try log.endOffsets(of: topic)
        try reader.assign(
            Dictionary(uniqueKeysWithValues: ends.indices.map { (TopicPartition(topic, Int32($0)), 0) }))
        var found: [LogRecord] = []
        while found.count < ends.reduce(0, +) { found += try reader.read(maximum: 1_000, timeout: .seconds(5)) }
        return found.sorted { ($0.partition, $0.offset) < ($1.partition, $1.offset) }
    }

    @Test func aSecondHolderIsRefusedWithThePidOfTheFirst() throws {
        #expect(EmbeddedLog.holder(of: directory) == nil)
        let log = try opened()
        #expect(EmbeddedLog.holder(of: directory) == getpid())
        let error = try #require(throws: LogError.self) { _ = try EmbeddedLog(directory: directory) }
        #expect(error.code == .held)
        #expect(error.message.contains("\(getpid())"))
        log.close()
        #expect(EmbeddedLog.holder(of: directory) == nil)
        try EmbeddedLog(directory: directory).close()
    }

    @Test func theSettingsOfTheFileAreSet() throws {
        let log = try opened()
        defer { log.close() }
        let connection = log.file.connection
        #expect(try connection.text("PRAGMA journal_mode") == "wal")
        #expect(try connection.integer("PRAGMA synchronous") == 2)
        #expect(try connection.integer("PRAGMA page_size") == 16_384)
        #expect(try connection.integer("PRAGMA wal_autocheckpoint") == 1_024)
    }

    @Test func everythingIsThereAfterReopening() throws {
        var log = try opened()
        let session = try session(log)
        try session.begin()
        for number in UInt8(0)..<100 { try session.append(record("out", Int32(number % 2), [number])) }
        try session.append(record("changelog", 1, []))
        let written = try session.commit(
            [TurnOffset(partition: 0, offset: 5, metadata: "turn=1 epoch=1")], deadline: .now + .seconds(5))
        #expect(written == [1: 1])
        session.close(deadline: .now)
        let before = try contents(log, "out")
        let topics = try log.topics()
        log.close()

        log = try EmbeddedLog(directory: directory)
        defer { log.close() }
        #expect(try log.topics() == topics)
        #expect(try contents(log, "out") == before)
        #expect(before.map(\.offset) == Array(0..<50) + Array(0..<50))
        #expect(try contents(log, "changelog").map(\.value) == [[]])
        #expect(try log.committedOffsets(group: "g", topic: "in") == [5, nil])
        let next = try self.session(log)
        #expect(
            try next.committed(0, timeout: .zero) == CommittedPosition(offset: 5, metadata: "turn=1 epoch=1"))
        next.close(deadline: .now)
    }

    @Test func transactionsOfManyThreadsStayWholeAndOffsetsDense() throws {
        let log = try opened()
        defer { log.close() }
        let threads = (UInt8(0)..<6).map { thread in
            BlockingThread {
                // A failure shows itself as missing records.
                guard let producer = try? log.producer(identity: "p\(thread)") else { return }
                for transaction in UInt8(0)..<50 {
                    _ = try? producer.append(
                        (UInt8(0)..<4).map { number in
                            OutgoingRecord(
                                topic: "out", partition: Int32(number % 2), key: nil,
                                value: [thread, transaction, number])
                        })
                }
            }
        }
        for thread in threads { thread.join() }
        let found = try contents(log, "out")
        for partition in Int32(0)..<2 {
            let records = found.filter { $0.partition == partition }
            #expect(records.map(\.offset) == Array(0..<600))
            for thread in UInt8(0)..<6 {
                let own = records.compactMap(\.value).filter { $0[0] == thread }
                #expect(own.map { Int($0[1]) * 4 + Int($0[2]) } == (0..<100).map { $0 * 2 + Int(partition) })
            }
            // The two records of a transaction in one partition stand side by side.
            for index in stride(from: 0, to: records.count, by: 2) {
                #expect(records[index].value!.prefix(2) == records[index + 1].value!.prefix(2))
            }
        }
    }

    @Test func recordsBeyondTheMemoryComeFromTheFile() throws {
        let log = try opened(partitions: 1)
        defer { log.close() }
        let producer = try log.producer(identity: "p")
        let large = [UInt8](repeating: 7, count: 500_000)
        let count = EmbeddedLog.tailBytes / large.count + 30
        for number in 0..<count {
            try producer.append([
                OutgoingRecord(topic: "out", partition: 0, key: [UInt8(number % 256)], value: large)
            ])
        }
        let found = try contents(log, "out")
        #expect(found.map(\.offset) == (0..<Int64(count)).map { $0 })
        #expect(found.allSatisfy { $0.value == large && $0.key == [UInt8($0.offset % 256)] })
    }

    @Test func aFullDiskLosesTheTurnAndNothingElse() throws {
        let log = try opened(partitions: 1)
        defer { log.close() }
        let session = try session(log)
        defer { session.close(deadline: .now) }
        try session.begin()
        try session.append(record("out", 0, [1]))
        _ = try session.commit([TurnOffset(partition: 0, offset: 1, metadata: "")], deadline: .now)
        let pages = try #require(try log.file.connection.integer("PRAGMA page_count"))
        try log.file.connection.execute("PRAGMA max_page_count=\(pages + 1)")
        try session.begin()
        var random = SystemRandomNumberGenerator()
        for _ in 0..<20 {
            // Of random bytes, which do not pack.
            let value = (0..<100_000).map { _ in UInt8.random(in: 0...255, using: &random) }
            try session.append(record("out", 0, value))
        }
        let error = try #require(throws: LogError.self) {
            _ = try session.commit([TurnOffset(partition: 0, offset: 2, metadata: "")], deadline: .now)
        }
        #expect(error.code == .storage)
        #expect(error.errorClass == .abortable)
        try session.abort()
        #expect(try contents(log, "out").map(\.value) == [[1]])
        #expect(try log.committedOffsets(group: "g", topic: "in") == [1])
        try log.file.connection.execute("PRAGMA max_page_count=100000000")
        try session.begin()
        try session.append(record("out", 0, [3]))
        _ = try session.commit([TurnOffset(partition: 0, offset: 3, metadata: "")], deadline: .now)
        #expect(try contents(log, "out").map(\.value) == [[1], [3]])
        #expect(try contents(log, "out").map(\.offset) == [0, 1])
    }

    @Test func aLargeTransactionIsSplitIntoBatchesAndReadFromAnyOffset() throws {
        var log = try opened(partitions: 1)
        let sizes = [10, 100_000, 100_000, 100_000, 400_000, 0, 10, 300_000, 10]
        let values = sizes.enumerated().map { [UInt8](repeating: UInt8($0.offset), count: $0.element) }
        try log.producer(identity: "p").append(values.map { record("out", 0, $0) })
        try log.producer(identity: "p").append([record("out", 0, [99])])
        let batches = try #require(
            try log.file.connection.integer("SELECT count(*) FROM batch_\(log.topicLog("out").partitions[0].id)"))
        #expect(batches == 7)
        for isReopened in [false, true] {
            if isReopened {
                log.close()
                log = try EmbeddedLog(directory: directory)
            }
            let reader = try log.reader()
            defer { reader.close() }
            for start in 0...values.count {
                try reader.assign([TopicPartition("out", 0): Int64(start)])
                var found: [LogRecord] = []
                while found.count < values.count + 1 - start {
                    found += try reader.read(maximum: 2, timeout: .seconds(5))
                }
                #expect(found.map(\.offset) == (Int64(start)...Int64(values.count)).map { $0 })
                #expect(found.map(\.value) == Array((values + [[99]])[start...]))
                #expect(found.allSatisfy { $0.headers == [LogHeader("h", "v")] && $0.key == [1] })
            }
        }
        log.close()
    }

    /// The log opened anew with batches of `out` that are no longer what was written.
    private func damaged(_ log: EmbeddedLog, _ change: String) throws -> EmbeddedLog {
        let id = try log.topicLog("out").partitions[0].id
        try log.file.connection.execute("UPDATE batch_\(id) SET \(change)")
        log.close()
        return try EmbeddedLog(directory: directory)
    }

    @Test func aBatchThatCannotBeReadIsNamed() throws {
        var log = try opened(partitions: 1)
        let producer = try log.producer(identity: "p")
        for number in UInt8(0)..<3 { try producer.append([record("out", 0, [number])]) }
        log = try damaged(log, "records = substr(records, 1, length(records) - 1) WHERE base_offset = 1")
        defer { log.close() }
        let reader = try log.reader()
        defer { reader.close() }
        try reader.assign([TopicPartition("out", 0): 0])
        #expect(try reader.read(maximum: 1, timeout: .zero).map(\.value) == [[0]])
        let error = try #require(throws: LogError.self) { _ = try reader.read(maximum: 1, timeout: .zero) }
        #expect(error.code == .malformed && error.errorClass == .fatal)
        #expect(error.message == "out/0 holds a batch at 1 that cannot be read")
    }

    @Test func memoryHoldsWhatItIsAllowedAndCountsTheBytesThatItTakes() throws {
        let log = try opened(partitions: 1)
        defer { log.close() }
        let producer = try log.producer(identity: "p")
        var random = SystemRandomNumberGenerator()
        // Of random bytes, which do not pack.
        let rows = (0..<50).map { _ in
            record("out", 0, (0..<1_000).map { _ in UInt8.random(in: 0...255, using: &random) })
        }
        try producer.append(rows)
        weak var oldest: TailChunk?
        do {
            let chunks = log.monitor.locked { log.topicLogs["out"]!.partitions[0].tail(from: 0, maximum: 1) }
            oldest = try #require(chunks?.first)
            #expect(oldest != nil)
        }
        for _ in 1..<600 { try producer.append(rows) }
        #expect(oldest == nil)
        let chunks = log.monitor.locked {
            log.topicLogs["out"]!.partitions[0].tail(from: 30_000 - 50, maximum: 1)
        }
        let newest = try #require(chunks?.last)
        #expect(newest.records.count == 50 && newest.bytes >= newest.records.bytes.capacity)
        #expect(newest.bytes < 2 * 50 * 1_020)
        let held = log.monitor.locked { log.topicLogs["out"]!.partitions[0].bytesInMemory }
        #expect(held <= EmbeddedLog.tailBytes && held > EmbeddedLog.tailBytes - 2 * newest.bytes)
    }

    @Test func recordsThatSayTheSameTakeAFifthOfTheirBytes() throws {
        let log = try opened(partitions: 1)
        defer { log.close() }
        let rows = (0..<500).map { number in
            record("out", 0, Array("{\"referral_id\":\"ref_\(number)\",\"state\":\"in_review\"}".utf8))
        }
        try log.producer(identity: "p").append(rows)
        let sizes = try #require(
            try log.file.connection.text(
                "SELECT unpacked_bytes || '/' || length(records) FROM batch_\(log.topicLog("out").partitions[0].id)"))
        let parts = sizes.split(separator: "/").compactMap { Int($0) }
        #expect(parts[0] > rows.reduce(0) { $0 + $1.byteCount } && parts[1] * 5 < parts[0])
        #expect(try contents(log, "out").map(\.value) == rows.map(\.value))
    }

    @Test(arguments: [
        "unpacked_bytes = unpacked_bytes + 1", "unpacked_bytes = unpacked_bytes - 1",
        "unpacked_bytes = -1", "unpacked_bytes = 9000000000000", "records = x''", "records = randomblob(40)",
    ])
    func aBatchThatDoesNotUnpackIsNamed(damage: String) throws {
        var log = try opened(partitions: 1)
        try log.producer(identity: "p").append([record("out", 0, [UInt8](repeating: 7, count: 500))])
        log = try damaged(log, damage)
        defer { log.close() }
        let reader = try log.reader()
        defer { reader.close() }
        try reader.assign([TopicPartition("out", 0): 0])
        let error = try #require(throws: LogError.self) { _ = try reader.read(maximum: 1, timeout: .zero) }
        #expect(error.code == .malformed)
        #expect(error.message == "out/0 holds a batch at 0 that cannot be read")
    }

    @Test func aFileOfAnotherVersionIsRefused() throws {
        try opened().close()
        let connection = try SQLiteConnection(path: directory + "/log.sqlite")
        try connection.execute("PRAGMA user_version=2")
        connection.close()
        let error = try #require(throws: LogError.self) { _ = try EmbeddedLog(directory: directory) }
        #expect(error.code == .malformed)
        #expect(error.message.hasSuffix("log.sqlite has the shape 2, this version knows 4"))
    }

    @Test func aFileThatIsNotOursIsRefused() throws {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let connection = try SQLiteConnection(path: directory + "/log.sqlite")
        try connection.execute("CREATE TABLE other (id INTEGER PRIMARY KEY)")
        connection.close()
        #expect(try #require(throws: LogError.self) { _ = try EmbeddedLog(directory: directory) }.code == .malformed)
        try Data(repeating: 1, count: 70_000).write(to: URL(filePath: directory + "/log.sqlite"))
        #expect(try #require(throws: LogError.self) { _ = try EmbeddedLog(directory: directory) }.code == .malformed)
    }

    @Test func aClosedLogRefusesAndWakesWhoWaits() throws {
        let log = try opened()
        let session = try session(log)
        let reader = try log.reader()
        try reader.assign([TopicPartition("out", 0): 0])
        let thread = BlockingThread { log.close() }
        #expect(throws: LogError.self) { _ = try reader.read(maximum: 1, timeout: .seconds(60)) }
        thread.join()
        #expect(throws: LogError.self) { _ = try session.poll(maximumRecords: 1, timeout: .zero) }
        #expect(throws: LogError.self) { _ = try log.producer(identity: "p") }
        session.close(deadline: .now)
        log.close()
    }

    @Test func aTurnIsBegunOnceAndOwnershipIsChecked() throws {
        let log = try opened()
        defer { log.close() }
        let session = try session(log)
        defer { session.close(deadline: .now) }
        #expect(throws: LogError.self) { try session.append(record("out", 0, [1])) }
        #expect(throws: LogError.self) {
            _ = try session.commit([TurnOffset(partition: 0, offset: 1, metadata: "")], deadline: .now)
        }
        try session.begin()
        #expect(throws: LogError.self) { try session.begin() }
        #expect(throws: LogError.self) { try session.finishRevocation() }
        #expect(throws: LogError.self) {
            _ = try session.commit([TurnOffset(partition: 2, offset: 1, metadata: "")], deadline: .now)
        }
        try session.abort()
        try session.resume(0, at: 0)
        #expect(throws: LogError.self) { try session.resume(0, at: 0) }
        #expect(throws: LogError.self) {
            _ = try log.session(
                SessionConfiguration(group: "g", topic: "out", changelogTopic: "changelog", identity: "other"))
        }
    }
}
