import Domain

/// Parameters as people read them.
enum ParameterText {
    /// Longer values are cut.
    private static let characterLimit = 1_000

    /// Parameters whose values are code words: `not_icp` is read as "not icp" unless it has a text of its own.
    private static let codeWords: Set<String> = [
        "reason", "stage", "claimed_stage", "class", "outcome", "kind",
    ]

    private static let words = [
        "not_icp": "not our ideal customer", "invalid": "not valid", "no_intent": "no intent to buy",
        "protected_by_other": "protected by another registration", "already_attributed": "attributed already",
        "insufficient_information": "not enough information", "conflict_of_interest": "conflict of interest",
        "missing_fx_rate": "missing exchange rate", "first_valid_registration": "the first valid registration holds",
        "prior_direct_activity": "earlier activity of our own", "customer_choice": "the customer's choice",
        "both_rejected": "both rejected",
    ]

    /// What is listed below the text, in this order; other parameters follow by name.
    private static let order = [
        "partner", "account", "domain", "product_line", "amount", "net", "gross", "kept", "reason", "kind", "stage",
        "class", "period", "due", "protected_until", "resubmit_by", "appeal_until", "referral", "original",
        "registration",
        "conflict", "opportunity", "commission", "payout", "run", "statement",
    ]

    /// Parameters that only texts use.
    private static let textOnly: Set<String> = ["detail"]

    /// Every value on one line, without control characters, cut to a bound, code words in plain words.
    static func values(_ parameters: [String: String]) -> [String: String] {
        var values: [String: String] = [:]
        for (name, raw) in parameters {
            var value = HeaderText.singleLine(String(raw.prefix(characterLimit)))
            if codeWords.contains(name) { value = words[value] ?? value.split(separator: "_").joined(separator: " ") }
            values[name] = time(value) ?? value
        }
        return values
    }

    /// `2026-03-10T09:00:00.000Z` is "2026-03-10 09:00 UTC"; `nil` for what is no such time.
    private static func time(_ value: String) -> String? {
        guard value.utf8.count == 24, Timestamp(rfc3339: value) != nil else { return nil }
        return "\(value.prefix(10)) \(value.dropFirst(11).prefix(5)) UTC"
    }

    /// Label and value of everything worth listing.
    static func details(_ values: [String: String]) -> [(label: String, value: String)] {
        let rest = values.keys.filter { !order.contains($0) && !textOnly.contains($0) }.sorted()
        return (order + rest).compactMap { name in
            guard let value = values[name], !value.isEmpty else { return nil }
            return (label(name), value)
        }
    }

    /// `product_line` is "Product line".
    static func label(_ name: String) -> String {
        let words = name.split(separator: "_").joined(separator: " ")
        let line = HeaderText.singleLine(String(words.prefix(60)))
        return line.prefix(1).uppercased() + line.dropFirst()
    }
}
