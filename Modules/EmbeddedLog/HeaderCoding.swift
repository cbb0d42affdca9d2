import EventLog

/// Headers as one blob: a count, then per header the name's length and bytes, and the value's length plus one and bytes
/// (0 for no value). Lengths are LEB128.
enum HeaderCoding {
    static func encode(_ headers: [LogHeader], into bytes: inout [UInt8]) {
        append(headers.count, to: &bytes)
        for header in headers {
            append(header.name.utf8.count, to: &bytes)
            bytes.append(contentsOf: header.name.utf8)
            guard let value = header.value else {
                append(0, to: &bytes)
                continue
            }
            append(value.count + 1, to: &bytes)
            bytes.append(contentsOf: value)
        }
    }

    /// `nil` where the bytes were not made by `encode`.
    static func decode(_ bytes: UnsafeRawBufferPointer) -> [LogHeader]? {
        var index = 0
        guard let count = unsafe length(bytes, &index), count <= bytes.count else { return nil }
        var headers: [LogHeader] = []
        headers.reserveCapacity(count)
        for _ in 0..<count {
            guard let nameLength = unsafe length(bytes, &index), nameLength <= bytes.count - index else {
                return nil
            }
            let name = unsafe String(
                decoding: UnsafeRawBufferPointer(rebasing: bytes[index..<index + nameLength]), as: UTF8.self)
            index += nameLength
            guard let valueLength = unsafe length(bytes, &index) else { return nil }
            guard valueLength > 0 else {
                headers.append(LogHeader(name, [UInt8]?.none))
                continue
            }
            guard valueLength - 1 <= bytes.count - index else { return nil }
            let value = unsafe Array(UnsafeRawBufferPointer(rebasing: bytes[index..<index + valueLength - 1]))
            headers.append(LogHeader(name, value))
            index += valueLength - 1
        }
        return index == bytes.count ? headers : nil
    }

    static func append(_ length: Int, to bytes: inout [UInt8]) {
        var rest = UInt(length)
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    private static func length(_ bytes: UnsafeRawBufferPointer, _ index: inout Int) -> Int? {
        var value = 0
        var shift = 0
        while index < bytes.count, shift < 56 {
            let byte = unsafe bytes[index]
            index += 1
            value |= Int(byte & 0x7f) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        return nil
    }
}
