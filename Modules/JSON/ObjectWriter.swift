/// Writes one JSON object, append-only, fields in the order of the calls. The output is always valid UTF-8 JSON.
///
/// Field names are literals of the program and must need no escaping. Names must not repeat within an object.
@safe public struct ObjectWriter: ~Copyable {
    private var base: UnsafeMutablePointer<UInt8>
    private var capacity: Int
    private var count = 0
    private var needsComma = false

    /// Starts with room for `capacity` bytes.
    @usableFromInline
    init(capacity: Int = 1024) {
        unsafe base = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
        self.capacity = capacity
    }

    deinit { unsafe base.deallocate() }

    /// What was written.
    @usableFromInline
    func finish() -> [UInt8] {
        unsafe Array(UnsafeBufferPointer(start: base, count: count))
    }

    // MARK: Bytes

    @inline(__always)
    private mutating func reserve(_ additional: Int) {
        if count + additional > capacity { grow(additional) }
    }

    @inline(never)
    private mutating func grow(_ additional: Int) {
        let wanted = max(capacity * 2, count + additional)
        let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: wanted)
        unsafe larger.update(from: base, count: count)
        unsafe base.deallocate()
        unsafe base = larger
        capacity = wanted
    }

    /// The caller has reserved the room.
    @inline(__always)
    private mutating func put(_ byte: UInt8) {
        unsafe base[count] = byte
        count &+= 1
    }

    @inline(__always)
    mutating func append(_ byte: UInt8) {
        reserve(1)
        put(byte)
    }

    mutating func append(_ bytes: [UInt8]) {
        reserve(bytes.count)
        unsafe bytes.withUnsafeBufferPointer { source in
            guard let start = source.baseAddress else { return }
            unsafe (base + count).update(from: start, count: source.count)
        }
        count += bytes.count
    }

    // MARK: Structure

    /// `,"name":`.
    @usableFromInline
    mutating func begin(_ name: StaticString) {
        let length = name.utf8CodeUnitCount
        reserve(length + 4)
        if needsComma { put(UInt8(ascii: ",")) }
        put(UInt8(ascii: "\""))
        unsafe (base + count).update(from: name.utf8Start, count: length)
        count &+= length
        put(UInt8(ascii: "\""))
        put(UInt8(ascii: ":"))
        needsComma = true
    }

    /// The comma before the next member or element, unless it is the first.
    @usableFromInline
    mutating func separate() {
        if needsComma { append(UInt8(ascii: ",")) }
        needsComma = true
    }

    @inline(__always)
    mutating func open(_ bracket: UInt8) {
        append(bracket)
        needsComma = false
    }

    @inline(__always)
    mutating func close(_ bracket: UInt8) {
        append(bracket)
        needsComma = true
    }

    /// An object as a value: braces around what it writes.
    @inlinable
    mutating func appendObject<T: JSONWritable>(_ value: T) {
        openObject()
        value.write(to: &self)
        closeObject()
    }

    @usableFromInline
    mutating func openObject() { open(UInt8(ascii: "{")) }

    @usableFromInline
    mutating func closeObject() { close(UInt8(ascii: "}")) }

    // MARK: Values

    /// A scalar's own text as a value.
    public mutating func text(_ text: String) { append(text) }

    /// As `text`, of `count` ASCII characters that need no escaping, put there by `body`.
    public mutating func text(ofASCII count: Int, _ body: (UnsafeMutableBufferPointer<UInt8>) -> Void) {
        reserve(count + 2)
        put(UInt8(ascii: "\""))
        unsafe body(UnsafeMutableBufferPointer(start: base + self.count, count: count))
        self.count += count
        put(UInt8(ascii: "\""))
    }

    /// A quoted and escaped string. Only what JSON demands is escaped: quote, backslash and control characters.
    @usableFromInline
    mutating func append(_ string: String) {
        let text = string.utf8Span.span
        unsafe text.withUnsafeBufferPointer { text in unsafe append(escaping: text) }
    }

    @unsafe private mutating func append(escaping text: UnsafeBufferPointer<UInt8>) {
        reserve(text.count + 2)
        put(UInt8(ascii: "\""))
        var start = 0
        var position = 0
        while position < text.count {
            if text.count >= 8 {
                // The last word begins before the end of the one before it.
                let place = min(position, text.count - 8)
                let word = unsafe UnsafeRawPointer(text.baseAddress.unsafelyUnwrapped + place)
                    .loadUnaligned(as: UInt64.self)
                if !Self.needsEscape(word) {
                    position = place + 8
                    continue
                }
            }
            let byte = unsafe text[position]
            if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                unsafe copy(text, from: start, to: position, thenRoomFor: text.count - position + 7)
                putEscape(byte)
                start = position + 1
            }
            position += 1
        }
        unsafe copy(text, from: start, to: position, thenRoomFor: 1)
        put(UInt8(ascii: "\""))
    }

    @inline(__always)
    @unsafe private mutating func copy(
        _ text: UnsafeBufferPointer<UInt8>, from start: Int, to end: Int, thenRoomFor room: Int
    ) {
        reserve(end - start + room)
        if start < end {
            unsafe (base + count).update(from: text.baseAddress.unsafelyUnwrapped + start, count: end - start)
            count += end - start
        }
    }

    /// Whether one of eight bytes is a control character, a quote or a backslash; bytes of 0x80 and above are not.
    @inline(__always)
    private static func needsEscape(_ word: UInt64) -> Bool {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highs: UInt64 = 0x8080_8080_8080_8080
        let quote = word ^ (ones &* 0x22)
        let backslash = word ^ (ones &* 0x5c)
        let control = (word &- ones &* 0x20) & ~word
        return (control | ((quote &- ones) & ~quote) | ((backslash &- ones) & ~backslash)) & highs != 0
    }

    private mutating func putEscape(_ byte: UInt8) {
        put(UInt8(ascii: "\\"))
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): put(byte)
        case 0x08: put(UInt8(ascii: "b"))
        case 0x09: put(UInt8(ascii: "t"))
        case 0x0a: put(UInt8(ascii: "n"))
        case 0x0c: put(UInt8(ascii: "f"))
        case 0x0d: put(UInt8(ascii: "r"))
        default:
            put(UInt8(ascii: "u"))
            put(UInt8(ascii: "0"))
            put(UInt8(ascii: "0"))
            put(UInt8(ascii: "0") + byte >> 4)
            let low = byte & 15
            put(low < 10 ? UInt8(ascii: "0") + low : UInt8(ascii: "a") + low - 10)
        }
    }

    /// Decimal digits.
    mutating func append(_ integer: Int64) {
        reserve(20)
        if integer < 0 { put(UInt8(ascii: "-")) }
        var rest = integer.magnitude
        let start = count
        repeat {
            put(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        } while rest > 0
        var low = start
        var high = count - 1
        while low < high {
            let byte = unsafe base[low]
            unsafe base[low] = base[high]
            unsafe base[high] = byte
            low += 1
            high -= 1
        }
    }

    mutating func append(_ boolean: Bool) { append(boolean ? "true" : "false" as StaticString) }

    /// ASCII as it is.
    private mutating func append(_ literal: StaticString) {
        let length = literal.utf8CodeUnitCount
        reserve(length)
        unsafe (base + count).update(from: literal.utf8Start, count: length)
        count += length
    }

    /// Any tree.
    mutating func append(_ value: JSONValue) {
        switch value {
        case .null: append("null" as StaticString)
        case .bool(let boolean): append(boolean)
        case .integer(let integer): append(integer)
        case .number(let text): append(Array(text.utf8))
        case .string(let text): append(text)
        case .array(let elements):
            open(UInt8(ascii: "["))
            for element in elements {
                separate()
                append(element)
            }
            close(UInt8(ascii: "]"))
        case .object(let members):
            open(UInt8(ascii: "{"))
            for (name, member) in members {
                separate()
                append(name)
                append(UInt8(ascii: ":"))
                append(member)
            }
            close(UInt8(ascii: "}"))
        }
    }
}
