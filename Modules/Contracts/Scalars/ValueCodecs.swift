package import Domain
package import JSON

/// `{"rule", "program_version", "text", "arithmetic"}`
extension ExplanationStep: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        self.init(
            rule: reader.string("rule"), programVersion: reader.optionalInteger("program_version"),
            text: reader.optionalString("text") ?? "", arithmetic: reader.optionalString("arithmetic"))
    }

    package func write(to writer: inout ObjectWriter) {
        writer.string("rule", rule)
        writer.integer("program_version", programVersion)
        writer.string("text", text.isEmpty ? nil : text)
        writer.string("arithmetic", arithmetic)
    }
}

/// `{"name", "email"}`
extension ContactAddress: JSONCodable {
    package init(reading reader: inout ObjectReader) {
        self.init(name: reader.string("name"), email: reader.string("email"))
    }

    package func write(to writer: inout ObjectWriter) {
        writer.string("name", name)
        writer.string("email", email)
    }
}
