import CommandLineKit
import Domain
import JSON

/// What a command answers with `--json`: one object, whose `outcome` says how it ended.
struct Answer {
    enum Outcome: String {
        case done
        /// Nothing was written: a plan, or a `--dry-run`.
        case planned
        /// Understood, and refused by the worker whose rule it breaks.
        case refused
        case failed
        /// It runs until it is stopped.
        case serving
    }

    var outcome: Outcome
    var members: [(String, JSONValue)]

    init(_ outcome: Outcome, _ members: [(String, JSONValue)] = []) {
        self.outcome = outcome
        self.members = members
    }

    var text: String {
        String(decoding: JSONValue.object([("outcome", .string(outcome.rawValue))] + members).text, as: UTF8.self)
    }
}

extension Terminal {
    /// The end of a command.
    func answer(_ text: @autoclosure () throws -> String, _ json: @autoclosure () throws -> Answer) rethrows {
        try answer(try text(), json: try json().text)
    }

    /// Rows of a list: a table for people, one object a line as JSON.
    func answer(_ table: @autoclosure () -> String, rows: [some JSONWritable]) {
        answer(
            table(),
            json: rows.map { String(decoding: JSONEncoding.encode($0), as: UTF8.self) }.joined(separator: "\n"))
    }
}

extension JSONValue {
    static func money(_ money: Money) -> JSONValue {
        .object([("minor", .integer(money.minor)), ("currency", .string(money.currency.code))])
    }

    static func texts(_ texts: some Sequence<String>) -> JSONValue { .array(texts.map { .string($0) }) }

    static func count(_ count: Int) -> JSONValue { .integer(Int64(count)) }
}

/// Amounts added up currency by currency.
struct MoneySums {
    private var sums: [Currency: Int64] = [:]

    /// - Throws: `MoneyError` where a sum leaves 64 bits.
    mutating func add(_ money: Money) throws(MoneyError) {
        let sum = try Money(minor: sums[money.currency] ?? 0, currency: money.currency).adding(money)
        sums[money.currency] = sum.minor
    }

    init(_ amounts: some Sequence<Money> = []) throws(MoneyError) {
        for amount in amounts { try add(amount) }
    }

    var all: [Money] { sums.sorted { $0.key < $1.key }.map { Money(minor: $0.value, currency: $0.key) } }

    /// `1200.00 EUR + 300.00 USD`, or what stands for nothing.
    func text(none: String = "nothing") -> String {
        sums.isEmpty ? none : all.map(\.description).joined(separator: " + ")
    }

    var json: JSONValue { .array(all.map { .money($0) }) }
}
