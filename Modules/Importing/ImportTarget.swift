package import Contracts
package import Domain
package import DomainNames
import JSON

/// What encoding a row needs beside the row.
package struct ImportContext: Sendable {
    /// Derives the keys under which referrals and deals are written.
    package var domains: RegistrableDomains
    /// Fingerprints payees' accounts; without it payee rows are broken.
    package var payeeKey: PayeeKey?

    package init(domains: RegistrableDomains, payeeKey: PayeeKey? = nil) {
        self.domains = domains
        self.payeeKey = payeeKey
    }

    /// The account key, or the text as it stands where it is no company's domain: the worker says what is wrong with it.
    func accountKey(_ domain: String) -> String {
        do throws(DomainNameError) {
            return try domains.accountKey(fromDomain: domain)
        } catch {
            return domain.lowercased()
        }
    }
}

/// A row's data as an event carries it.
package struct EncodedPayload: Sendable, Hashable {
    package var payload: [UInt8]
    /// Of a register entry: the form that the workers get.
    package var broadcast: [UInt8]?
    package var key: String
    package var occurredAt: Timestamp
}

/// An event type that rows can become: its fields, and how its data is checked and encoded.
package struct ImportTarget: Sendable {
    /// The full CloudEvents type.
    package let type: String
    package let topic: Topic
    /// The object of the data that the layout's columns stand in; empty where they are the data's own members.
    package let root: String
    /// What a row that lacks a field gets for it.
    package let defaults: [FieldDefault]
    package let fields: FieldList
    /// What the ids of its events end with, behind the row's own. Where earlier versions made another body of a row, it is
    /// another event now, not a known id with another body.
    var idEnding = ""
    /// Checks the data by decoding it, and writes it as our own producers do.
    let encode: @Sendable ([UInt8], ImportContext) throws(JSONFailure) -> EncodedPayload

    /// The type without `io.tributary.` and version: `referral.submitted`.
    package var name: String { ImportTarget.shortName(of: type) }

    static func shortName(of type: String) -> String {
        let short = type.hasPrefix("io.tributary.") ? type.dropFirst(13) : type[...]
        return short.hasSuffix(".v1") ? String(short.dropLast(3)) : String(short)
    }
}

/// A value for a field that a row has none for.
package struct FieldDefault: Sendable, Hashable {
    package enum Value: Sendable, Hashable {
        case constant(String)
        /// Another field's value.
        case field(String)
    }

    package var path: String
    package var value: Value

    package static func constant(_ path: String, _ text: String) -> FieldDefault {
        FieldDefault(path: path, value: .constant(text))
    }

    package static func copy(_ path: String, of other: String) -> FieldDefault {
        FieldDefault(path: path, value: .field(other))
    }
}

extension ImportTarget {
    /// An event in a worker's input topic.
    static func event<Payload: EventPayload>(
        _: Payload.Type, to topic: Topic, defaults: [FieldDefault] = [],
        key: @escaping @Sendable (Payload, ImportContext) -> String
    ) -> ImportTarget {
        ImportTarget(
            type: Payload.type, topic: topic, root: "", defaults: defaults,
            fields: FieldList(of: Payload.self, root: ""),
            encode: { (data: [UInt8], context: ImportContext) throws(JSONFailure) -> EncodedPayload in
                let payload = try JSONDocument.decode(Payload.self, from: data)
                return EncodedPayload(
                    payload: JSONEncoding.encode(payload), key: key(payload, context), occurredAt: payload.occurredAt)
            })
    }

    /// An entry of the register.
    static func entry<Entry: RegisterEntry>(
        _: Entry.Type, root: String = "", idEnding: String = "", defaults: [FieldDefault]
    ) -> ImportTarget {
        ImportTarget(
            type: Entry.type, topic: .program, root: root, defaults: defaults,
            fields: FieldList(of: Entry.self, root: root), idEnding: idEnding,
            encode: { (data: [UInt8], context: ImportContext) throws(JSONFailure) -> EncodedPayload in
                let entry = try JSONDocument.decode(Entry.self, from: data)
                return try encoded(entry, context)
            })
    }

