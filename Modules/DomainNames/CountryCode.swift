/// ISO 3166-1 alpha-2 country codes: `DE`, `US`.
package enum CountryCode {
    private static let known = Set(table.split(whereSeparator: \.isWhitespace).map(String.init))

    /// Whether a text is an assigned code, in upper case as the standard writes it.
    package static func isKnown(_ code: String) -> Bool { known.contains(code) }

    /// All assigned codes in alphabetical order.
    package static var all: [String] { known.sorted() }
}
