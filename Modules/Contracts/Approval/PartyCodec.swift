package import Domain
package import JSON

extension Party: JSONScalar {
    package init?(jsonText: String) { self.init(text: jsonText) }
    package var jsonText: String { text }
    package static var jsonExpectation: String { "`direct` or a partner id (ptr_...)" }
    package static var jsonSchema: [(String, String)] { [("pattern", "^(direct|ptr_[A-Za-z0-9_.:-]+)$")] }
    package static var jsonNeutral: Party { .direct }
}

extension Actor: JSONScalar {
    package init?(jsonText: String) { self.init(text: jsonText) }
    package var jsonText: String { text }
    package static var jsonExpectation: String { "a person id (psn_...), `policy:<name>` or `programme`" }
    package static var jsonSchema: [(String, String)] { [("pattern", "^(programme|policy:.+|psn_[A-Za-z0-9_.:-]+)$")] }
    package static var jsonNeutral: Actor { .programme }
}

extension AccountReference: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        self.init(key: reader.value("domain", as: AccountKey.self), name: reader.optionalString("name"))
    }

    package func write(to writer: inout ObjectWriter) {
        writer.value("domain", key)
        writer.string("name", name)
    }
}

extension TermsReference: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        self.init(id: reader.value("id", as: TermsID.self), version: reader.integer("version"))
    }

    package func write(to writer: inout ObjectWriter) {
        writer.value("id", id)
        writer.integer("version", version)
    }
}

extension Evidence: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        self.init(
            kind: reader.enumeration("kind", TouchKindName.self),
            occurredAt: reader.value("occurred_at", as: Timestamp.self), reference: reader.string("reference"),
            note: reader.optionalString("note"))
    }

    package func write(to writer: inout ObjectWriter) {
        writer.enumeration("kind", kind)
        writer.value("occurred_at", occurredAt)
        writer.string("reference", reference)
        writer.string("note", note)
    }
}
