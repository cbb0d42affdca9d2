/// Writes documents.
public enum JSONEncoding {
    /// Compact UTF-8 JSON; equal values give equal bytes.
    @inlinable
    public static func encode<T: JSONWritable>(_ value: T) -> [UInt8] {
        var writer = ObjectWriter()
        writer.appendObject(value)
        return writer.finish()
    }
}
