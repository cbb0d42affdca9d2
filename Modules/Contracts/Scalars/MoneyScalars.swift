package import Domain
package import JSON

/// `"EUR"`
extension Currency: JSONScalar {
    package init?(jsonText: String) { self.init(code: jsonText) }
    package var jsonText: String { code }
    package static var jsonExpectation: String { "an ISO 4217 currency code such as EUR" }
    package static var jsonSchema: [(String, String)] { [("pattern", "^[A-Z]{3}$")] }
    package static var jsonNeutral: Currency { .euro }

    private static let euro = Currency(code: "EUR")!
}

/// `{"minor": 4800000, "currency": "EUR"}`
extension Money: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        self.init(minor: reader.integer("minor"), currency: reader.value("currency", as: Currency.self))
    }

    package func write(to writer: inout ObjectWriter) {
        writer.integer("minor", minor)
        writer.value("currency", currency)
    }
}

extension ObjectReader {
    /// A required share or rate as an integer of hundredths of a percent.
    package mutating func basisPoints(_ name: StaticString, in range: ClosedRange<Int64> = 0...10_000) -> BasisPoints {
        BasisPoints(integer(name, in: range))
    }

    /// A share or rate as an integer of hundredths of a percent; `nil` when absent.
    package mutating func optionalBasisPoints(
        _ name: StaticString, in range: ClosedRange<Int64> = 0...10_000
    ) -> BasisPoints? {
        optionalInteger(name, in: range).map { BasisPoints($0) }
    }

    /// Amounts in minor units by currency code: `{"EUR": 5000, "JPY": 5000}`; empty when absent. A code that is no
    /// currency and a negative amount are problems.
    package mutating func amounts(_ name: StaticString) -> [Currency: Int64] {
        var amounts: [Currency: Int64] = [:]
        for (code, minor) in integerMap(name) {
            guard let currency = Currency(code: code) else {
                fail(name, expected: "ISO 4217 currency codes as names", found: "\"\(code.prefix(60))\"")
                continue
            }
            if minor < 0 { fail(name, expected: "amounts of at least 0", found: "\(minor) for \(code)") }
            amounts[currency] = minor
        }
        return amounts
    }
}

extension ObjectWriter {
    package mutating func basisPoints(_ name: StaticString, _ value: BasisPoints) {
        integer(name, value.value)
    }

    /// Omits `nil`.
    package mutating func basisPoints(_ name: StaticString, _ value: BasisPoints?) {
        integer(name, value?.value)
    }

    /// Members by currency code; omits an empty table.
    package mutating func amounts(_ name: StaticString, _ amounts: [Currency: Int64]) {
        integerMap(name, Dictionary(uniqueKeysWithValues: amounts.map { ($0.key.code, $0.value) }))
    }
}
