package import JSON

/// Where one field's value comes from, and how it is rewritten on its way.
package struct FieldRule: Sendable, Hashable, JSONReadable {
    /// Exactly one of the three.
    package var column: String?
    package var constant: String?
    /// Text with `{column}`, `{slug(column)}` and `{lower(column)}` in it.
    package var template: String?
    /// What the file says, and what it means.
    package var aliases: [String: String]
    /// `DD-MM-YYYY` and the like; RFC 3339 or `YYYY-MM-DD` where it is absent.
    package var date: DateFormat?
    /// Time of day for a date without one, `HH:mm`; the day's start where it is absent.
    package var at: String?
    /// The currency of a decimal amount, by code or by the column that holds the code.
    package var currency: String?
    package var currencyColumn: String?
    /// Exact factor of an amount or number: 1000000 where a file counts in millions.
    package var multiply: Int64
    /// Between the values of a list.
    package var separator: String?
    /// The field stays away where these do not, or do, hold.
    package var when: RowCondition?
    package var unless: RowCondition?

    package init(
        column: String? = nil, constant: String? = nil, template: String? = nil, aliases: [String: String] = [:],
        date: DateFormat? = nil, at: String? = nil, currency: String? = nil, multiply: Int64 = 1
    ) {
        self.column = column
        self.constant = constant
        self.template = template
        self.aliases = aliases
        self.date = date
        self.at = at
        self.currency = currency
        self.multiply = multiply
    }

    package init(reading reader: inout ObjectReader) {
        column = reader.optionalString("column")
        constant = FieldRule.text(reader.json("constant"))
        template = reader.optionalString("template")
        aliases = reader.stringMap("aliases")
        date = reader.optionalValue("date", as: DateFormat.self)
        at = reader.optionalString("at")
        currency = reader.optionalString("currency")
        currencyColumn = reader.optionalString("currency_column")
        multiply = reader.optionalInteger("multiply", in: 1...1_000_000_000) ?? 1
        separator = reader.optionalString("separator")
        when = reader.rowCondition("when")
        unless = reader.rowCondition("unless")
        reader.rejectUnknown()
        guard !reader.isRecording else { return }
        let given = [column, constant, template].compactMap { $0 }.count
        if given != 1 {
            reader.fail("column", expected: "exactly one of `column`, `constant` and `template`", found: "\(given)")
        }
        if currency != nil && currencyColumn != nil {
            reader.fail("currency_column", expected: "either a currency or its column", found: "both")
        }
        if let at, TimeOfDay.milliseconds(at) == nil {
            reader.fail("at", expected: "a time of day such as 09:30", found: "\"\(at)\"")
        }
    }

    private static func text(_ value: JSONValue?) -> String? {
        switch value {
        case .string(let text), .number(let text): text
        case .integer(let number): String(number)
        case .bool(let flag): flag ? "true" : "false"
        default: nil
        }
    }
}
