package import Domain
package import JSON

/// A referral changed: its whole current image, and why. Written by the referral worker alone.
package struct ReferralFact: Fact, Hashable {
    package static let type = "io.tributary.referral.changed.v1"

    package var referral: Referral
    package var explanation: [ExplanationStep]
    package var occurredAt: Timestamp

    package var entityID: String { referral.id.text }

    package init(referral: Referral, explanation: [ExplanationStep], occurredAt: Timestamp) {
        self.referral = referral
        self.explanation = explanation
        self.occurredAt = occurredAt
    }

    package init(reading reader: inout ObjectReader) {
        referral = reader.object("referral", Referral.self)
        explanation = reader.objects("explanation", ExplanationStep.self)
        occurredAt = reader.value("occurred_at", as: Timestamp.self)
    }

    package func write(to writer: inout ObjectWriter) {
        writer.object("referral", referral)
        writer.objects("explanation", explanation)
        writer.value("occurred_at", occurredAt)
    }
}
