/// The arithmetic of an explanation, evaluated again from its text alone.
///
/// Grammar: integers and decimals, `+ - x / ( )`, `min(a, b)`, `max(a, b)`, `round_half_even(x)`, `round_half_up(x)`,
/// `floor(x)`, and ` = result` at the end; `<=`, `<`, `>=` and `>` compare. Several statements are parted by `; `. Dates
/// (`2026-03-01`), times (`2026-03-01T09:30:00.000Z`) and lengths of time (`90 d`, `48 h`) count in days. Everything is
/// exact.
package enum ArithmeticText {
    package enum Problem: Error, Sendable, Hashable, CustomStringConvertible {
        /// The text stops being arithmetic at this byte.
        case syntax(Int)
        case divisionByZero
        /// A number does not fit into 128 bits.
        case overflow
        case tooDeep

        package var description: String {
            switch self {
            case .syntax(let position): "not arithmetic at byte \(position)"
            case .divisionByZero: "a division by zero"
            case .overflow: "a number beyond 128 bits"
            case .tooDeep: "brackets nested more than \(ArithmeticText.maximumDepth) deep"
            }
        }
    }

    /// How deep brackets and functions may nest.
    package static let maximumDepth = 32

    /// Whether what is stated follows: both sides of ` = ` are equal, every comparison is true, in every statement.
    package static func holds(_ text: String) throws(Problem) -> Bool {
        var parser = ArithmeticParser(text)
        var isTrue = try parser.statement()
        while parser.nextStatement() {
            if !(try parser.statement()) { isTrue = false }
        }
        guard parser.isAtEnd else { throw .syntax(parser.position) }
        return isTrue
    }

    /// The value of an expression without ` = `.
    package static func value(_ text: String) throws(Problem) -> ExactFraction {
        var parser = ArithmeticParser(text)
        let value = try parser.expression()
        guard parser.isAtEnd else { throw .syntax(parser.position) }
        return value
    }
}

enum ArithmeticRelation {
    case equal, lessOrEqual, less, greaterOrEqual, greater

    func holds(_ left: ExactFraction, _ right: ExactFraction) throws(ArithmeticText.Problem) -> Bool {
        switch self {
        case .equal: left == right
        case .lessOrEqual: try exact { () throws(ExactFraction.Overflow) in try !right.isLess(than: left) }
        case .less: try exact { () throws(ExactFraction.Overflow) in try left.isLess(than: right) }
        case .greaterOrEqual: try exact { () throws(ExactFraction.Overflow) in try !left.isLess(than: right) }
        case .greater: try exact { () throws(ExactFraction.Overflow) in try right.isLess(than: left) }
        }
    }
}

private func exact<Value>(
    _ body: () throws(ExactFraction.Overflow) -> Value
) throws(ArithmeticText.Problem) -> Value {
    do { return try body() } catch { throw .overflow }
}

/// Recursive descent over the text's bytes; products bind more than sums.
struct ArithmeticParser {
    private let bytes: [UInt8]
    private(set) var position = 0
    private var depth = 0

    init(_ text: String) { bytes = Array(text.utf8) }

    var isAtEnd: Bool { position == bytes.count }

    mutating func nextStatement() -> Bool { take("; ") }

    /// Expressions with a relation between each two of them.
    mutating func statement() throws(ArithmeticText.Problem) -> Bool {
        var isTrue = true
        var left = try expression()
        var relations = 0
        while let relation = relation() {
            let right = try expression()
            if !(try relation.holds(left, right)) { isTrue = false }
            left = right
            relations += 1
        }
        guard relations > 0 else { throw .syntax(position) }
        return isTrue
    }

    private mutating func relation() -> ArithmeticRelation? {
        if take(" = ") { return .equal }
        if take(" <= ") { return .lessOrEqual }
        if take(" < ") { return .less }
        if take(" >= ") { return .greaterOrEqual }
        return take(" > ") ? .greater : nil
    }

    mutating func expression() throws(ArithmeticText.Problem) -> ExactFraction {
        var sum = try product()
        while true {
            let left = sum
            if take(" + ") {
                let right = try product()
                sum = try exact { () throws(ExactFraction.Overflow) in try left.adding(right) }
            } else if take(" - ") {
                let right = try product()
                sum = try exact { () throws(ExactFraction.Overflow) in try left.subtracting(right) }
            } else {
                return sum
            }
        }
    }

