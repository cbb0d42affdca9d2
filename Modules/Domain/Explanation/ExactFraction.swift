/// A rational number in lowest terms, exact in 128 bits; what does not fit is an error, never a wrong number.
package struct ExactFraction: Sendable, Hashable, CustomStringConvertible {
    package struct Overflow: Error, Sendable, Hashable {}

    package let numerator: Int128
    /// Positive.
    package let denominator: Int128

    /// An hour in days.
    static let hour = ExactFraction(numerator: 1, denominator: 24)

    private init(numerator: Int128, denominator: Int128) {
        self.numerator = numerator
        self.denominator = denominator
    }

    package init(_ whole: Int128) {
        numerator = whole
        denominator = 1
    }

    /// `nil` for a denominator of 0.
    package init?(_ numerator: Int128, over denominator: Int128) throws(Overflow) {
        guard denominator != 0 else { return nil }
        guard numerator != .min, denominator != .min else { throw Overflow() }
        let divisor = ExactFraction.greatestCommonDivisor(numerator.magnitude, denominator.magnitude)
        let sign: Int128 = denominator < 0 ? -1 : 1
        self.numerator = sign * numerator / Int128(divisor)
        self.denominator = sign * denominator / Int128(divisor)
    }

    /// Reads digits with at most one point (`1.0842`); `nil` for any other text.
    package init?(decimal text: some StringProtocol) throws(Overflow) {
        var digits: Int128 = 0
        var scale: Int128 = 1
        var isFraction = false
        var count = 0
        for byte in text.utf8 {
            if byte == UInt8(ascii: "."), !isFraction, count > 0 {
                isFraction = true
                count = 0
                continue
            }
            guard byte >= 0x30, byte <= 0x39 else { return nil }
            digits = try ExactFraction.checked(digits.multipliedReportingOverflow(by: 10))
            digits = try ExactFraction.checked(digits.addingReportingOverflow(Int128(byte - 0x30)))
            if isFraction { scale = try ExactFraction.checked(scale.multipliedReportingOverflow(by: 10)) }
            count += 1
        }
        guard count > 0 else { return nil }
        try self.init(digits, over: scale)
    }

    package func adding(_ other: ExactFraction) throws(Overflow) -> ExactFraction {
        let left = try ExactFraction.product(numerator, other.denominator)
        let right = try ExactFraction.product(other.numerator, denominator)
        let sum = try ExactFraction.checked(left.addingReportingOverflow(right))
        return try ExactFraction(sum, over: ExactFraction.product(denominator, other.denominator))!
    }

    package func subtracting(_ other: ExactFraction) throws(Overflow) -> ExactFraction {
        try adding(other.negated())
    }

    package func negated() throws(Overflow) -> ExactFraction {
        try ExactFraction(ExactFraction.product(numerator, -1), over: denominator)!
    }

    package func multiplied(by other: ExactFraction) throws(Overflow) -> ExactFraction {
        // Reducing crosswise first keeps the factors as small as the result allows.
        let first = try ExactFraction(numerator, over: other.denominator)!
        let second = try ExactFraction(other.numerator, over: denominator)!
        return try ExactFraction(
            ExactFraction.product(first.numerator, second.numerator),
            over: ExactFraction.product(first.denominator, second.denominator))!
    }

    /// `nil` where the divisor is 0.
    package func divided(by other: ExactFraction) throws(Overflow) -> ExactFraction? {
        guard let inverse = try ExactFraction(other.denominator, over: other.numerator) else { return nil }
        return try multiplied(by: inverse)
    }

    package func isLess(than other: ExactFraction) throws(Overflow) -> Bool {
        try subtracting(other).numerator < 0
    }

    /// To the nearest whole number, a tie to the even one.
    package var roundedHalfEven: Int128 { RoundingMode.halfEven.divide(numerator, by: denominator) }

    /// To the nearest whole number, a tie away from zero.
    package var roundedHalfUp: Int128 { RoundingMode.halfUp.divide(numerator, by: denominator) }

    /// The largest whole number that is not above it.
    package var floor: Int128 {
        let (quotient, remainder) = numerator.quotientAndRemainder(dividingBy: denominator)
        return remainder < 0 ? quotient - 1 : quotient
    }

    package var description: String { denominator == 1 ? "\(numerator)" : "\(numerator)/\(denominator)" }

    private static func product(_ left: Int128, _ right: Int128) throws(Overflow) -> Int128 {
        try checked(left.multipliedReportingOverflow(by: right))
    }

    private static func checked(_ result: (partialValue: Int128, overflow: Bool)) throws(Overflow) -> Int128 {
        guard !result.overflow, result.partialValue != .min else { throw Overflow() }
        return result.partialValue
    }

    private static func greatestCommonDivisor(_ left: UInt128, _ right: UInt128) -> UInt128 {
        var (larger, smaller) = (left, right)
        while smaller != 0 { (larger, smaller) = (smaller, larger % smaller) }
        return max(larger, 1)
    }
}
