package import Contracts
package import Domain
import Hashing
package import JSON
package import YAML

/// Decides reviews and conflicts by rules, as ordinary events with actor `policy:<name>`: for demonstrations, trials and
/// clear cases. Of each list the first rule that holds decides; without one the case waits for a person.
package struct Policy: Sendable, JSONReadable {
    /// Accept, reject or return what waits in review; for an extension, grant or refuse it.
    package struct ReviewRule: Sendable, JSONReadable {
        package var name: String
        package var when: PolicyCondition
        package var decision: ReviewDecided.Decision
        package var reason: RejectReason?
        package var note: String?
        package var contactInSales: PersonID?

        package init(reading reader: inout ObjectReader) {
            name = reader.string("name")
            when = reader.optionalObject("when", PolicyCondition.self) ?? PolicyCondition()
            decision = reader.enumeration("decide", ReviewDecided.Decision.self)
            reason = reader.optionalEnumeration("reason", RejectReason.self)
            note = reader.optionalString("note")
            contactInSales = reader.optionalValue("contact_in_sales", as: PersonID.self)
            reader.rejectUnknown()
            if !reader.isRecording && decision == .reject && reason == nil && !when.kinds.contains(.extension) {
                reader.fail("reason", expected: "a reason for a rejection", found: "nothing")
            }
        }
    }

    /// How a conflict ends. The evidence is what the conflict holds: registrations and confirmed touches of its parties.
    package struct ConflictRule: Sendable, JSONReadable {
        package enum Winner: String, Sendable, CaseIterable {
            /// By order of submission.
            case first, second, direct
        }

        package var name: String
        package var when: PolicyCondition
        package var outcome: ConflictOutcome
        package var winner: Winner?
        /// Of a split, by the parties' order of submission.
        package var shares: [Int64]
        package var note: String?

        package init(reading reader: inout ObjectReader) {
            name = reader.string("name")
            when = reader.optionalObject("when", PolicyCondition.self) ?? PolicyCondition()
            outcome = reader.enumeration("outcome", ConflictOutcome.self)
            winner = reader.optionalEnumeration("winner", Winner.self)
            shares = reader.integers("shares_bp")
            note = reader.optionalString("note")
            reader.rejectUnknown()
            guard !reader.isRecording else { return }
            if outcome == .customerChoice && winner == nil {
                reader.fail("winner", expected: "whom the customer chose", found: "nothing")
            }
            if outcome == .split && (shares.count < 2 || shares.reduce(0, +) != BasisPoints.whole.value) {
                reader.fail("shares_bp", expected: "two or more shares that add up to 10000", found: "\(shares)")
            }
            if outcome != .split && !shares.isEmpty {
                reader.fail("shares_bp", expected: "shares for a split only", found: "\(shares)")
            }
        }
    }

    /// What the policy does in a partner's place: asking for an extension, appealing.
    package struct RequestRule: Sendable, JSONReadable {
        package var name: String
        package var when: PolicyCondition
        package var reason: String

        package init(reading reader: inout ObjectReader) {
            name = reader.string("name")
            when = reader.optionalObject("when", PolicyCondition.self) ?? PolicyCondition()
            reason = reader.string("reason")
            reader.rejectUnknown()
        }
    }

    package var name: String
    /// Of the file; empty for one that was not read from bytes.
    package private(set) var fingerprint = ""
    package var reviews: [ReviewRule]
    package var conflicts: [ConflictRule]
    /// Asked for registrations that run, in the partner's place.
    package var extensionRequests: [RequestRule]
    /// Made by the party that lost a decided conflict.
    package var appeals: [RequestRule]

    package init(reading reader: inout ObjectReader) {
        name = reader.string("policy")
        reviews = reader.objects("reviews", ReviewRule.self)
        conflicts = reader.objects("conflicts", ConflictRule.self)
        extensionRequests = reader.objects("extension_requests", RequestRule.self)
        appeals = reader.objects("appeals", RequestRule.self)
        reader.rejectUnknown()
        if !reader.isRecording && !name.utf8.allSatisfy({ Policy.isNameByte($0) }) {
            reader.fail("policy", expected: "a name of letters, digits, - and _", found: "\"\(name)\"")
        }
    }

    /// Reads a policy file.
    package init(parsing bytes: [UInt8], file: String) throws(YAMLFailure) {
        self = try YAMLDocument.decode(Policy.self, from: bytes, file: file)
        fingerprint = SHA256Digest(of: bytes).hex
    }

    /// Who decides.
    package var actor: Actor { .policy(name) }

    /// Who decides an appeal against the policy's own decision: another actor.
    package var appealActor: Actor { .policy(name + "-appeal") }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a)
            || byte == 0x2d || byte == 0x5f
    }
}
