/// A type that reads itself from a JSON object.
///
/// The initializer reads every field, whatever the values are, and never throws: problems are collected in the reader,
/// which returns neutral values meanwhile. The same initializer, run against a recording reader, gives the JSON Schema.
package protocol JSONReadable {
    init(reading: inout ObjectReader)
}

/// A type that writes itself as a JSON object, fields in the order of the calls.
package protocol JSONWritable {
    func write(to writer: inout ObjectWriter)
}

package typealias JSONCodable = JSONReadable & JSONWritable

/// A value that JSON carries as a string of its own form: a time, a currency, an id.
package protocol JSONScalar {
    /// `nil` when the text is not of the form.
    init?(jsonText: String)

    /// The text that `init(jsonText:)` reads back to an equal value.
    var jsonText: String { get }

    /// What is expected, as a noun phrase: `an RFC 3339 time in UTC`.
    static var jsonExpectation: String { get }

    /// Keywords added to the schema of a string, such as `("format", "date-time")`.
    static var jsonSchema: [(String, String)] { get }

    /// Stands in for a missing or malformed value while the other problems are collected; never leaves `decode`.
    static var jsonNeutral: Self { get }
}