    private mutating func product() throws(ArithmeticText.Problem) -> ExactFraction {
        var value = try factor()
        while true {
            let left = value
            if take(" x ") {
                let right = try factor()
                value = try exact { () throws(ExactFraction.Overflow) in try left.multiplied(by: right) }
            } else if take(" / ") {
                let right = try factor()
                let quotient = try exact { () throws(ExactFraction.Overflow) in try left.divided(by: right) }
                guard let quotient else { throw .divisionByZero }
                value = quotient
            } else {
                return value
            }
        }
    }

    private mutating func factor() throws(ArithmeticText.Problem) -> ExactFraction {
        depth += 1
        defer { depth -= 1 }
        guard depth <= ArithmeticText.maximumDepth else { throw .tooDeep }
        if take("-") {
            let value = try factor()
            return try exact { () throws(ExactFraction.Overflow) in try value.negated() }
        }
        if take("(") { return try arguments(exactly: 1)[0] }
        if take("round_half_even(") { return ExactFraction(try arguments(exactly: 1)[0].roundedHalfEven) }
        if take("round_half_up(") { return ExactFraction(try arguments(exactly: 1)[0].roundedHalfUp) }
        if take("floor(") { return ExactFraction(try arguments(exactly: 1)[0].floor) }
        if take("min(") { return try extreme { (a, b) throws(ExactFraction.Overflow) in try a.isLess(than: b) } }
        if take("max(") { return try extreme { (a, b) throws(ExactFraction.Overflow) in try b.isLess(than: a) } }
        return try number()
    }

    private mutating func extreme(
        _ isBetter: (ExactFraction, ExactFraction) throws(ExactFraction.Overflow) -> Bool
    ) throws(ArithmeticText.Problem) -> ExactFraction {
        let values = try arguments(exactly: nil)
        var best = values[0]
        for value in values.dropFirst() {
            let current = best
            if try exact({ () throws(ExactFraction.Overflow) in try isBetter(value, current) }) { best = value }
        }
        return best
    }

    /// Up to the closing bracket; at least one.
    private mutating func arguments(exactly count: Int?) throws(ArithmeticText.Problem) -> [ExactFraction] {
        var values = [try expression()]
        while take(", ") { values.append(try expression()) }
        guard take(")"), count == nil || count == values.count else { throw .syntax(position) }
        return values
    }

    /// Digits with at most one point, a length of time, a date or a time. The last three count in days.
    private mutating func number() throws(ArithmeticText.Problem) -> ExactFraction {
        if let time = try time() { return time }
        let start = position
        while position < bytes.count, bytes[position] == 0x2e || (bytes[position] >= 0x30 && bytes[position] <= 0x39) {
            position += 1
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        let value = try exact { () throws(ExactFraction.Overflow) in try ExactFraction(decimal: text) }
        guard let value else { throw .syntax(start) }
        if take(" h") { return try exact { () throws(ExactFraction.Overflow) in try value.multiplied(by: .hour) } }
        _ = take(" d")
        return value
    }

    private mutating func time() throws(ArithmeticText.Problem) -> ExactFraction? {
        guard let date = text(ofLength: 10).flatMap({ CalendarDate(iso8601: $0) }) else { return nil }
        guard position + 10 < bytes.count, bytes[position + 10] == UInt8(ascii: "T") else {
            position += 10
            return ExactFraction(Int128(date.dayNumber))
        }
        guard let time = text(ofLength: 24).flatMap({ Timestamp(rfc3339: $0) }) else { throw .syntax(position) }
        position += 24
        return try exact { () throws(ExactFraction.Overflow) in
            try ExactFraction(Int128(time.millisecondsSince1970), over: 86_400_000)!
        }
    }

    private func text(ofLength count: Int) -> String? {
        guard position + count <= bytes.count else { return nil }
        return String(decoding: bytes[position..<(position + count)], as: UTF8.self)
    }

    private mutating func take(_ token: StaticString) -> Bool {
        let expected = Array(token.description.utf8)
        guard bytes[position...].starts(with: expected) else { return false }
        position += expected.count
        return true
    }
}
