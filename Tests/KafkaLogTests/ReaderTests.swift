import EventLog
import Foundation
import Testing

@testable import KafkaLog

extension BrokerTests {
    @Suite struct ReaderTests {
        @Test func positionsPassTheMarkersOfTransactions() throws {
            let topics = try Topics(partitions: 2)
            defer { topics.log.close() }
            try topics.append(["a", "b"], to: topics.input)
            try topics.append(["c"], to: topics.input)
            let ends = try topics.log.endOffsets(of: topics.input)
            #expect(ends == [5, 0])
            let reader = try topics.log.reader()
            defer { reader.close() }
            let (first, second) = (TopicPartition(topics.input, 0), TopicPartition(topics.input, 1))
            try reader.assign([first: 0, second: 0])
            #expect(try reader.positions() == [first: 0, second: 0])
            var values: [String] = []
            while try reader.positions()[first]! < ends[0] {
                values += try reader.read(maximum: 10, timeout: .milliseconds(200)).map(\.text)
            }
            #expect(values == ["a", "b", "c"])
            #expect(try reader.positions() == [first: 5, second: 0])
        }

        @Test func anAssignmentReplacesTheOneBefore() throws {
            let topics = try Topics(partitions: 2)
            defer { topics.log.close() }
            try topics.append(["a", "b", "c"], to: topics.input)
            try topics.append(["x"], to: topics.input, partition: 1)
            let reader = try topics.log.reader()
            defer { reader.close() }
            func read(_ positions: [TopicPartition: Int64], count: Int) throws -> [String] {
                try reader.assign(positions)
                var found: [String] = []
                while found.count < count { found += try reader.read(maximum: 10, timeout: .seconds(1)).map(\.text) }
                return found
            }
            #expect(try read([TopicPartition(topics.input, 0): 0], count: 3) == ["a", "b", "c"])
            #expect(try read([TopicPartition(topics.input, 0): 2], count: 1) == ["c"])
            #expect(try read([TopicPartition(topics.input, 1): 0], count: 1) == ["x"])
            #expect(try read([TopicPartition(topics.input, 0): 1], count: 2) == ["b", "c"])
            #expect(try reader.positions().keys.map(\.partition) == [0])
        }

        /// Who wants one record does not get thousands.
        @Test func aGlanceFetchesABatchAtATime() throws {
            let topics = try Topics()
            defer { topics.log.close() }
            let batches = 20
            for batch in 0..<batches { try topics.append((0..<500).map { "\(batch) \($0)" }, to: topics.input) }
            func opened(_ use: ReaderUse) throws -> KafkaReader {
                let reader = try #require(try topics.log.reader(for: use) as? KafkaReader)
                try reader.assign([TopicPartition(topics.input, 0): 0])
                var first: [LogRecord] = []
                while first.isEmpty { first = try reader.read(maximum: 1, timeout: .milliseconds(100)) }
                #expect(first.map(\.text) == ["0 0"])
                return reader
            }
            let glance = try opened(.glance)
            defer { glance.close() }
            // By the time that one who reads on has most of it, the other one would have as well.
            let stream = try opened(.stream)
            defer { stream.close() }
            let deadline = ContinuousClock.now + .seconds(20)
            while stream.waiting <= 500 * batches / 2, !deadline.hasPassed {}
            #expect(stream.waiting > 500 * batches / 2)
            #expect(glance.waiting < 2 * 500)
        }

        @Test func aPositionThatIsGoneIsAnErrorThatNamesThePartition() throws {
            let topics = try Topics()
            defer { topics.log.close() }
            try topics.append(["a"], to: topics.input)
            let reader = try topics.log.reader()
            defer { reader.close() }
            try reader.assign([TopicPartition(topics.input, 0): 1000])
            let error = #expect(throws: LogError.self) {
                for _ in 0..<50 { _ = try reader.read(maximum: 10, timeout: .milliseconds(100)) }
            }
            #expect(error?.code == .offsetOutOfRange)
            #expect(error?.errorClass == .fatal)
            #expect(error?.message.contains("\(topics.input)/0") == true)
        }

        @Test func anAbortedAppendIsNeverSeenAndAnOpenOneHoldsTheEndBack() throws {
            let topics = try Topics()
            defer { topics.log.close() }
            let session = try topics.assigned(topics.configuration("a"))
            defer { session.end() }
            try session.begin()
            try session.append(topics.record(topics.output, "open"))
            try session.producer.drain(until: .now + .seconds(5))
            try topics.append(["behind"], to: topics.output)
            #expect(try topics.log.endOffsets(of: topics.output) == [0])
            #expect(try topics.log.admin.bounds(of: TopicPartition(topics.output, 0)).end == 3)
            let open = try topics.log.openTransactions(of: topics.output, partitions: [0])
            let behind = try #require(open[0])
            #expect(open.count == 1 && behind.firstOffset == 0 && behind.end == 3)
            let age = Date().timeIntervalSince1970 - Double(behind.sinceMilliseconds) / 1_000
            #expect(age > -1 && age < 300)
            try session.abort()
            while try topics.log.endOffsets(of: topics.output) != [4] {}
            #expect(try topics.log.openTransactions(of: topics.output, partitions: [0]).isEmpty)
            #expect(try topics.values(of: topics.output) == ["behind"])
        }
    }
}
