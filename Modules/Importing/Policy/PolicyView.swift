import Contracts
import Domain
import EventLog
import JSON

/// What a policy sees: the open reviews and conflicts, and what it may ask or appeal for, out of the facts in `outcome.v1`.
/// Only what is open is kept.
final class PolicyView {
    private static let readRecords = 2_000

    private(set) var reviews: [String: ReviewFact] = [:]
    private(set) var conflicts: [ConflictID: Conflict] = [:]
    private(set) var registrations: [RegistrationID: Registration] = [:]
    private var scores: [ReferralID: (fit: Int64, intent: Int64)] = [:]

    private let log: any EventLog
    private let topic: String
    /// Registrations are kept only where somebody asks about them.
    private let keepsRegistrations: Bool
    private var reader: (any LogReader)?

    init(log: any EventLog, catalogue: TopicCatalogue, keepsRegistrations: Bool) {
        self.log = log
        self.keepsRegistrations = keepsRegistrations
        topic = catalogue.name(of: .outcome)
    }

    func close() {
        reader?.close()
        reader = nil
    }

    func score(of referral: ReferralID?) -> (fit: Int64, intent: Int64)? { referral.flatMap { scores[$0] } }

    /// Reads every fact that is committed by now.
    func catchUp() throws {
        let ends = try log.endOffsets(of: topic)
        let reader: any LogReader
        if let open = self.reader {
            reader = open
        } else {
            reader = try log.reader()
            try reader.assign(
                Dictionary(uniqueKeysWithValues: ends.indices.map { (TopicPartition(topic, Int32($0)), Int64(0)) }))
            self.reader = reader
        }
        while true {
            let positions = try reader.positions()
            let isBehind = ends.enumerated().contains { index, end in
                positions[TopicPartition(topic, Int32(index)), default: 0] < end
            }
            guard isBehind else { return }
            for record in try reader.read(maximum: PolicyView.readRecords, timeout: .milliseconds(100)) {
                try take(record)
            }
        }
    }

    private func take(_ record: LogRecord) throws(JSONFailure) {
        guard let value = record.value, let type = record.headerText(HeaderName.type) else { return }
        switch type {
        case ReferralFact.type:
            let referral = try JSONDocument.decode(ReferralFact.self, from: value).referral
            switch referral.state {
            case .submitted, .inReview, .returned:
                scores[referral.id] = referral.assessment.map { ($0.fit.value, $0.intent.value) }
            default: scores[referral.id] = nil
            }
        case ReviewFact.type:
            let review = try JSONDocument.decode(ReviewFact.self, from: value)
            let isOpen = review.state != .closed && review.state != .stopped
            reviews[review.id] = isOpen ? review : nil
        case ConflictFact.type:
            let conflict = try JSONDocument.decode(ConflictFact.self, from: value).conflict
            // A decided one may be appealed, once.
            conflicts[conflict.id] =
                conflict.state.isPending || (conflict.state == .decided && conflict.appeal == nil) ? conflict : nil
        case RegistrationFact.type where keepsRegistrations:
            let registration = try JSONDocument.decode(RegistrationFact.self, from: value).registration
            let runs = registration.state == .approved || registration.state == .converted
            registrations[registration.id] = runs ? registration : nil
        default: break
        }
    }

    /// Conflicts whose appeal can no longer come, and registrations whose protection is over.
    func forget(before time: Timestamp) {
        for (id, conflict) in conflicts where conflict.state == .decided {
            if let until = conflict.decision?.appealUntil, until <= time { conflicts[id] = nil }
        }
        for (id, registration) in registrations {
            if let end = registration.window?.end, end <= time { registrations[id] = nil }
        }
    }
}
