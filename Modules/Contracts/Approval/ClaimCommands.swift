package import Domain
package import JSON

/// A person's decision about a referral, and about the claim that goes with it.
package struct ReviewDecided: EventPayload {
    package enum Decision: String, Sendable, CaseIterable {
        case accept, reject
        case `return`
    }

    package static let type = "io.tributary.review.decided.v1"

    package var account: AccountReference
    package var referral: ReferralID
    package var registration: RegistrationID?
    package var decision: Decision
    /// Required to reject.
    package var reason: RejectReason?
    package var note: String?
    /// Who in sales takes over; the programme's own contact where it is absent.
    package var contactInSales: PersonID?
    /// Who owns what in the deal: `partner`, `direct` or a person.
    package var roles: [RegistrationRole: String]
    package var actor: Actor
    package var occurredAt: Timestamp

    package init(
        account: AccountReference, referral: ReferralID, registration: RegistrationID? = nil, decision: Decision,
        reason: RejectReason? = nil, note: String? = nil, contactInSales: PersonID? = nil,
        roles: [RegistrationRole: String] = [:], actor: Actor, occurredAt: Timestamp
    ) {
        self.account = account
        self.referral = referral
        self.registration = registration
        self.decision = decision
        self.reason = reason
        self.note = note
        self.contactInSales = contactInSales
        self.roles = roles
        self.actor = actor
        self.occurredAt = occurredAt
    }

    package init(reading reader: inout ObjectReader) {
        account = reader.object("account", AccountReference.self)
        referral = reader.value("referral_id", as: ReferralID.self)
        registration = reader.optionalValue("registration_id", as: RegistrationID.self)
        decision = reader.enumeration("decision", Decision.self)
        reason = reader.optionalEnumeration("reason", RejectReason.self)
        note = reader.optionalString("note")
        contactInSales = reader.optionalValue("contact_in_sales", as: PersonID.self)
        roles = reader.optionalObject("roles", RoleList.self)?.roles ?? [:]
        actor = reader.value("actor", as: Actor.self)
        occurredAt = reader.value("occurred_at", as: Timestamp.self)
    }

    package func write(to writer: inout ObjectWriter) {
        writer.object("account", account)
        writer.value("referral_id", referral)
        writer.value("registration_id", registration)
        writer.enumeration("decision", decision)
        writer.enumeration("reason", reason)
        writer.string("note", note)
        writer.value("contact_in_sales", contactInSales)
        writer.object("roles", RoleList(roles))
        writer.value("actor", actor)
        writer.value("occurred_at", occurredAt)
    }
}

/// Who owns which part of a deal.
struct RoleList: JSONCodable {
    var roles: [RegistrationRole: String]

    /// `nil` for an empty list.
    init?(_ roles: [RegistrationRole: String]) {
        guard !roles.isEmpty else { return nil }
        self.roles = roles
    }

    init(reading reader: inout ObjectReader) {
        roles = [:]
        roles[.relationship] = reader.optionalString("relationship")
        roles[.demo] = reader.optionalString("demo")
        roles[.pricing] = reader.optionalString("pricing")
        roles[.contract] = reader.optionalString("contract")
        roles[.implementation] = reader.optionalString("implementation")
    }

    func write(to writer: inout ObjectWriter) {
        writer.string("relationship", roles[.relationship])
        writer.string("demo", roles[.demo])
        writer.string("pricing", roles[.pricing])
        writer.string("contract", roles[.contract])
        writer.string("implementation", roles[.implementation])
    }
}

/// A partner asks for a longer protection, before its end.
package struct RegistrationExtensionRequested: EventPayload {
    package static let type = "io.tributary.registration.extension_requested.v1"

    package var account: AccountReference
    package var registration: RegistrationID
    package var reason: String
    package var requestedBy: String
    package var occurredAt: Timestamp

    package init(
        account: AccountReference, registration: RegistrationID, reason: String, requestedBy: String,
        occurredAt: Timestamp
    ) {
        self.account = account
        self.registration = registration
        self.reason = reason
        self.requestedBy = requestedBy
        self.occurredAt = occurredAt
    }

    package init(reading reader: inout ObjectReader) {
        account = reader.object("account", AccountReference.self)
        registration = reader.value("registration_id", as: RegistrationID.self)
        reason = reader.string("reason")
        requestedBy = reader.string("requested_by")
        occurredAt = reader.value("occurred_at", as: Timestamp.self)
    }

    package func write(to writer: inout ObjectWriter) {
        writer.object("account", account)
        writer.value("registration_id", registration)
        writer.string("reason", reason)
        writer.string("requested_by", requestedBy)
        writer.value("occurred_at", occurredAt)
    }
}

