import EventLog
import Testing

@Suite struct FirstRecordTests {
    private let place = TopicPartition("t", 1)

    private func first(_ reader: Reader, below end: Int64 = 9) throws -> Int64? {
        try reader.first(of: place, from: 3, below: end, within: .zero)?.offset
    }

    @Test func isTheOneFromThePositionOn() throws {
        let reader = Reader(record: 5, position: 3)
        #expect(try first(reader) == 5)
        #expect(reader.assigned == [place: 3])
    }

    @Test func isNoneWhereThereAreMarkersAloneBelowTheEnd() throws {
        #expect(try first(Reader(record: nil, position: 9)) == nil)
        #expect(try first(Reader(record: 9, position: 3)) == nil)
    }

    /// That is not the same as none.
    @Test func isAnErrorWhereTheLogDoesNotAnswer() throws {
        let error = #expect(throws: LogError.self) { try first(Reader(record: nil, position: 8)) }
        #expect(error?.code == .timedOut)
        #expect(error?.message.contains("t/1") == true)
    }

    private final class Reader: LogReader {
        private let record: Int64?
        private let position: Int64
        private(set) var assigned: [TopicPartition: Int64] = [:]

        init(record: Int64?, position: Int64) {
            self.record = record
            self.position = position
        }

        func assign(_ positions: [TopicPartition: Int64]) throws(LogError) { assigned = positions }
        func read(maximum: Int, timeout: Duration) throws(LogError) -> [LogRecord] {
            record.map {
                [
                    LogRecord(
                        topic: "t", partition: 1, offset: $0, appendTimeMilliseconds: 0, key: nil, value: nil,
                        headers: [])
                ]
            } ?? []
        }
        func positions() throws(LogError) -> [TopicPartition: Int64] { assigned.mapValues { _ in position } }
        func close() {}
    }
}
