package import EventLog

extension EmbeddedLog: GroupDescribing {
    package func members(ofGroup group: String, topic: String) throws(LogError) -> [GroupMember] {
        monitor.locked {
            guard let coordinator = groups[group], coordinator.topic == topic else { return [] }
            return coordinator.owners.map { GroupMember(identity: $0.identity, host: "", partitions: $0.partitions) }
        }
    }
}

extension EmbeddedLog: GroupPositionWriting {
    package func firstOffsets(of topic: String) throws(LogError) -> [Int64] {
        let topic = try topicLog(topic)
        return monitor.locked { topic.partitions.map(\.first) }
    }

    package func positions(ofGroup group: String, topic: String) throws(LogError) -> [CommittedPosition?] {
        let topic = try topicLog(topic)
        return monitor.locked {
            let positions = committedPositions[group] ?? [:]
            return topic.partitions.map { positions[$0.id] }
        }
    }

    package func write(
        _ positions: [Int32: CommittedPosition], ofGroup group: String, topic: String
    ) throws(LogError) {
        let log = try topicLog(topic)
        var nothing = TransactionBuffer()
        var written: [CommitRequest.Position] = []
        for (partition, position) in positions {
            written.append(CommitRequest.Position(partition: try log.partition(partition), committed: position))
        }
        try commit(CommitRequest(taking: &nothing, group: group, positions: written)) {
            groups[group].map {
                LogError(.refused, .fatal, "group \(group) has \($0.owners.count) members: stop them first")
            }
        }
    }
}

extension RemoteLog: GroupDescribing {
    package func members(ofGroup group: String, topic: String) throws(LogError) -> [GroupMember] {
        var request = FrameWriter(.groupMembers)
        request.text(group)
        request.text(topic)
        return try call(request) { answer throws(LogError) in
            try answer.list { answer throws(LogError) in
                GroupMember(
                    identity: try answer.text(), host: try answer.text(),
                    partitions: try answer.list { answer throws(LogError) in
                        Int32(truncatingIfNeeded: try answer.integer())
                    })
            }
        }
    }
}