/// A person grants or refuses a longer protection.
package struct RegistrationExtensionDecided: EventPayload {
    package enum Decision: String, Sendable, CaseIterable {
        case approve, reject
    }

    package static let type = "io.tributary.registration.extension_decided.v1"

    package var account: AccountReference
    package var registration: RegistrationID
    package var decision: Decision
    package var note: String?
    package var actor: Actor
    package var occurredAt: Timestamp

    package init(
        account: AccountReference, registration: RegistrationID, decision: Decision, note: String? = nil, actor: Actor,
        occurredAt: Timestamp
    ) {
        self.account = account
        self.registration = registration
        self.decision = decision
        self.note = note
        self.actor = actor
        self.occurredAt = occurredAt
    }

    package init(reading reader: inout ObjectReader) {
        account = reader.object("account", AccountReference.self)
        registration = reader.value("registration_id", as: RegistrationID.self)
        decision = reader.enumeration("decision", Decision.self)
        note = reader.optionalString("note")
        actor = reader.value("actor", as: Actor.self)
        occurredAt = reader.value("occurred_at", as: Timestamp.self)
    }

    package func write(to writer: inout ObjectWriter) {
        writer.object("account", account)
        writer.value("registration_id", registration)
        writer.enumeration("decision", decision)
        writer.string("note", note)
        writer.value("actor", actor)
        writer.value("occurred_at", occurredAt)
    }
}

/// The partner gives its claim back.
package struct RegistrationWithdrawn: EventPayload {
    package static let type = "io.tributary.registration.withdrawn.v1"

    package var account: AccountReference
    package var registration: RegistrationID
    package var reason: String?
    package var withdrawnBy: String
    package var occurredAt: Timestamp

    package init(
        account: AccountReference, registration: RegistrationID, reason: String? = nil, withdrawnBy: String,
        occurredAt: Timestamp
    ) {
        self.account = account
        self.registration = registration
        self.reason = reason
        self.withdrawnBy = withdrawnBy
        self.occurredAt = occurredAt
    }

    package init(reading reader: inout ObjectReader) {
        account = reader.object("account", AccountReference.self)
        registration = reader.value("registration_id", as: RegistrationID.self)
        reason = reader.optionalString("reason")
        withdrawnBy = reader.string("withdrawn_by")
        occurredAt = reader.value("occurred_at", as: Timestamp.self)
    }

    package func write(to writer: inout ObjectWriter) {
        writer.object("account", account)
        writer.value("registration_id", registration)
        writer.string("reason", reason)
        writer.string("withdrawn_by", withdrawnBy)
        writer.value("occurred_at", occurredAt)
    }
}

/// A person takes an approved claim back.
package struct RegistrationRevoked: EventPayload {
    package static let type = "io.tributary.registration.revoked.v1"

    package var account: AccountReference
    package var registration: RegistrationID
    package var reason: RejectReason
    package var note: String?
    package var actor: Actor
    package var occurredAt: Timestamp

    package init(
        account: AccountReference, registration: RegistrationID, reason: RejectReason, note: String? = nil,
        actor: Actor,
        occurredAt: Timestamp
    ) {
        self.account = account
        self.registration = registration
        self.reason = reason
        self.note = note
        self.actor = actor
        self.occurredAt = occurredAt
    }

    package init(reading reader: inout ObjectReader) {
        account = reader.object("account", AccountReference.self)
        registration = reader.value("registration_id", as: RegistrationID.self)
        reason = reader.enumeration("reason", RejectReason.self)
        note = reader.optionalString("note")
        actor = reader.value("actor", as: Actor.self)
        occurredAt = reader.value("occurred_at", as: Timestamp.self)
    }

    package func write(to writer: inout ObjectWriter) {
        writer.object("account", account)
        writer.value("registration_id", registration)
        writer.enumeration("reason", reason)
        writer.string("note", note)
        writer.value("actor", actor)
        writer.value("occurred_at", occurredAt)
    }
}
