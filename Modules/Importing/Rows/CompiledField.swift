import Domain
import JSON

/// Why a field's text is no value of it.
struct FieldIssue: Error {
    var expected: String
    var found: String

    static func text(_ text: String, expected: String) -> FieldIssue {
        FieldIssue(expected: expected, found: "\"\(text.prefix(60))\"")
    }
}

/// A field's rule with its columns resolved.
struct CompiledField: Sendable {
    enum Source: Sendable {
        case column(ColumnReference)
        case constant(String)
        case template(ValueTemplate, [String: ColumnReference])
    }

    var field: ImportField
    var source: Source
    var rule: FieldRule
    var currencyColumn: ColumnReference?
    var conditions: [CompiledCondition]
    /// Another field's value under this name: what is wrong with it is said there.
    var isCopy = false
    /// Asked in order where this one is empty.
    var fallbacks: [CompiledField] = []

    /// The column to blame, where it is called otherwise than the field.
    var blame: String {
        if case .column(let column) = source, column.name != field.path {
            return "\(field.path) (column \(column.name))"
        }
        return field.path
    }

    /// The field's value in a row; `nil` where it has none.
    func value(_ row: InputRow, _ joined: [CSVRow?]) throws(FieldIssue) -> JSONValue? {
        if conditions.allSatisfy({ $0.holds(row, joined) }) {
            var text: String
            switch source {
            case .column(let column): text = column.text(row, joined)
            case .constant(let constant): text = constant
            case .template(let template, let columns): text = template.fill { columns[$0]?.text(row, joined) ?? "" }
            }
            if !rule.aliases.isEmpty { text = rule.aliases[text] ?? text }
            if !text.isEmpty { return try json(text, field.form, row, joined) }
        }
        for fallback in fallbacks {
            if let value = try fallback.value(row, joined) { return value }
        }
        return nil
    }

    private func json(
        _ text: String, _ form: FieldForm, _ row: InputRow, _ joined: [CSVRow?]
    ) throws(FieldIssue) -> JSONValue {
        switch form {
        case .text, .word: return .string(text)
        case .integer:
            return .integer(try units(text, exponent: 0, expected: "a whole number"))
        case .boolean:
            switch text.lowercased() {
            case "true", "yes", "1": return .bool(true)
            case "false", "no", "0": return .bool(false)
            default: throw .text(text, expected: "true or false")
            }
        case .time: return .string(try time(text).description)
        case .day: return .string(try time(text).date.description)
        case .list(let element):
            var values: [JSONValue] = []
            for part in text.split(separator: rule.separator.map { Character($0) } ?? ";") {
                let word = CompiledField.trimmed(part)
                if !word.isEmpty { values.append(try json(word, element, row, joined)) }
            }
            return .array(values)
        case .money: return try money(text, row, joined)
        case .json:
            do throws(JSONFailure) {
                return try JSONDocument.parse(Array(text.utf8))
            } catch {
                throw .text(text, expected: "JSON")
            }
        }
    }

    private func time(_ text: String) throws(FieldIssue) -> Timestamp {
        let format = rule.date ?? DateFormat.jsonNeutral
        guard let (time, hasTimeOfDay) = format.read(text) else {
            let expected =
                rule.date.map { "a date as \($0.jsonText)" } ?? "an RFC 3339 time, or a date such as 2026-03-01"
            throw .text(text, expected: expected)
        }
        guard !hasTimeOfDay, let at = rule.at, let inDay = TimeOfDay.milliseconds(at) else { return time }
        return time + TimeSpan(milliseconds: inDay)
    }

    private func money(_ text: String, _ row: InputRow, _ joined: [CSVRow?]) throws(FieldIssue) -> JSONValue {
        var amount = text
        var code = rule.currency ?? currencyColumn?.text(row, joined)
        if code == nil, let space = text.lastIndex(of: " ") {
            code = String(text[text.index(after: space)...])
            amount = String(text[..<space])
        }
        guard let code, let currency = Currency(code: code) else {
            throw .text(code ?? text, expected: "an amount with an ISO 4217 currency code such as EUR")
        }
        let minor = try units(
            amount, exponent: currency.exponent,
            expected: "a decimal amount with at most \(currency.exponent) places (\(currency.code))")
        return .object([("minor", .integer(minor)), ("currency", .string(currency.code))])
    }

    private func units(_ text: String, exponent: Int, expected: String) throws(FieldIssue) -> Int64 {
        do throws(DecimalAmount.Problem) {
            return try DecimalAmount.units(text, exponent: exponent, multiply: rule.multiply)
        } catch {
            throw .text(text, expected: expected)
        }
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}

/// A condition with its columns resolved, or its opposite.
struct CompiledCondition: Sendable {
    var columns: [(reference: ColumnReference, texts: Set<String>)]
    var isNegated: Bool

    func holds(_ row: InputRow, _ joined: [CSVRow?]) -> Bool {
        let all = columns.allSatisfy { column in
            let value = column.reference.text(row, joined)
            return column.texts.contains(value) || (!value.isEmpty && column.texts.contains("*"))
        }
        return all != isNegated
    }
}
