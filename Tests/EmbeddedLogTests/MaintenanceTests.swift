import EmbeddedLog
import EventLog
import EventLogConformance
import Testing

@Suite struct MaintenanceTests {
    private let directory = TemporaryDirectory.make()
    private let clock = TestClock()
    private let hour: Int64 = 3_600_000

    private func opened(_ cleanup: TopicSpecification.Cleanup) throws -> EmbeddedLog {
        let log = try EmbeddedLog(directory: directory, now: clock.read)
        try log.createTopics([TopicSpecification(name: "t", partitions: 1, cleanup: cleanup)])
        return log
    }

    private func append(_ log: EmbeddedLog, _ rows: [(UInt8, UInt8?)]) throws {
        _ = try log.producer(identity: "p").append(
            rows.map { row in OutgoingRecord(topic: "t", partition: 0, key: [row.0], value: row.1.map { [$0] }) })
    }

    private func contents(_ log: EmbeddedLog, from offset: Int64 = 0) throws -> [LogRecord] {
        let reader = try log.reader()
        defer { reader.close() }
        try reader.assign([TopicPartition("t", 0): offset])
        var found: [LogRecord] = []
        while try reader.positions()[TopicPartition("t", 0)]! < log.endOffsets(of: "t")[0] {
            found += try reader.read(maximum: 100, timeout: .milliseconds(1))
        }
        return found
    }

    /// The log opened again, so that nothing comes from memory.
    private func reopened(_ log: EmbeddedLog) throws -> EmbeddedLog {
        log.close()
        return try EmbeddedLog(directory: directory, now: clock.read)
    }

    @Test func theConformanceSuiteReadsACompactedChangelog() throws {
        let log = try EmbeddedLog(directory: directory)
        defer { log.close() }
        try EventLogConformance(log: log, compact: { _ in try log.maintain(isForced: true) })
            .check(.theChangelogKeepsTheLastRowOfEachKey)
    }

    @Test func compactionKeepsTheLastRecordOfEachKeyAtItsOffset() throws {
        var log = try opened(.compact(minimumLagMilliseconds: hour))
        try append(log, [(1, 10), (2, 20), (1, 11), (3, 30), (1, 12), (3, 31)])
        clock.advance(by: 2 * hour)
        try append(log, [(2, 21)])
        try log.maintain(isForced: true)
        log = try reopened(log)
        defer { log.close() }
        let found = try contents(log)
        #expect(found.map(\.offset) == [1, 4, 5, 6])
        #expect(found.map(\.value) == [[20], [12], [31], [21]])
        #expect(try log.endOffsets(of: "t") == [7])
    }

    @Test func recordsYoungerThanTheLagStay() throws {
        var log = try opened(.compact(minimumLagMilliseconds: hour))
        try append(log, [(1, 10), (1, 11)])
        clock.advance(by: hour - 1)
        try log.maintain(isForced: true)
        log = try reopened(log)
        defer { log.close() }
        #expect(try contents(log).map(\.offset) == [0, 1])
    }

    @Test func aTombstoneStaysForADayAndThenGoesWithTheNextCompaction() throws {
        var log = try opened(.compact(minimumLagMilliseconds: 0))
        try append(log, [(1, 10), (2, 20), (1, nil)])
        clock.advance(by: 1)
        try log.maintain(isForced: true)
        log = try reopened(log)
        #expect(try contents(log).map(\.offset) == [1, 2])
        clock.advance(by: 23 * hour)
        try append(log, [(3, 30)])
        clock.advance(by: 1)
        try log.maintain(isForced: true)
        log = try reopened(log)
        #expect(try contents(log).map(\.offset) == [1, 2, 3])
        clock.advance(by: 2 * hour)
        try append(log, [(3, 31)])
        clock.advance(by: 1)
        try log.maintain(isForced: true)
        log = try reopened(log)
        defer { log.close() }
        #expect(try contents(log).map(\.value) == [[20], [31]])
    }

    @Test func aSmallGainIsNotWorthACompaction() throws {
        var log = try opened(.compact(minimumLagMilliseconds: 0))
        try append(log, [(1, 10), (1, 11)])
        clock.advance(by: 1)
        try log.maintain()
        log = try reopened(log)
        defer { log.close() }
        #expect(try contents(log).count == 2)
    }

    @Test func retentionDeletesWhatIsOldAndNeverLowersTheEnd() throws {
        var log = try opened(.delete(retentionMilliseconds: hour))
        for round in 0..<25 {
            try append(log, (0..<100).map { _ in (UInt8(round), 1) })
        }
        clock.advance(by: hour)
        try append(log, [(100, 1)])
        clock.advance(by: 1)
        try log.maintain()
        #expect(try contents(log).map(\.offset) == [2_500])
        clock.advance(by: 2 * hour)
        try log.maintain()
        log = try reopened(log)
        defer { log.close() }
        #expect(try contents(log).isEmpty)
        #expect(try log.endOffsets(of: "t") == [2_501])
        try append(log, [(101, 1)])
        let found = try contents(log)
        #expect(found.map(\.offset) == [2_501])
        #expect(found[0].appendTimeMilliseconds == clock.now)
    }

    @Test func aPositionBelowTheFirstKeptRecordIsOutOfRangeAndSaysHowManyAreLost() throws {
        let log = try opened(.delete(retentionMilliseconds: hour))
        defer { log.close() }
        try append(log, (0..<10).map { ($0, 1) })
        clock.advance(by: hour + 1)
        try append(log, [(100, 1)])
        try log.maintain()
        let reader = try log.reader()
        defer { reader.close() }
        try reader.assign([TopicPartition("t", 0): 4])
        let error = try #require(throws: LogError.self) { _ = try reader.read(maximum: 1, timeout: .zero) }
        #expect(error.code == .offsetOutOfRange)
        #expect(error.message.contains("6 unread records"))
        try reader.assign([TopicPartition("t", 0): 0])
        #expect(try reader.read(maximum: 5, timeout: .zero).map(\.offset) == [10])
        #expect(try log.firstOffsets(of: "t") == [10])
    }

    @Test func theAppendTimeNeverGoesBack() throws {
        var log = try opened(.delete(retentionMilliseconds: nil))
        try append(log, [(1, 1)])
        clock.advance(by: -500)
        try append(log, [(1, 2)])
        log = try reopened(log)
        defer { log.close() }
        try append(log, [(1, 3)])
        #expect(Set(try contents(log).map(\.appendTimeMilliseconds)) == [clock.now + 500])
    }
}
