/// The part of an input that is being looked at. Holds at most what its reader looks ahead plus one piece.
struct InputBuffer {
    private static let pieceBytes = 65_536
    private static let newline = UInt8(ascii: "\n")

    private let source: any ByteSource
    private var bytes: [UInt8] = []
    private var start = 0
    private var isAtEnd = false
    /// Bytes consumed since the beginning.
    private(set) var consumed: Int64 = 0
    /// The line of the next byte, counted from 1.
    private(set) var line = 1

    var name: String { source.name }
    var size: Int64? { source.size }

    /// Skips a UTF-8 byte order mark.
    init(_ source: any ByteSource) throws(InputError) {
        self.source = source
        if try byte(at: 2) == 0xbf, try byte(at: 0) == 0xef, try byte(at: 1) == 0xbb { consume(3) }
    }

    /// The byte `offset` after the next one, read on demand; `nil` behind the end.
    @inline(__always)
    mutating func byte(at offset: Int) throws(InputError) -> UInt8? {
        while start + offset >= bytes.count {
            if try !fill() { return nil }
        }
        return bytes[start + offset]
    }

    /// The next `count` bytes, which must have been looked at.
    func prefix(_ count: Int) -> ArraySlice<UInt8> { bytes[start..<start + count] }

    mutating func consume(_ count: Int) {
        for byte in bytes[start..<start + count] where byte == Self.newline { line += 1 }
        start += count
        consumed += Int64(count)
    }

    /// Consumes up to and including the next newline, keeping nothing of it.
    mutating func skipLine() throws(InputError) {
        while true {
            if let newline = bytes[start...].firstIndex(of: Self.newline) { return consume(newline - start + 1) }
            consume(bytes.count - start)
            if try !fill() { return }
        }
    }

    /// The distance to the next newline, or to the end when there is none; `nil` when it is more than `limit`.
    mutating func lineLength(limit: Int) throws(InputError) -> Int? {
        var searched = 0
        while true {
            if let newline = bytes[(start + searched)...].firstIndex(of: Self.newline) {
                return newline - start <= limit ? newline - start : nil
            }
            searched = bytes.count - start
            if searched > limit { return nil }
            if try !fill() { return searched }
        }
    }

    private mutating func fill() throws(InputError) -> Bool {
        guard !isAtEnd else { return false }
        if start > 0 {
            bytes.removeFirst(start)
            start = 0
        }
        isAtEnd = try source.read(Self.pieceBytes, into: &bytes) == 0
        return !isAtEnd
    }
}
