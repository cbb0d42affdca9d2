import EventLog
import Testing

@testable import EmbeddedLog

@Suite struct RecordBatchTests {
    private let records = [
        OutgoingRecord(topic: "t", partition: 0, key: [1, 2], value: [3], headers: [LogHeader("h", "v")]),
        OutgoingRecord(topic: "t", partition: 0, key: nil, value: nil),
        OutgoingRecord(topic: "t", partition: 0, key: [], value: []),
        OutgoingRecord(
            topic: "t", partition: 0, key: [4], value: [UInt8](repeating: 5, count: 300),
            headers: [LogHeader("none", [UInt8]?.none), LogHeader("", [])]),
    ]
    private let partition = PartitionLog(
        topic: "t", partition: 0, id: 1, maximumRecordBytes: 1_000, first: 0, end: 0, appendTime: 0)

    private func batch() -> RecordBatch {
        var batch = RecordBatch()
        for record in records { batch.append(record, byteCount: record.byteCount) }
        return batch
    }

    private func read(_ bytes: [UInt8], from offset: Int64 = 0, maximum: Int = 100) -> RecordFetcher.Fetch? {
        var fetch = RecordFetcher.Fetch(records: [], next: offset)
        let isRead = unsafe bytes.withUnsafeBytes { bytes in
            unsafe fetch.take(
                bytes, of: partition, base: 10, end: 20, appendTime: 7, from: offset, maximum: maximum,
                isChecked: false)
        }
        return isRead ? fetch : nil
    }

    @Test func recordsAreReadAsTheyWereWritten() throws {
        let fetch = try #require(read(batch().bytes))
        #expect(fetch.records.map(\.offset) == [10, 11, 12, 13])
        #expect(fetch.records.map(\.key) == records.map(\.key))
        #expect(fetch.records.map(\.value) == records.map(\.value))
        #expect(fetch.records.map(\.headers) == records.map(\.headers))
        #expect(fetch.records.allSatisfy { $0.appendTimeMilliseconds == 7 && $0.topic == "t" })
        #expect(fetch.next == 20)
    }

    @Test func readingBeginsAtAnyOffsetAndEndsAtTheMaximum() throws {
        let fetch = try #require(read(batch().bytes, from: 11, maximum: 2))
        #expect(fetch.records.map(\.offset) == [11, 12])
        #expect(fetch.next == 13)
        #expect(try #require(read(batch().bytes, from: 14)).records.isEmpty)
    }

    @Test func gapsKeepTheOffsetsOfWhatStays() throws {
        var kept = RecordBatch()
        let bytes = batch().bytes
        unsafe bytes.withUnsafeBytes { bytes in
            var walk = unsafe RecordBatchWalk(bytes, base: 10)
            while let place = walk.next() {
                let record = unsafe UnsafeRawBufferPointer(rebasing: bytes[place.whole])
                if place.offset == 11 { unsafe kept.append(record, gap: 1) }
                if place.offset == 13 { unsafe kept.append(record, gap: 1) }
            }
        }
        let fetch = try #require(read(kept.bytes))
        #expect(fetch.records.map(\.offset) == [11, 13])
        #expect(fetch.records.map(\.value) == [records[1].value, records[3].value])
    }

    @Test func bytesOfAnyKindAreReadOrRefusedWithoutACrash() {
        var random = SystemRandomNumberGenerator()
        let bytes = batch().bytes
        let complete = (0...bytes.count).filter { read(Array(bytes.prefix($0))) != nil }
        // Nothing, and the end of each record.
        #expect(complete.count == 5)
        for _ in 0..<2_000 {
            _ = read((0..<Int.random(in: 0..<60)).map { _ in UInt8.random(in: 0...255, using: &random) })
        }
    }
}
