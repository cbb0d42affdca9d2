import EventLog
import Testing

/// Gives what it is told to, one entry a read.
private final class ScriptedReader: LogReader {
    private(set) var reads: [[LogRecord]]
    private(set) var isClosed = false
    private(set) var at: [TopicPartition: Int64] = [:]

    init(_ reads: [[LogRecord]]) { self.reads = reads }

    func assign(_ positions: [TopicPartition: Int64]) throws(LogError) { at = positions }

    func read(maximum: Int, timeout: Duration) throws(LogError) -> [LogRecord] {
        let records = reads.isEmpty ? [] : reads.removeFirst()
        for record in records { at[TopicPartition(record.topic, record.partition)] = record.offset + 1 }
        return records
    }

    func positions() throws(LogError) -> [TopicPartition: Int64] { at }

    func close() { isClosed = true }
}

@Suite struct ReadThroughTests {
    private let place = TopicPartition("t", 0)

    private func records(_ offsets: Range<Int64>) -> [LogRecord] {
        offsets.map {
            LogRecord(
                topic: "t", partition: 0, offset: $0, appendTimeMilliseconds: 0, key: nil, value: nil, headers: [])
        }
    }

    @Test func readsASliceAtATimeAndOpensItsReaderWithTheFirst() throws {
        let reader = ScriptedReader([records(3..<5), [], records(5..<9)])
        var opened = 0
        let reading = ReadThrough(from: [place: 3], to: [place: 8]) {
            opened += 1
            return reader
        }
        #expect(reading.remaining == 5 && opened == 0)
        #expect(try reading.next(wait: .zero).map(\.offset) == [3, 4])
        #expect(reading.remaining == 3)
        #expect(try reading.next(wait: .zero).isEmpty)
        // The last slice goes beyond the end.
        #expect(try reading.next(wait: .zero).map(\.offset) == [5, 6, 7, 8])
        #expect(reading.remaining == 0 && opened == 1)
        reading.close()
        #expect(reader.isClosed)
    }

    @Test func hasNothingToReadWhereThePositionIsTheEnd() {
        let reading = ReadThrough(from: [place: 8, TopicPartition("t", 1): 0], to: [place: 8]) { ScriptedReader([]) }
        #expect(reading.remaining == 0)
    }

    @Test func endsWhereTheLogBringsNothing() throws {
        let reader = ScriptedReader([records(0..<1)])
        let reading = ReadThrough(from: [place: 0], to: [place: 2], patience: .zero) { reader }
        #expect(try reading.next(wait: .zero).count == 1)
        let error = #expect(throws: LogError.self) { try reading.next(wait: .zero) }
        #expect(error?.code == .timedOut)
    }
}
