/// A line of an input without its end.
package struct InputLine: Sendable, Hashable {
    /// Counts from 1.
    package var line: Int
    /// Without the line end; not checked to be UTF-8.
    package var bytes: [UInt8]

    package init(line: Int, bytes: [UInt8]) {
        self.line = line
        self.bytes = bytes
    }
}

/// Reads lines, as in newline-delimited JSON: ends are LF or CR LF, the last line needs none, empty lines are passed
/// over. Memory is bounded whatever the input.
package struct LineReader {
    /// Longer lines are problems, as no record of the log may be longer.
    package static let maximumLineBytes = 1024 * 1024

    private var buffer: InputBuffer

    package init(_ source: any ByteSource) throws(InputError) { buffer = try InputBuffer(source) }

    /// The input's length in bytes where it is known.
    package var size: Int64? { buffer.size }
    /// Bytes consumed, for progress.
    package var consumed: Int64 { buffer.consumed }

    /// The next line or what is wrong with it; `nil` at the end.
    package mutating func next() throws(InputError) -> Result<InputLine, LineProblem>? {
        while try buffer.byte(at: 0) != nil {
            let line = buffer.line
            guard let length = try buffer.lineLength(limit: Self.maximumLineBytes) else {
                try buffer.skipLine()
                return .failure(
                    LineProblem(
                        file: buffer.name, line: line, expected: "at most \(Self.maximumLineBytes) bytes in a line",
                        found: "a longer one"))
            }
            var bytes = Array(buffer.prefix(length))
            try buffer.skipLine()
            if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
            if !bytes.allSatisfy({ $0 == 0x20 || $0 == 0x09 }) { return .success(InputLine(line: line, bytes: bytes)) }
        }
        return nil
    }
}
