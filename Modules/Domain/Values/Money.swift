/// An ISO 4217 currency, known by its code; the table gives how many decimals its minor unit has.
package struct Currency: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// Three upper-case letters.
    package let code: String
    /// Decimals of the minor unit: 0 (JPY), 2 (EUR), 3 (KWD) or 4 (CLF).
    package let exponent: Int

    /// `nil` for a code that ISO 4217 does not list as money.
    package init?(code: String) {
        guard let exponent = Currency.exponents[code] else { return nil }
        self.code = code
        self.exponent = exponent
    }

    package var description: String { code }

    package static func < (left: Currency, right: Currency) -> Bool { left.code < right.code }

    package static func == (left: Currency, right: Currency) -> Bool { left.code == right.code }

    package func hash(into hasher: inout Hasher) { hasher.combine(code) }
}

/// An amount in minor units of one currency. Arithmetic is checked: an overflow throws, mixed currencies throw.
package struct Money: Sendable, Hashable, CustomStringConvertible {
    package var minor: Int64
    package var currency: Currency

    package init(minor: Int64, currency: Currency) {
        self.minor = minor
        self.currency = currency
    }

    package static func zero(_ currency: Currency) -> Money { Money(minor: 0, currency: currency) }

    package var isZero: Bool { minor == 0 }
    package var isNegative: Bool { minor < 0 }

    package func adding(_ other: Money) throws(MoneyError) -> Money {
        try checked(other) { $0.addingReportingOverflow($1) }
    }

    package func subtracting(_ other: Money) throws(MoneyError) -> Money {
        try checked(other) { $0.subtractingReportingOverflow($1) }
    }

    package var negated: Money { Money(minor: -minor, currency: currency) }

    private func checked(
        _ other: Money, _ operation: (Int64, Int64) -> (partialValue: Int64, overflow: Bool)
    ) throws(MoneyError) -> Money {
        guard currency == other.currency else { throw .mixedCurrencies(currency, other.currency) }
        let (value, overflow) = operation(minor, other.minor)
        guard !overflow else { throw .overflow }
        return Money(minor: value, currency: currency)
    }

    /// `48000.00 EUR`
    package var description: String {
        let digits = String(minor.magnitude)
        let sign = minor < 0 ? "-" : ""
        guard currency.exponent > 0 else { return "\(sign)\(digits) \(currency.code)" }
        let padded = String(repeating: "0", count: max(0, currency.exponent + 1 - digits.count)) + digits
        return "\(sign)\(padded.dropLast(currency.exponent)).\(padded.suffix(currency.exponent)) \(currency.code)"
    }
}

package enum MoneyError: Error, Sendable, Hashable {
    case overflow
    case mixedCurrencies(Currency, Currency)
}

/// A share or a rate in hundredths of a percent: 10,000 is the whole.
package struct BasisPoints: Sendable, Hashable, Comparable, CustomStringConvertible {
    package var value: Int64

    package init(_ value: Int64) { self.value = value }

    package static let whole = BasisPoints(10_000)

    package static func < (left: BasisPoints, right: BasisPoints) -> Bool { left.value < right.value }

    /// `25%`, `12.5%`
    package var description: String {
        let fraction = value % 100
        guard fraction != 0 else { return "\(value / 100)%" }
        let digits = fraction % 10 == 0 ? "\(fraction / 10)" : (fraction < 10 ? "0\(fraction)" : "\(fraction)")
        return "\(value / 100).\(digits)%"
    }
}

/// How an amount that falls between two minor units is settled; named in the terms.
package enum RoundingMode: String, Sendable, CaseIterable {
    case halfEven = "half_even"
    case halfUp = "half_up"
    case down

    /// `numerator / denominator` rounded to an integer; exact in 128 bits. The denominator is positive.
    package func divide(_ numerator: Int128, by denominator: Int128) -> Int128 {
        precondition(denominator > 0, "a rounding denominator is positive")
        let (quotient, remainder) = numerator.quotientAndRemainder(dividingBy: denominator)
        guard remainder != 0 else { return quotient }
        let away: Int128 = numerator < 0 ? quotient - 1 : quotient + 1
        let doubled = remainder.magnitude * 2
        switch self {
        case .down: return quotient
        case .halfUp: return doubled >= denominator.magnitude ? away : quotient
        case .halfEven:
            if doubled == denominator.magnitude { return quotient % 2 == 0 ? quotient : away }
            return doubled > denominator.magnitude ? away : quotient
        }
    }
}
