// Public, as are readers and writers: what is generic and `package` is not specialised in another module, and every
// field goes through here.

/// A type that reads itself from a JSON object.
///
/// The initializer reads every field, whatever the values are, and never throws: problems are collected in the reader,
/// which returns neutral values meanwhile. The same initializer, run against a recording reader, gives the JSON Schema.
public protocol JSONReadable {
    init(reading: inout ObjectReader)
}

/// A type that writes itself as a JSON object, fields in the order of the calls.
public protocol JSONWritable {
    func write(to writer: inout ObjectWriter)
}

public typealias JSONCodable = JSONReadable & JSONWritable

/// A value that JSON carries as a string of its own form: a time, a currency, an id.
public protocol JSONScalar {
    /// `nil` when the text is not of the form.
    init?(jsonText: String)

    /// As `init(jsonText:)`, from UTF-8 that lives as long as the call.
    @unsafe init?(jsonBytes: UnsafeBufferPointer<UInt8>)

    /// The text that `init(jsonText:)` reads back to an equal value.
    var jsonText: String { get }

    /// Writes `jsonText` as a value.
    func append(to writer: inout ObjectWriter)

    /// What is expected, as a noun phrase: `an RFC 3339 time in UTC`.
    static var jsonExpectation: String { get }

    /// Keywords added to the schema of a string, such as `("format", "date-time")`.
    static var jsonSchema: [(String, String)] { get }

    /// Stands in for a missing or malformed value while the other problems are collected; never leaves `decode`.
    static var jsonNeutral: Self { get }
}

extension JSONScalar {
    @inlinable
    @unsafe public init?(jsonBytes: UnsafeBufferPointer<UInt8>) {
        unsafe self.init(jsonText: String(decoding: jsonBytes, as: UTF8.self))
    }

    @inlinable
    public func append(to writer: inout ObjectWriter) { writer.text(jsonText) }
}
