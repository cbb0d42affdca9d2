package import EventLog

/// The topics of one installation: what they are called, kept by, and how many partitions they have.
package struct TopicCatalogue: Sendable, Hashable {
    package static let defaultPrefix = "tributary"
    package static let defaultPartitions: Int32 = 8
    /// The largest record of every topic but dead letters.
    package static let maximumRecordBytes = 1 << 20
    /// A dead letter is a record of at most `maximumRecordBytes` of a foreign topic's, or more, with headers about it.
    package static let maximumDeadLetterBytes = 16 << 20
    /// Notifications are sent or stale long before.
    package static let notificationRetentionMilliseconds: Int64 = 90 * 86_400_000
    /// A restore that began before a compaction must still find what it read about.
    package static let changelogMinimumLagMilliseconds: Int64 = 24 * 3_600_000

    package let prefix: String
    /// Of every input topic, and with it of changelogs and dead letters. Never changes once the topics exist.
    package let partitions: Int32
    /// Made once: a name is asked for with every record.
    private let names: [Topic: String]

    package init(
        prefix: String = TopicCatalogue.defaultPrefix, partitions: Int32 = TopicCatalogue.defaultPartitions
    ) {
        self.prefix = prefix
        self.partitions = partitions
        names = Dictionary(uniqueKeysWithValues: TopicCatalogue.topics.map { ($0, $0.name(prefix: prefix)) })
    }

    /// Every topic, inputs first.
    package static let topics: [Topic] =
        [.program, .referral, .approval, .payout, .notification, .outcome]
        + WorkerName.allCases.map { .changelog($0) } + WorkerName.allCases.map { .deadLetters($0) }

    /// What every topic is created with.
    package var specifications: [TopicSpecification] { TopicCatalogue.topics.map(specification) }

    package func name(of topic: Topic) -> String { names[topic] ?? topic.name(prefix: prefix) }

    package func specification(of topic: Topic) -> TopicSpecification {
        switch topic {
        case .program: make(topic, partitions: 1, .compact(minimumLagMilliseconds: 0))
        case .referral, .approval, .payout, .outcome: make(topic, .delete(retentionMilliseconds: nil))
        case .notification:
            make(topic, .delete(retentionMilliseconds: TopicCatalogue.notificationRetentionMilliseconds))
        case .changelog:
            make(topic, .compact(minimumLagMilliseconds: TopicCatalogue.changelogMinimumLagMilliseconds))
        case .deadLetters:
            make(topic, .delete(retentionMilliseconds: nil), maximum: TopicCatalogue.maximumDeadLetterBytes)
        }
    }

    private func make(
        _ topic: Topic, partitions: Int32? = nil, _ cleanup: TopicSpecification.Cleanup,
        maximum: Int = TopicCatalogue.maximumRecordBytes
    ) -> TopicSpecification {
        TopicSpecification(
            name: name(of: topic), partitions: partitions ?? self.partitions, cleanup: cleanup,
            maximumRecordBytes: maximum)
    }
}

extension Topic {
    /// Who writes it and what for, for documents.
    package var summary: String {
        switch self {
        case .program:
            "The register, kept for ever: programme versions, partners, people, terms, payees, rates. Key: entity id and version."
        case .referral: "Referrals as partners and marketplaces bring them. Key: account key."
        case .approval: "Evaluated referrals, decisions, touches, opportunities. Key: account key."
        case .payout: "What partners earned, and the payout runs. Key: partner id."
        case .notification: "Messages to be sent, and what became of them. Key: recipient."
        case .outcome: "Facts for readers: each holds the whole current image of one entity. Key: entity id."
        case .changelog(let worker): "Row images of the \(worker.rawValue) worker's stores. Key: table and primary key."
        case .deadLetters(let worker): "Records that the \(worker.rawValue) worker could not process, as received."
        }
    }
}
