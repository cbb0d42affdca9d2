import EventLog

extension TopicSettings {
    /// What workers rely on in a setting of every topic of a kind, whoever made the topic.
    struct Need: Sendable {
        enum Value: Sendable {
            case exactly(String)
            case atLeast(Int64)

            /// As a topic is created with it.
            var setting: String {
                switch self {
                case .exactly(let text): text
                case .atLeast(let least): "\(least)"
                }
            }

            var expectation: String {
                switch self {
                case .exactly(let text): text
                case .atLeast(let least): "at least \(least)"
                }
            }

            func isMet(by found: String) -> Bool {
                switch self {
                case .exactly(let text): found == text
                case .atLeast(let least): (Int64(found) ?? .min) >= least
                }
            }
        }

        var name: String
        var value: Value
        /// What goes wrong under another value.
        var consequence: String

        var setting: (name: String, value: String) { (name, value.setting) }

        /// `nil` where the need is met, or the cluster does not tell.
        func unfit(in settings: [String: String]) -> UnfitSetting? {
            guard let found = settings[name], !value.isMet(by: found) else { return nil }
            return UnfitSetting(name: name, found: found, expected: value.expectation, consequence: consequence)
        }
    }

    static let timestamps = Need(
        name: "message.timestamp.type", value: .exactly("LogAppendTime"),
        consequence: "records have their senders' time, by which timers fire, deadlines are judged and lag is told")

    /// Of compacted topics.
    static let deletions = Need(
        name: "delete.retention.ms", value: .atLeast(TopicSpecification.deletionRetentionMilliseconds),
        consequence: "a restore may miss deletions, and bring back what is gone")

    /// Of topics with more than one replica: what a producer's `acks=all` is worth.
    static let replication = [
        Need(
            name: "min.insync.replicas", value: .atLeast(2),
            consequence: "what one broker alone has acknowledged is lost with it"),
        Need(
            name: "unclean.leader.election.enable", value: .exactly("false"),
            consequence: "a broker that lacks acknowledged records may lead, and they are lost"),
    ]

    static func unfit(_ settings: [String: String], isCompacted: Bool, replicas: Int32) -> [UnfitSetting] {
        var needs = [timestamps]
        if isCompacted { needs.append(deletions) }
        if replicas > 1 { needs += replication }
        return needs.compactMap { $0.unfit(in: settings) }
    }
}
