import Domain

/// Decimal text to whole units of a smaller kind, exactly.
enum DecimalAmount {
    enum Problem: Error, Hashable {
        case notDecimal
        /// It has a part smaller than the smallest unit.
        case tooFine
        case tooLarge
    }

    /// `1,234.5` has no meaning here: digits, one point, a sign in front and nothing else.
    ///
    /// - Parameters:
    ///   - exponent: how many decimals the smaller unit has: 2 turns `12.5` into 1250.
    ///   - multiply: a whole factor applied before.
    static func units(_ text: String, exponent: Int, multiply: Int64 = 1) throws(Problem) -> Int64 {
        var digits = Array(text.utf8)[...]
        let isNegative = digits.first == UInt8(ascii: "-")
        if isNegative || digits.first == UInt8(ascii: "+") { digits = digits.dropFirst() }
        var value: Int128 = 0
        var decimals: Int?
        var count = 0
        for byte in digits {
            if byte == UInt8(ascii: "."), decimals == nil {
                decimals = 0
            } else if byte >= 0x30, byte <= 0x39 {
                guard count < 30 else { throw .tooLarge }
                value = value * 10 + Int128(byte - 0x30)
                if let seen = decimals { decimals = seen + 1 }
                count += 1
            } else {
                throw .notDecimal
            }
        }
        guard count > 0 else { throw .notDecimal }
        let (scaled, overflow) = value.multipliedReportingOverflow(by: Int128(multiply))
        guard !overflow else { throw .tooLarge }
        value = scaled
        let shift = exponent - (decimals ?? 0)
        if shift >= 0 {
            for _ in 0..<shift {
                guard value < Int128.max / 10 else { throw .tooLarge }
                value *= 10
            }
        } else {
            for _ in 0..<(-shift) {
                guard value % 10 == 0 else { throw .tooFine }
                value /= 10
            }
        }
        guard let units = Int64(exactly: isNegative ? -value : value) else { throw .tooLarge }
        return units
    }
}
