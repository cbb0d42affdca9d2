package import EventLog

extension KafkaLog: OpenTransactionFinding {
    package func openTransactions(of topic: String, partitions: [Int32]) throws(LogError) -> [Int32: OpenTransaction] {
        let partitions = partitions.sorted()
        // In this order: what is written and committed meanwhile is not held.
        let ends = try admin.ends(of: topic, partitions: partitions)
        let stable = try admin.stableEnds(of: topic, partitions: partitions)
        let held = partitions.indices.filter { stable[$0] < ends[$0] }
        guard !held.isEmpty else { return [:] }
        let reader = try reader(.uncommittedProbe)
        defer { reader.close() }
        var found: [Int32: OpenTransaction] = [:]
        for index in held {
            let place = TopicPartition(topic, partitions[index])
            // It may be over by now: aborted, and compacted away.
            guard
                let first = try reader.first(of: place, from: stable[index], below: ends[index], within: admin.timeout)
            else {
                continue
            }
            found[place.partition] = OpenTransaction(
                firstOffset: stable[index], end: ends[index], sinceMilliseconds: first.appendTimeMilliseconds)
        }
        return found
    }
}
