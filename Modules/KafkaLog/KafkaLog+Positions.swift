import CRdkafka
package import EventLog

extension KafkaLog: GroupPositionWriting {
    package func firstOffsets(of topic: String) throws(LogError) -> [Int64] {
        let starts = try admin.starts(of: topic, partitions: 0..<partitionCount(of: topic))
        return starts.sorted { $0.key < $1.key }.map(\.value)
    }

    package func positions(ofGroup group: String, topic: String) throws(LogError) -> [CommittedPosition?] {
        try admin.committed(group: group, topic: topic, partitions: partitionCount(of: topic), isSettled: true)
    }

    package func write(
        _ positions: [Int32: CommittedPosition], ofGroup group: String, topic: String
    ) throws(LogError) {
        let members = try admin.members(ofGroup: group, topic: topic)
        guard members.isEmpty else {
            throw LogError(
                .refused, .fatal,
                "group \(group) has \(members.count) members (\(members[0].identity) ...): stop them first")
        }
        try admin.write(positions, ofGroup: group, topic: topic)
    }
}

extension KafkaAdmin {
    fileprivate func write(
        _ positions: [Int32: CommittedPosition], ofGroup group: String, topic: String
    ) throws(LogError) {
        let places = PartitionList(capacity: positions.count)
        for (partition, position) in positions.sorted(by: { $0.key < $1.key }) {
            places.add(topic, partition, offset: position.offset, metadata: position.metadata)
        }
        var request: OpaquePointer? = unsafe rd_kafka_AlterConsumerGroupOffsets_new(group, places.pointer)
        defer { unsafe rd_kafka_AlterConsumerGroupOffsets_destroy(request) }
        let operation = "writing the positions of group \(group)"
        let event = unsafe try ask(
            operation, RD_KAFKA_ADMIN_OP_ALTERCONSUMERGROUPOFFSETS,
            kind: RD_KAFKA_EVENT_ALTERCONSUMERGROUPOFFSETS_RESULT
        ) { options, queue in
            unsafe rd_kafka_AlterConsumerGroupOffsets(handle.pointer, &request, 1, options, queue)
        }
        let result = unsafe rd_kafka_event_AlterConsumerGroupOffsets_result(event.pointer)
        var count = 0
        guard let groups = unsafe rd_kafka_AlterConsumerGroupOffsets_result_groups(result, &count), count == 1 else {
            throw LogError(.malformed, .fatal, "\(operation): no answer for the group")
        }
        if let error = unsafe rd_kafka_group_result_error(groups[0]) {
            throw KafkaFailure(code: unsafe rd_kafka_error_code(error)).logError(during: operation)
        }
        guard let written = unsafe rd_kafka_group_result_partitions(groups[0]) else { return }
        for element in unsafe PartitionList(borrowing: UnsafeMutablePointer(mutating: written)).elements {
            try KafkaFailure.check(element.code, "\(operation) in \(element.place)")
        }
    }
}
