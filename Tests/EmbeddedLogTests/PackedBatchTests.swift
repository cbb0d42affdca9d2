import EventLog
import Testing

@testable import EmbeddedLog

@Suite struct PackedBatchTests {
    private func batch(of values: [[UInt8]], key: [UInt8]? = [1]) -> RecordBatch {
        var batch = RecordBatch()
        for value in values {
            let record = OutgoingRecord(topic: "t", partition: 0, key: key, value: value)
            batch.append(record, byteCount: record.byteCount)
        }
        return batch
    }

    private func unpacked(_ packed: PackedBatch, _ room: inout UnpackedBatch) -> [UInt8]? {
        unsafe packed.bytes.withUnsafeBytes { bytes in
            unsafe room.lend(bytes, byteCount: packed.unpackedBytes) { unsafe [UInt8]($0) }
        }
    }

    @Test func batchesOfAnySizeComeBackThroughTheSameRoom() throws {
        var scratch: [UInt8] = []
        var room = UnpackedBatch()
        for size in [0, 1, 100_000, 3_000_000, 5, 600_000, 0] {
            let batch = batch(of: [
                [UInt8](repeating: 9, count: size), (0..<size).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 7) },
            ])
            let packed = PackedBatch(batch, scratch: &scratch)
            #expect(packed.count == 2 && packed.unpackedBytes == batch.bytes.count)
            #expect(unpacked(packed, &room) == batch.bytes)
        }
    }

    @Test func bytesOfAnyKindAreUnpackedOrRefusedWithoutACrash() {
        var random = SystemRandomNumberGenerator()
        var room = UnpackedBatch()
        for _ in 0..<5_000 {
            let bytes = (0..<Int.random(in: 0..<80)).map { _ in UInt8.random(in: 0...255, using: &random) }
            _ = unsafe bytes.withUnsafeBytes { bytes in
                unsafe room.lend(bytes, byteCount: Int.random(in: -1...5_000)) { $0.count }
            }
        }
    }

    /// A transaction's batches keep their room, and nothing else, from the one before.
    @Test func aBufferIsEmptyAfterItsBatchesWereTaken() throws {
        let partition = PartitionLog(
            topic: "t", partition: 0, id: 1, maximumRecordBytes: 1 << 20, first: 0, end: 0, appendTime: 0)
        var buffer = TransactionBuffer()
        for round in UInt8(0)..<3 {
            let values = (UInt8(0)..<3).map { [UInt8](repeating: round &+ $0, count: 200_000) }
            for value in values {
                try buffer.append(OutgoingRecord(topic: "t", partition: 0, key: nil, value: value), to: partition)
            }
            #expect(buffer.recordCount == 3 && buffer.bytes == 600_000)
            var room = UnpackedBatch()
            let taken = buffer.takeBatches()
            #expect(taken.map(\.records.count) == [1, 1, 1])
            let bytes = taken.map { unpacked($0.records, &room) }
            #expect(bytes == values.map { batch(of: [$0], key: nil).bytes })
            #expect(buffer.recordCount == 0 && buffer.bytes == 0 && buffer.takeBatches().isEmpty)
        }
    }
}
