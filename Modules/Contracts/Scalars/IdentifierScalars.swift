package import Domain
import JSON

/// A typed id as a string; its schema gives the prefix.
extension Identifier: JSONScalar {
    package init?(jsonText: String) { self.init(jsonText) }
    package var jsonText: String { text }
    package static var jsonExpectation: String { Kind.expectation }
    package static var jsonSchema: [(String, String)] {
        let prefix = Kind.prefixes.count > 1 ? "(\(Kind.prefixes.joined(separator: "|")))" : Kind.prefixes.first ?? ""
        return [("pattern", "^\(prefix)[A-Za-z0-9_.:-]{1,80}$")]
    }
    package static var jsonNeutral: Identifier { Identifier(unchecked: "") }
}

/// A domain as the sender gives it. Whether it is a registrable domain is a rule of intake, not of the schema; a key
/// that one of our workers wrote is one already.
extension AccountKey: JSONScalar {
    /// The longest name that DNS allows.
    package static var maximumBytes: Int { 253 }

    package init?(jsonText: String) {
        guard !jsonText.isEmpty, jsonText.utf8.count <= AccountKey.maximumBytes else { return nil }
        self.init(unchecked: jsonText)
    }
    package var jsonText: String { text }
    package static var jsonExpectation: String { "a domain of 1 to 253 bytes" }
    package static var jsonSchema: [(String, String)] { [("pattern", "^.+$")] }
    package static var jsonNeutral: AccountKey { AccountKey(unchecked: "") }
}
