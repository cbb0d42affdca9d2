import CRdkafka
package import EventLog

extension KafkaLog: GroupDescribing {
    package func members(ofGroup group: String, topic: String) throws(LogError) -> [GroupMember] {
        try admin.members(ofGroup: group, topic: topic)
    }
}

extension KafkaAdmin {
    func members(ofGroup group: String, topic: String) throws(LogError) -> [GroupMember] {
        let operation = "asking for the members of group \(group)"
        let event = unsafe try ask(
            operation, RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS, kind: RD_KAFKA_EVENT_DESCRIBECONSUMERGROUPS_RESULT
        ) { options, queue in
            unsafe group.withCString { name in
                var names: [UnsafePointer<CChar>?] = unsafe [name]
                unsafe rd_kafka_DescribeConsumerGroups(handle.pointer, &names, 1, options, queue)
            }
        }
        let result = unsafe rd_kafka_event_DescribeConsumerGroups_result(event.pointer)
        var count = 0
        guard let groups = unsafe rd_kafka_DescribeConsumerGroups_result_groups(result, &count), count == 1,
            let description = unsafe groups[0]
        else { throw LogError(.malformed, .fatal, "\(operation): no answer for the group") }
        if let error = unsafe rd_kafka_ConsumerGroupDescription_error(description) {
            throw KafkaFailure(code: unsafe rd_kafka_error_code(error)).logError(during: operation)
        }
        var members: [GroupMember] = []
        for index in 0..<(unsafe rd_kafka_ConsumerGroupDescription_member_count(description)) {
            guard let member = unsafe rd_kafka_ConsumerGroupDescription_member(description, index) else { continue }
            unsafe members.append(groupMember(member, topic: topic))
        }
        return members.sorted { $0.identity < $1.identity }
    }

    @unsafe private func groupMember(_ member: OpaquePointer, topic: String) -> GroupMember {
        let client = unsafe String(cString: rd_kafka_MemberDescription_client_id(member))
        let host = unsafe String(cString: rd_kafka_MemberDescription_host(member))
        var partitions: [Int32] = []
        if let assignment = unsafe rd_kafka_MemberDescription_assignment(member),
            let list = unsafe rd_kafka_MemberAssignment_partitions(assignment)
        {
            partitions = unsafe PartitionList(borrowing: UnsafeMutablePointer(mutating: list)).elements
                .filter { $0.place.topic == topic }.map(\.place.partition).sorted()
        }
        return GroupMember(identity: client, host: String(host.drop { $0 == "/" }), partitions: partitions)
    }
}
