import Glibc

/// One header of a record. The value is raw: producers of other systems may write anything, or nothing.
package struct LogHeader: Sendable, Hashable {
    package var name: String
    package var value: [UInt8]?

    package init(_ name: String, _ value: [UInt8]?) {
        self.name = name
        self.value = value
    }

    package init(_ name: String, _ value: String) {
        self.init(name, Array(value.utf8))
    }
}

/// The headers of a record, in their order, in one buffer: copied, compared and stored as a whole.
///
/// Per header the name's length and bytes, and the value's length plus one and bytes (0 for no value); lengths are
/// LEB128 (`VariableLength`).
package struct LogHeaders: Sendable, Hashable {
    /// The headers as they are stored and sent.
    package private(set) var bytes: [UInt8]

    package init() { bytes = [] }

    package init(_ headers: some Sequence<LogHeader>) {
        self.init()
        for header in headers { append(header) }
    }

    /// Takes bytes that `bytes` of another value gave; whatever else they are, reading stays within them.
    package init(encoded bytes: [UInt8]) { self.bytes = bytes }

    /// Takes bytes from outside; `nil` where they are no headers.
    package init?(validating bytes: [UInt8]) {
        guard unsafe bytes.withUnsafeBytes({ bytes in unsafe Self.isWellFormed(bytes) }) else { return nil }
        self.bytes = bytes
    }

    /// Whether the bytes are headers to the last one.
    package static func isWellFormed(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var index = 0
        while index < bytes.count {
            guard unsafe next(in: bytes, &index) != nil else { return false }
        }
        return true
    }

    package var isEmpty: Bool { bytes.isEmpty }

    /// How many headers there are.
    package var count: Int {
        var count = 0
        unsafe withEachPlace { _, _ in count += 1 }
        return count
    }

    // MARK: Writing

    /// Makes room for so many more bytes.
    package mutating func reserve(_ byteCount: Int) { bytes.reserveCapacity(bytes.count + byteCount) }

    package mutating func append(_ header: LogHeader) { append(header.name, header.value) }

    package mutating func append(_ name: String, _ value: String) {
        VariableLength.append(name.utf8.count, to: &bytes)
        bytes.append(contentsOf: name.utf8)
        append(value: value)
    }

    package mutating func append(_ name: String, _ value: [UInt8]?) {
        VariableLength.append(name.utf8.count, to: &bytes)
        bytes.append(contentsOf: name.utf8)
        guard let value else { return bytes.append(0) }
        VariableLength.append(value.count + 1, to: &bytes)
        bytes.append(contentsOf: value)
    }

    /// Appends a header from a client library's memory.
    package mutating func append(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer?) {
        VariableLength.append(name.count, to: &bytes)
        unsafe bytes.append(contentsOf: name)
        guard let value = unsafe value else { return bytes.append(0) }
        VariableLength.append(value.count + 1, to: &bytes)
        unsafe bytes.append(contentsOf: value)
    }

    package mutating func append(contentsOf others: LogHeaders) { bytes.append(contentsOf: others.bytes) }

    /// Appends a header of which the name is encoded already.
    package mutating func append(_ name: LogHeaderName, _ value: String) {
        bytes.append(contentsOf: name.encoded)
        append(value: value)
    }

    private mutating func append(value: String) {
        let value = value.utf8Span.span
        VariableLength.append(value.count + 1, to: &bytes)
        unsafe value.withUnsafeBufferPointer { value in unsafe bytes.append(contentsOf: value) }
    }

    /// The headers that `isIncluded` takes.
    package func filter(_ isIncluded: (LogHeader) throws -> Bool) rethrows -> LogHeaders {
        var kept = LogHeaders()
        for header in self where try isIncluded(header) { kept.append(header) }
        return kept
    }

    package mutating func removeAll(where isRemoved: (LogHeader) throws -> Bool) rethrows {
        self = try filter { try !isRemoved($0) }
    }

    // MARK: Reading without a copy

    /// Where a header stands in `bytes`.
    package struct Place: Sendable {
        package var name: Range<Int>
        /// `nil` for no value.
        package var value: Range<Int>?
    }

    /// Goes over the headers in their order: the whole buffer, lent for the call only, and a header's place in it.
    package func withEachPlace(_ body: (UnsafeRawBufferPointer, Place) -> Void) {
        unsafe bytes.withUnsafeBytes { bytes in
            var index = 0
            while index < bytes.count, let place = unsafe Self.next(in: bytes, &index) { unsafe body(bytes, place) }
        }
    }

    /// The value of the last header of that name, as Kafka clients read it; `nil` where it is absent or has no value.
    package func value(of name: String) -> [UInt8]? {
        unsafe withValue(of: name) { value in unsafe [UInt8](value) }
    }

    /// The value of the last header of that name as text; `nil` where it is absent or is no UTF-8.
    package func text(of name: String) -> String? {
        unsafe withValue(of: name) { value in unsafe String(validating: value, as: UTF8.self) } ?? nil
    }

    /// Whether there is a header of that name, with a value or without.
    package func contains(name: String) -> Bool { place(of: name) != nil }

    /// Lends the value of the last header of that name; `nil` where it is absent or has no value.
    package func withValue<Result>(of name: String, _ body: (UnsafeRawBufferPointer) -> Result) -> Result? {
        guard let range = place(of: name)?.value else { return nil }
        return unsafe bytes.withUnsafeBytes { bytes in unsafe body(UnsafeRawBufferPointer(rebasing: bytes[range])) }
    }

    private func place(of name: String) -> Place? {
        var name = name
        return name.withUTF8 { name in
            unsafe bytes.withUnsafeBytes { bytes in
                var found: Place?
                var index = 0
                while index < bytes.count, let place = unsafe Self.next(in: bytes, &index) {
                    guard place.name.count == name.count else { continue }
                    guard name.count > 0 else {
                        found = place
                        continue
                    }
                    let start = unsafe bytes.baseAddress! + place.name.lowerBound
                    if unsafe memcmp(start, name.baseAddress!, name.count) == 0 { found = place }
                }
                return found
            }
        }
    }

    /// The header at `index`, which then stands behind it; `nil` where the bytes end before it does.
    @inline(__always) fileprivate static func next(in bytes: UnsafeRawBufferPointer, _ index: inout Int) -> Place? {
        guard let nameLength = unsafe VariableLength.read(bytes, &index), nameLength <= bytes.count - index else {
            return nil
        }
        let name = index..<index + nameLength
        index += nameLength
        guard let length = unsafe VariableLength.read(bytes, &index) else { return nil }
        guard length > 0 else { return Place(name: name, value: nil) }
        guard length - 1 <= bytes.count - index else { return nil }
        defer { index += length - 1 }
        return Place(name: name, value: index..<index + length - 1)
    }
}

