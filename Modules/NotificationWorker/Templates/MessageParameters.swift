import Contracts
import Domain

/// The parameters of one message as people read them: on one line each, without control characters, cut to a bound, code
/// words in plain words, times without what nobody reads. Made once, for subject and both bodies.
struct MessageParameters: Sendable {
    /// UTF-8, as it stands in plain text and in HTML.
    struct Text: Sendable {
        var plain: [UInt8]
        var html: [UInt8]

        init(_ text: String) {
            plain = Array(text.utf8)
            html = HTMLText.escape(plain)
        }
    }

    private struct Value: Sendable {
        var name: String
        var text: Text
    }

    /// Those that say something, in the order in which they are listed.
    private let values: [Value]

    init(_ parameters: NotificationParameters) {
        var ranked: [(rank: Int, value: Value)] = []
        ranked.reserveCapacity(parameters.count)
        parameters.forEach { name, raw in
            let text = Self.text(of: raw, named: name)
            guard !text.isEmpty else { return }
            ranked.append((Self.known[name]?.rank ?? Self.order.count, Value(name: name, text: Text(text))))
        }
        ranked.sort { $0.rank == $1.rank ? $0.value.name < $1.value.name : $0.rank < $1.rank }
        values = ranked.map(\.value)
    }

    /// `nil` where the parameter is missing or empty.
    subscript(name: String) -> Text? { values.first { $0.name == name }?.text }

    /// Label and value of everything worth listing.
    func eachDetail(_ body: (_ label: Text, _ value: Text) -> Void) {
        for value in values where !Self.textOnly.contains(value.name) {
            body(Self.known[value.name]?.label ?? Text(Self.label(value.name)), value.text)
        }
    }

    // MARK: Values

    /// Longer values are cut.
    private static let characterLimit = 1_000

    /// Parameters whose values are code words: `not_icp` is read as "not icp" unless it has a text of its own.
    private static let codeWords = ["reason", "stage", "claimed_stage", "class", "outcome", "kind"]

    private static let words = [
        "not_icp": "not our ideal customer", "invalid": "not valid", "no_intent": "no intent to buy",
        "protected_by_other": "protected by another registration", "already_attributed": "attributed already",
        "insufficient_information": "not enough information", "conflict_of_interest": "conflict of interest",
        "missing_fx_rate": "missing exchange rate", "first_valid_registration": "the first valid registration holds",
        "prior_direct_activity": "earlier activity of our own", "customer_choice": "the customer's choice",
        "both_rejected": "both rejected",
    ]

    private static func text(of raw: String, named name: String) -> String {
        let cut = raw.utf8.count <= characterLimit ? raw : String(raw.prefix(characterLimit))
        let line = HeaderText.singleLine(cut)
        if codeWords.contains(name) { return words[line] ?? line.split(separator: "_").joined(separator: " ") }
        return time(line) ?? line
    }

    /// `2026-03-10T09:00:00.000Z` is "2026-03-10 09:00 UTC"; `nil` for what is no such time.
    private static func time(_ value: String) -> String? {
        guard value.utf8.count == 24, Timestamp(rfc3339: value) != nil else { return nil }
        return "\(Substring(value.utf8.prefix(10))) \(Substring(value.utf8.dropFirst(11).prefix(5))) UTC"
    }

    // MARK: Labels

    /// What is listed below the text, in this order; other parameters follow by name.
    private static let order = [
        "partner", "account", "domain", "product_line", "amount", "net", "gross", "kept", "reason", "kind", "stage",
        "class", "period", "due", "protected_until", "resubmit_by", "appeal_until", "referral", "original",
        "registration",
        "conflict", "opportunity", "commission", "payout", "run", "statement",
    ]

    private static let known: [String: (rank: Int, label: Text)] = Dictionary(
        uniqueKeysWithValues: order.enumerated().map { ($1, ($0, Text(label($1)))) })

    /// Parameters that only texts use.
    private static let textOnly = ["detail"]

    /// `product_line` is "Product line".
    private static func label(_ name: String) -> String {
        let words = name.split(separator: "_").joined(separator: " ")
        let line = HeaderText.singleLine(String(words.prefix(60)))
        return line.prefix(1).uppercased() + line.dropFirst()
    }
}
