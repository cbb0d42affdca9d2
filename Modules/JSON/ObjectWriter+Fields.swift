extension ObjectWriter {
    // MARK: Scalars

    /// Writes a string, escaped.
    public mutating func string(_ name: StaticString, _ value: String) {
        begin(name)
        append(value)
    }

    /// Omits `nil`.
    public mutating func string(_ name: StaticString, _ value: String?) {
        if let value { string(name, value) }
    }

    /// Writes an integer in decimal digits.
    public mutating func integer(_ name: StaticString, _ value: Int64) {
        begin(name)
        append(value)
    }

    /// Omits `nil`.
    public mutating func integer(_ name: StaticString, _ value: Int64?) {
        if let value { integer(name, value) }
    }

    /// Writes `true` or `false`.
    public mutating func boolean(_ name: StaticString, _ value: Bool) {
        begin(name)
        append(value)
    }

    /// Omits `nil`.
    public mutating func boolean(_ name: StaticString, _ value: Bool?) {
        if let value { boolean(name, value) }
    }

    /// Writes a scalar as its `jsonText`.
    @inlinable
    public mutating func value<T: JSONScalar>(_ name: StaticString, _ value: T) {
        begin(name)
        value.append(to: &self)
    }

    /// Omits `nil`.
    @inlinable
    public mutating func value<T: JSONScalar>(_ name: StaticString, _ value: T?) {
        if let value { self.value(name, value) }
    }

    /// Writes the word of a case.
    @inlinable
    public mutating func enumeration<E: RawRepresentable>(
        _ name: StaticString, _ value: E
    ) where E.RawValue == String {
        string(name, value.rawValue)
    }

    /// Omits `nil`.
    @inlinable
    public mutating func enumeration<E: RawRepresentable>(
        _ name: StaticString, _ value: E?
    ) where E.RawValue == String {
        if let value { enumeration(name, value) }
    }

    // MARK: Objects and arrays

    /// Writes an object, even an empty one.
    @inlinable
    public mutating func object<T: JSONWritable>(_ name: StaticString, _ value: T) {
        begin(name)
        appendObject(value)
    }

    /// Omits `nil`.
    @inlinable
    public mutating func object<T: JSONWritable>(_ name: StaticString, _ value: T?) {
        if let value { object(name, value) }
    }

    /// Omits an empty array.
    @inlinable
    public mutating func objects<T: JSONWritable>(_ name: StaticString, _ values: [T]) {
        guard !values.isEmpty else { return }
        beginArray(name)
        // A span lends its elements, a loop over the array copies each.
        let values = values.span
        for index in values.indices {
            separate()
            appendObject(values[index])
        }
        closeArray()
    }

    /// Omits an empty array.
    public mutating func strings(_ name: StaticString, _ values: [String]) {
        guard !values.isEmpty else { return }
        beginArray(name)
        for value in values {
            separate()
            append(value)
        }
        closeArray()
    }

    /// Omits an empty array.
    public mutating func integers(_ name: StaticString, _ values: [Int64]) {
        guard !values.isEmpty else { return }
        beginArray(name)
        for value in values {
            separate()
            append(value)
        }
        closeArray()
    }

    /// Omits an empty array.
    @inlinable
    public mutating func values<T: JSONScalar>(_ name: StaticString, _ values: [T]) {
        guard !values.isEmpty else { return }
        beginArray(name)
        for value in values {
            separate()
            value.append(to: &self)
        }
        closeArray()
    }

    /// Omits an empty array.
    @inlinable
    public mutating func enumerations<E: RawRepresentable>(
        _ name: StaticString, _ values: [E]
    ) where E.RawValue == String {
        guard !values.isEmpty else { return }
        beginArray(name)
        for value in values {
            separate()
            append(value.rawValue)
        }
        closeArray()
    }

    @usableFromInline
    mutating func beginArray(_ name: StaticString) {
        begin(name)
        open(UInt8(ascii: "["))
    }

    @usableFromInline
    mutating func closeArray() { close(UInt8(ascii: "]")) }

    // MARK: Maps

    /// Members in the order given; omits an empty map. Names must be unique.
    public mutating func map<T: JSONWritable>(_ name: StaticString, _ members: [(String, T)]) {
        members.isEmpty ? () : writeMap(name, members) { writer, value in writer.appendObject(value) }
    }

    /// Members by the bytes of their names, so that equal maps give equal text; omits an empty map.
    public mutating func integerMap(_ name: StaticString, _ members: [String: Int64]) {
        members.isEmpty ? () : writeMap(name, Self.sorted(members)) { writer, value in writer.append(value) }
    }

    /// Members by the bytes of their names, so that equal maps give equal text; omits an empty map.
    public mutating func stringMap(_ name: StaticString, _ members: [String: String]) {
        stringMap(name, Self.sorted(members))
    }

    /// Members in the order given; omits an empty map. Names must be unique.
    public mutating func stringMap(_ name: StaticString, _ members: [(String, String)]) {
        members.isEmpty ? () : writeMap(name, members) { writer, value in writer.append(value) }
    }

    private static func sorted<Value>(_ members: [String: Value]) -> [(String, Value)] {
        members.map { ($0.key, $0.value) }.sorted { $0.0.utf8.lexicographicallyPrecedes($1.0.utf8) }
    }

    private mutating func writeMap<Value>(
        _ name: StaticString, _ members: [(String, Value)], write: (inout ObjectWriter, Value) -> Void
    ) {
        begin(name)
        open(UInt8(ascii: "{"))
        for (key, value) in members {
            separate()
            append(key)
            append(UInt8(ascii: ":"))
            write(&self, value)
        }
        close(UInt8(ascii: "}"))
    }

    // MARK: Anything

    /// A value's own JSON text, which must be valid: from `ObjectReader.raw` or `JSONEncoding`.
    public mutating func raw(_ name: StaticString, _ json: [UInt8]) {
        begin(name)
        append(json)
    }

    /// Omits `nil`.
    public mutating func raw(_ name: StaticString, _ json: [UInt8]?) {
        if let json { raw(name, json) }
    }

    /// Writes any tree.
    package mutating func json(_ name: StaticString, _ value: JSONValue) {
        begin(name)
        append(value)
    }

    /// Omits `nil`.
    package mutating func json(_ name: StaticString, _ value: JSONValue?) {
        if let value { json(name, value) }
    }
}