extension LogHeaders: Sequence {
    /// Makes each header a value of its own: for what is not done record by record.
    package struct Iterator: IteratorProtocol {
        private let bytes: [UInt8]
        private var index = 0

        fileprivate init(_ bytes: [UInt8]) { self.bytes = bytes }

        package mutating func next() -> LogHeader? {
            guard index < bytes.count else { return nil }
            return unsafe bytes.withUnsafeBytes { bytes in
                guard let place = unsafe LogHeaders.next(in: bytes, &index) else { return nil }
                return unsafe LogHeader(
                    String(decoding: UnsafeRawBufferPointer(rebasing: bytes[place.name]), as: UTF8.self),
                    place.value.map { unsafe [UInt8](UnsafeRawBufferPointer(rebasing: bytes[$0])) })
            }
        }
    }

    package func makeIterator() -> Iterator { Iterator(bytes) }

    package var underestimatedCount: Int { 0 }
}

extension LogHeaders: ExpressibleByArrayLiteral {
    package init(arrayLiteral headers: LogHeader...) { self.init(headers) }
}

/// A header's name with its length before it: what is written and looked for often is encoded once.
package struct LogHeaderName: Sendable {
    fileprivate let encoded: [UInt8]
    private let nameStart: Int

    package init(_ name: String) {
        var encoded: [UInt8] = []
        VariableLength.append(name.utf8.count, to: &encoded)
        nameStart = encoded.count
        encoded.append(contentsOf: name.utf8)
        self.encoded = encoded
    }

    /// Whether the bytes are this name.
    package func isName(_ name: UnsafeRawBufferPointer) -> Bool {
        guard name.count == encoded.count - nameStart else { return false }
        guard let start = name.baseAddress else { return true }
        return unsafe encoded.withUnsafeBytes { encoded in
            unsafe memcmp(start, encoded.baseAddress! + nameStart, name.count) == 0
        }
    }
}

/// Lengths as LEB128: seven bits a byte, the lowest first, the top bit set on every byte but the last.
package enum VariableLength {
    /// More than any length here takes.
    private static let maximumBits = 56

    @inline(__always) package static func append(_ length: Int, to bytes: inout [UInt8]) {
        var rest = UInt(length)
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    /// The length at `index`, which then stands behind it; `nil` where it does not end within the bytes.
    @inline(__always) package static func read(_ bytes: UnsafeRawBufferPointer, _ index: inout Int) -> Int? {
        var value = 0
        var shift = 0
        while index < bytes.count, shift < maximumBits {
            let byte = unsafe bytes[index]
            index += 1
            value |= Int(byte & 0x7f) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        return nil
    }

    /// How many bytes a length takes.
    package static func byteCount(_ length: Int) -> Int {
        max(1, (Int.bitWidth - length.leadingZeroBitCount + 6) / 7)
    }
}