    private static func encoded<Entry: RegisterEntry>(
        _ entry: Entry, _ context: ImportContext
    ) throws(JSONFailure) -> EncodedPayload {
        var whole = entry
        if var payee = entry as? PayeeUpdated {
            guard let key = context.payeeKey else {
                throw JSONFailure(problems: [
                    JSONProblem(pointer: "/payee/iban", expected: "a key for fingerprints", found: "none")
                ])
            }
            guard let account = payee.account, account.iban.contains(where: { !$0.isWhitespace }) else {
                throw JSONFailure(problems: [
                    JSONProblem(pointer: "/payee/iban", expected: "the account that is paid", found: "nothing")
                ])
            }
            if let expected = IBAN.expectation(of: account.iban) {
                // What was found is a bank account: no text about a row has it.
                throw JSONFailure(problems: [
                    JSONProblem(pointer: "/payee/iban", expected: expected, found: "another number")
                ])
            }
            payee.payee.accountFingerprint = key.fingerprint(of: account)
            if let payee = payee as? Entry { whole = payee }
        }
        return EncodedPayload(
            payload: JSONEncoding.encode(whole), broadcast: JSONEncoding.encode(whole.broadcastForm),
            key: whole.registerKey, occurredAt: whole.occurredAt)
    }

    static let referrals: [ImportTarget] = [
        .event(ReferralSubmitted.self, to: .referral) { $1.accountKey($0.submission.account.domain) },
        .event(ReferralResubmitted.self, to: .referral) { $1.accountKey($0.submission.account.domain) },
        .event(ReferralWithdrawn.self, to: .referral) { $1.accountKey($0.account.key.text) },
    ]

    static let opportunities: [ImportTarget] = [
        .event(
            OpportunityUpdated.self, to: .approval,
            defaults: [
                .constant("motion", "direct"), .constant("revision", "1"), .copy("occurred_at", of: "closed_at"),
                .copy("occurred_at", of: "created_at"),
            ]
        ) { $1.accountKey($0.account.key.text) },
        reversal, move,
    ]

    static let touches: [ImportTarget] = [
        .event(TouchRecorded.self, to: .approval, defaults: [.constant("party", "direct")]) {
            $1.accountKey($0.account.key.text)
        }
    ]

    static let partners: [ImportTarget] = [
        .entry(
            PartnerUpdated.self, root: "partner",
            defaults: [.constant("version", "1"), .copy("occurred_at", of: "effective_at")]),
        .entry(TermsAccepted.self, defaults: []),
    ]

    static let people: [ImportTarget] = [
        .entry(
            PersonUpdated.self, root: "person",
            defaults: [.constant("version", "1"), .copy("occurred_at", of: "effective_at")])
    ]

    static let payees: [ImportTarget] = [
        .entry(
            PayeeUpdated.self, idEnding: "#details",
            defaults: [
                .constant("version", "1"), .constant("verified", "true"), .constant("account_fingerprint", "-"),
                .copy("occurred_at", of: "effective_at"),
            ])
    ]

    static let rates: [ImportTarget] = [
        .entry(FXPublished.self, defaults: [.constant("source", "import"), .copy("occurred_at", of: "date")])
    ]

    private static let reversal = ImportTarget.event(RevenueReversed.self, to: .approval) {
        $1.accountKey($0.account.key.text)
    }

    private static let move = ImportTarget.event(OpportunityMoved.self, to: .approval) {
        $1.accountKey($0.account.key.text)
    }

    static let decisions: [ImportTarget] = [
        .event(ReviewDecided.self, to: .approval) { $1.accountKey($0.account.key.text) },
        .event(ConflictDecided.self, to: .approval) { $1.accountKey($0.account.key.text) },
        .event(ConflictAppealed.self, to: .approval) { $1.accountKey($0.account.key.text) },
        .event(RegistrationExtensionRequested.self, to: .approval) { $1.accountKey($0.account.key.text) },
        .event(RegistrationExtensionDecided.self, to: .approval) { $1.accountKey($0.account.key.text) },
        .event(RegistrationWithdrawn.self, to: .approval) { $1.accountKey($0.account.key.text) },
        .event(RegistrationRevoked.self, to: .approval) { $1.accountKey($0.account.key.text) },
        reversal, move,
        .event(ReferralWithdrawn.self, to: .referral) { $1.accountKey($0.account.key.text) },
        .event(BlockPlaced.self, to: .payout) { payload, _ in payload.partner.text },
        .event(BlockReleased.self, to: .payout) { payload, _ in payload.partner.text },
    ]
}
