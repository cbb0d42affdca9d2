/// Writes documents.
package enum JSONEncoding {
    /// Compact UTF-8 JSON; equal values give equal bytes.
    package static func encode<T: JSONWritable>(_ value: T) -> [UInt8] {
        var writer = ObjectWriter()
        writer.appendObject(value)
        return writer.finish()
    }
}
