package import Contracts
package import Domain
import Hashing
package import JSON

/// A part of all cases, chosen by a hash of the case's id: the same cases in every run.
package struct PolicyShare: Sendable, Hashable, JSONReadable {
    /// From this, in basis points, ...
    package var from: Int64
    /// ... to before this.
    package var below: Int64

    package init(from: Int64, below: Int64) {
        self.from = from
        self.below = below
    }

    package init(reading reader: inout ObjectReader) {
        from = reader.optionalInteger("from_bp", in: 0...10_000) ?? 0
        below = reader.optionalInteger("below_bp", in: 0...10_000) ?? 10_000
        reader.rejectUnknown()
    }

    func contains(_ id: String, salt: String) -> Bool {
        let place = Int64(Hashing.first64(of: [salt, id]) % 10_000)
        return place >= from && place < below
    }
}

/// A range of a score or count; both ends may be open.
package struct PolicyRange: Sendable, Hashable, JSONReadable {
    package var from: Int64?
    package var below: Int64?

    package init(reading reader: inout ObjectReader) {
        from = reader.optionalInteger("from")
        below = reader.optionalInteger("below")
        reader.rejectUnknown()
    }

    /// An unknown value lies in no range.
    func contains(_ value: Int64?) -> Bool {
        guard let value else { return false }
        return value >= from ?? .min && value < below ?? .max
    }
}

/// What a rule asks of a case; everything that is given must hold.
package struct PolicyCondition: Sendable, Hashable, JSONReadable {
    package var kinds: [ReviewFact.Kind]
    package var fit: PolicyRange?
    package var intent: PolicyRange?
    package var stages: [RegistrationStage]
    package var partners: [PartnerID]
    /// At least one of these is proposed.
    package var reasons: [RejectReason]
    package var causes: [Conflict.Cause]
    package var outcomes: [ConflictOutcome]
    /// Registrations in one of these states.
    package var states: [RegistrationState]
    /// Whether the direct team is a party.
    package var direct: Bool?
    /// Whether it is an appeal.
    package var appeal: Bool?
    /// Extensions that the registration has had.
    package var extensions: PolicyRange?
    /// Days to the end of the protection.
    package var daysLeft: PolicyRange?
    /// Hours since it was opened, or decided.
    package var hours: PolicyRange?
    package var share: PolicyShare?

    package init(reading reader: inout ObjectReader) {
        kinds = reader.enumerations("kinds", ReviewFact.Kind.self)
        fit = reader.optionalObject("fit", PolicyRange.self)
        intent = reader.optionalObject("intent", PolicyRange.self)
        stages = reader.enumerations("stages", RegistrationStage.self)
        partners = reader.values("partners", as: PartnerID.self)
        reasons = reader.enumerations("reasons", RejectReason.self)
        causes = reader.enumerations("causes", Conflict.Cause.self)
        outcomes = reader.enumerations("outcomes", ConflictOutcome.self)
        states = reader.enumerations("states", RegistrationState.self)
        direct = reader.optionalBoolean("direct")
        appeal = reader.optionalBoolean("appeal")
        extensions = reader.optionalObject("extensions", PolicyRange.self)
        daysLeft = reader.optionalObject("days_left", PolicyRange.self)
        hours = reader.optionalObject("hours", PolicyRange.self)
        share = reader.optionalObject("share", PolicyShare.self)
        reader.rejectUnknown()
    }

    /// Holds for everything.
    package init() {
        kinds = []
        stages = []
        partners = []
        reasons = []
        causes = []
        outcomes = []
        states = []
    }
}

/// What a policy knows of a case that it may decide.
struct PolicyCase {
    var id: String
    var kind: ReviewFact.Kind?
    var fit: Int64?
    var intent: Int64?
    var stage: RegistrationStage?
    var partners: [PartnerID] = []
    var reasons: [RejectReason] = []
    var cause: Conflict.Cause?
    var outcome: ConflictOutcome?
    var state: RegistrationState?
    var hasDirect = false
    var isAppeal = false
    var extensions: Int64?
    var daysLeft: Int64?
    var hours: Int64 = 0
}

extension PolicyCondition {
    func holds(for item: PolicyCase, salt: String) -> Bool {
        (kinds.isEmpty || item.kind.map(kinds.contains) ?? false)
            && (fit?.contains(item.fit) ?? true) && (intent?.contains(item.intent) ?? true)
            && (stages.isEmpty || item.stage.map(stages.contains) ?? false)
            && (partners.isEmpty || item.partners.contains(where: partners.contains))
            && (reasons.isEmpty || item.reasons.contains(where: reasons.contains))
            && (causes.isEmpty || item.cause.map(causes.contains) ?? false)
            && (outcomes.isEmpty || item.outcome.map(outcomes.contains) ?? false)
            && (states.isEmpty || item.state.map(states.contains) ?? false)
            && (direct.map { $0 == item.hasDirect } ?? true) && (appeal.map { $0 == item.isAppeal } ?? true)
            && (extensions?.contains(item.extensions) ?? true) && (daysLeft?.contains(item.daysLeft) ?? true)
            && (hours?.contains(item.hours) ?? true) && (share?.contains(item.id, salt: salt) ?? true)
    }
}
