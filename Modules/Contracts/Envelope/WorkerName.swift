/// The four workers. The name is part of group, changelog and dead-letter topic names.
package enum WorkerName: String, Sendable, CaseIterable {
    case referral, approval, payout, notification

    /// What the sources of its events begin with; the partition follows: `/tributary/approval-worker/3`.
    package var sourcePrefix: String { "/tributary/\(rawValue)-worker/" }

    /// The topic that the worker consumes.
    package var input: Topic {
        switch self {
        case .referral: .referral
        case .approval: .approval
        case .payout: .payout
        case .notification: .notification
        }
    }
}

/// The topics of the catalogue. Names are `<prefix>.<raw value>.v1`.
package enum Topic: Sendable, Hashable {
    /// The register: programme versions, partners, people, terms, payees, rates. Kept for ever.
    case program
    case referral, approval, payout, notification
    /// Facts for readers, keyed by entity id.
    case outcome
    case changelog(WorkerName)
    case deadLetters(WorkerName)

    package func name(prefix: String) -> String {
        switch self {
        case .program: "\(prefix).program.v1"
        case .referral: "\(prefix).referral.v1"
        case .approval: "\(prefix).approval.v1"
        case .payout: "\(prefix).payout.v1"
        case .notification: "\(prefix).notification.v1"
        case .outcome: "\(prefix).outcome.v1"
        case .changelog(let worker): "\(prefix).\(worker.rawValue)-worker.changelog.v1"
        case .deadLetters(let worker): "\(prefix).\(worker.rawValue)-worker.dlq.v1"
        }
    }
}
