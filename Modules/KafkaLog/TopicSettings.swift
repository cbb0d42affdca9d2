import EventLog

/// A topic's specification as broker settings, and back.
///
/// A topic's limit in the specification is on a record's key, value and headers; the broker's is on the batch, so it is
/// set higher by the framing of one record.
enum TopicSettings {
    /// What a batch of one record may have beside key, value and headers.
    static let framingBytes = 4096

    /// What a topic is created with.
    static func settings(of topic: TopicSpecification) -> [(name: String, value: String)] {
        var settings = [
            timestamps.setting,
            (name: "max.message.bytes", value: "\(topic.maximumRecordBytes + framingBytes)"),
        ]
        switch topic.cleanup {
        case .delete(let retention):
            settings.append((name: "cleanup.policy", value: "delete"))
            settings.append((name: "retention.ms", value: "\(retention ?? -1)"))
            settings.append((name: "retention.bytes", value: "-1"))
        case .compact(let lag):
            settings.append((name: "cleanup.policy", value: "compact"))
            settings.append((name: "min.compaction.lag.ms", value: "\(lag)"))
            settings.append(deletions.setting)
        }
        return settings
    }

    /// The specification that a topic's settings amount to.
    ///
    /// - Parameter replicas: of its partitions.
    static func specification(
        name: String, partitions: Int32, replicas: Int32 = 1, settings: [String: String]
    ) -> TopicSpecification {
        let policy = settings["cleanup.policy"] ?? "delete"
        let policies = policy.split { $0 == "," || $0 == " " }
        func number(_ setting: String) -> Int64? { settings[setting].flatMap { Int64($0) } }
        let cleanup: TopicSpecification.Cleanup
        var alsoDeletesBy: String?
        if policies.contains("compact") {
            cleanup = .compact(minimumLagMilliseconds: number("min.compaction.lag.ms") ?? 0)
            if policies.contains("delete") { alsoDeletesBy = "cleanup.policy=\(policy)" }
        } else {
            let retention = number("retention.ms") ?? -1
            cleanup = .delete(retentionMilliseconds: retention < 0 ? nil : retention)
            if let bytes = number("retention.bytes"), bytes >= 0 { alsoDeletesBy = "retention.bytes=\(bytes)" }
        }
        return TopicSpecification(
            name: name, partitions: partitions, cleanup: cleanup,
            maximumRecordBytes: maximumRecordBytes(settings) ?? 1 << 20, alsoDeletesBy: alsoDeletesBy,
            unfitSettings: unfit(settings, isCompacted: policies.contains("compact"), replicas: replicas))
    }

    /// The largest record that a topic with these settings takes.
    static func maximumRecordBytes(_ settings: [String: String]) -> Int? {
        settings["max.message.bytes"].flatMap { Int($0) }.map { max(0, $0 - framingBytes) }
    }
}
