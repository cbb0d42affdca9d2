package import EventLog

extension EmbeddedLog: GroupDescribing {
    package func members(ofGroup group: String, topic: String) throws(LogError) -> [GroupMember] {
        monitor.locked {
            guard let coordinator = groups[group], coordinator.topic == topic else { return [] }
            return coordinator.owners.map { GroupMember(identity: $0.identity, host: "", partitions: $0.partitions) }
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
