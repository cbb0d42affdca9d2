package import Domain
package import JSON

/// A version of the programme; it never changes afterwards.
package struct ProgramPublished: RegisterEntry, Hashable {
    package static let type = "io.tributary.program.published.v1"

    package var program: Program
    package var actor: Actor
    package var reason: String?
    package var occurredAt: Timestamp

    package var registerKey: String { "\(program.id)/\(program.version)" }

    package init(program: Program, actor: Actor, reason: String? = nil, occurredAt: Timestamp) {
        self.program = program
        self.actor = actor
        self.reason = reason
        self.occurredAt = occurredAt
    }

    package init(reading reader: inout ObjectReader) {
        program = reader.object("program", Program.self)
        actor = reader.value("actor", as: Actor.self)
        reason = reader.optionalString("reason")
        occurredAt = reader.value("occurred_at", as: Timestamp.self)
    }

    package func write(to writer: inout ObjectWriter) {
        writer.object("program", program)
        writer.value("actor", actor)
        writer.string("reason", reason)
        writer.value("occurred_at", occurredAt)
    }
}

/// A partner as it is from `effective_at` on.
package struct PartnerUpdated: RegisterEntry, Hashable {
    package static let type = "io.tributary.partner.updated.v1"

    package var partner: Partner
    package var occurredAt: Timestamp

    package var registerKey: String { "\(partner.id)/\(partner.version)" }

    package init(partner: Partner, occurredAt: Timestamp) {
        self.partner = partner
        self.occurredAt = occurredAt
    }

    package init(reading reader: inout ObjectReader) {
        partner = reader.object("partner", Partner.self)
        occurredAt = reader.value("occurred_at", as: Timestamp.self)
    }

    package func write(to writer: inout ObjectWriter) {
        writer.object("partner", partner)
        writer.value("occurred_at", occurredAt)
    }
}

/// A person as it is from `effective_at` on.
package struct PersonUpdated: RegisterEntry, Hashable {
    package static let type = "io.tributary.person.updated.v1"

    package var person: Person
    package var occurredAt: Timestamp

    package var registerKey: String { "\(person.id)/\(person.version)" }

    package init(person: Person, occurredAt: Timestamp) {
        self.person = person
        self.occurredAt = occurredAt
    }

    package init(reading reader: inout ObjectReader) {
        person = reader.object("person", Person.self)
        occurredAt = reader.value("occurred_at", as: Timestamp.self)
    }

    package func write(to writer: inout ObjectWriter) {
        writer.object("person", person)
        writer.value("occurred_at", occurredAt)
    }
}

/// A partner accepted one exact version of its terms.
package struct TermsAccepted: RegisterEntry, Hashable {
    package static let type = "io.tributary.terms.accepted.v1"

    package var acceptance: TermsAcceptance
    package var occurredAt: Timestamp { acceptance.acceptedAt }

    package var registerKey: String { "\(acceptance.partner)/\(acceptance.terms)/\(acceptance.version)" }

    package init(acceptance: TermsAcceptance) { self.acceptance = acceptance }

    package init(reading reader: inout ObjectReader) { acceptance = TermsAcceptance(reading: &reader) }

    package func write(to writer: inout ObjectWriter) { acceptance.write(to: &writer) }
}

/// Where a partner is paid. The broadcast form has flags and the fingerprint only; the register topic's own holds the
/// account.
package struct PayeeUpdated: RegisterEntry, Hashable {
    package static let type = "io.tributary.payee.updated.v1"

    package var payee: Payee
    /// `nil` in the broadcast form.
    package var account: PayeeAccount?
    package var occurredAt: Timestamp

    package var registerKey: String { "\(payee.partner)/payee/\(payee.version)" }

    package var broadcastForm: PayeeUpdated {
        PayeeUpdated(payee: payee, account: nil, occurredAt: occurredAt)
    }

    package init(payee: Payee, account: PayeeAccount?, occurredAt: Timestamp) {
        self.payee = payee
        self.account = account
        self.occurredAt = occurredAt
    }

    package init(reading reader: inout ObjectReader) {
        payee = Payee(reading: &reader)
        account = reader.optionalObject("payee", PayeeAccount.self)
        occurredAt = reader.value("occurred_at", as: Timestamp.self)
    }

    package func write(to writer: inout ObjectWriter) {
        payee.write(to: &writer)
        writer.object("payee", account)
        writer.value("occurred_at", occurredAt)
    }
}

/// A bank account; kept together so that it can be encrypted per person later. Never in a log line or a message.
package struct PayeeAccount: Sendable, Hashable {
    /// The account's holder.
    package var name: String
    package var iban: String
    package var bic: String?

    package init(name: String, iban: String, bic: String?) {
        self.name = name
        self.iban = iban
        self.bic = bic
    }
}

/// An exchange rate of a day.
package struct FXPublished: RegisterEntry, Hashable {
    package static let type = "io.tributary.fx.published.v1"

    package var rate: FXRate
    package var occurredAt: Timestamp

    package var registerKey: String { "fx/\(rate.from)/\(rate.to)/\(rate.date)" }

    package init(rate: FXRate, occurredAt: Timestamp) {
        self.rate = rate
        self.occurredAt = occurredAt
    }

    package init(reading reader: inout ObjectReader) {
        rate = FXRate(reading: &reader)
        occurredAt = reader.value("occurred_at", as: Timestamp.self)
    }

    package func write(to writer: inout ObjectWriter) {
        rate.write(to: &writer)
        writer.value("occurred_at", occurredAt)
    }
}

extension EventCatalogue {
    /// Written to the register's own topic and broadcast to its readers.
    static let register: [EventDescription] = [
        .of(ProgramPublished.self, in: .program, .referral, .approval, .payout),
        .of(PartnerUpdated.self, in: .program, .referral, .approval, .payout),
        .of(PersonUpdated.self, in: .program, .referral, .approval, .payout),
        .of(TermsAccepted.self, in: .program, .referral, .approval, .payout),
        .of(PayeeUpdated.self, in: .program, .referral, .approval, .payout),
        .of(FXPublished.self, in: .program, .referral, .approval, .payout),
        .of(CommandNoted.self, in: .program),
    ]
}
