import EventLog
import Testing

@Suite struct PartitionerTests {
    /// Hashes as Kafka's Java client computes them (its own unit test's table).
    @Test(arguments: [
        ("21", -973_932_308), ("foobar", -790_332_482), ("a-little-bit-long-string", -985_981_536),
        ("a-little-bit-longer-string", -1_486_304_829),
        ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
        ("abc", 479_470_107),
    ])
    func `hashes as the Java client does`(key: String, expected: Int) {
        #expect(Int(Int32(bitPattern: Partitioner.hash(key.utf8))) == expected)
    }

    @Test func `places every key in one of the partitions, and the same key always in the same`() {
        for number in 0..<1_000 {
            let key = "acme-\(number).example"
            let partition = Partitioner.partition(of: key, count: 8)
            #expect((0..<8).contains(partition))
            #expect(partition == Partitioner.partition(of: Array(key.utf8), count: 8))
        }
    }
}
