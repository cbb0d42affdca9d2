package import Domain
package import JSON

/// A referral changed: its whole current image, and why. Written by the referral worker alone.
package struct ReferralFact: Fact, Hashable {
    package static let type = "io.tributary.referral.changed.v1"

    package var referral: Referral
    /// In the record, the steps of the scores have no text where the referral's assessment says the same; they are spelled
    /// out as the fact is read.
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
        let steps = reader.objects("explanation", ExplanationStep.self)
        explanation = referral.assessment?.spelledOut(steps) ?? steps
        occurredAt = reader.value("occurred_at", as: Timestamp.self)
    }

    package func write(to writer: inout ObjectWriter) {
        writer.object("referral", referral)
        Reason(explanation: explanation, occurredAt: occurredAt).write(to: &writer)
    }

    /// A fact's data where its referral is written already.
    ///
    /// - Parameter image: what the fact's referral is written as.
    package static func data(image: [UInt8], explanation: [ExplanationStep], occurredAt: Timestamp) -> [UInt8] {
        JSONEncoding.encode(Encoded(image: image, reason: Reason(explanation: explanation, occurredAt: occurredAt)))
    }

    private struct Encoded: JSONWritable {
        var image: [UInt8]
        var reason: Reason

        func write(to writer: inout ObjectWriter) {
            writer.raw("referral", image)
            reason.write(to: &writer)
        }
    }

    private struct Reason {
        var explanation: [ExplanationStep]
        var occurredAt: Timestamp

        func write(to writer: inout ObjectWriter) {
            writer.objects("explanation", explanation)
            writer.value("occurred_at", occurredAt)
        }
    }
}
