/// Reads CSV by RFC 4180, one record at a time, in bounded memory.
///
/// The first record names the columns. Line ends are LF or CR LF; a quoted field may hold any of them; the last line
/// needs none; empty lines are passed over; a UTF-8 byte order mark is skipped. A quote inside an unquoted field stands
/// for itself. After a broken record reading goes on with the line below its first, so that a stray quote costs one
/// line and nothing is lost unnamed.
package struct CSVReader {
    /// Longer records are problems, as no record of the log may be longer.
    package static let maximumRecordBytes = 1024 * 1024

    /// What the header names.
    package let columns: CSVColumns
    private var buffer: InputBuffer
    private let separator: UInt8

    private static let quote = UInt8(ascii: "\"")
    private static let newline = UInt8(ascii: "\n")
    private static let carriageReturn = UInt8(ascii: "\r")

    /// Reads the header. Columns must have distinct names; blanks around them fall away.
    package init(_ source: any ByteSource, separator: UInt8 = UInt8(ascii: ",")) throws(InputError) {
        var buffer = try InputBuffer(source)
        let names: [String]
        switch try Self.record(in: &buffer, separator: separator) {
        case nil: throw InputError(.header, file: source.name, message: "expected a header row, found an empty file")
        case .failure(let problem):
            throw InputError(
                .header, file: source.name, message: "header: expected \(problem.expected), found \(problem.found)")
        case .success(let record):
            guard let text = record.text else {
                throw InputError(.header, file: source.name, message: "header: expected UTF-8, found other bytes")
            }
            names = CSVRow(line: 1, columns: CSVColumns(names: []), text: text, ends: record.ends).fields.map(
                Self.trimmed)
        }
        if let position = names.firstIndex(of: "") {
            throw InputError(.header, file: source.name, message: "header: column \(position + 1) has no name")
        }
        let columns = CSVColumns(names: names)
        if let (_, name) = names.enumerated().first(where: { columns.position(of: $1) != $0 }) {
            throw InputError(.header, file: source.name, message: "header: two columns are named `\(name)`")
        }
        self.buffer = buffer
        self.columns = columns
        self.separator = separator
    }

    /// The input's length in bytes where it is known.
    package var size: Int64? { buffer.size }
    /// Bytes consumed, for progress.
    package var consumed: Int64 { buffer.consumed }

    /// The next record or what is wrong with it; `nil` at the end.
    package mutating func next() throws(InputError) -> Result<CSVRow, LineProblem>? {
        switch try Self.record(in: &buffer, separator: separator) {
        case nil: nil
        case .failure(let problem): .failure(problem)
        case .success(let record): row(record)
        }
    }

    private func row(_ record: Record) -> Result<CSVRow, LineProblem> {
        let count = columns.names.count
        guard record.ends.count == count else {
            return .failure(
                LineProblem(
                    file: buffer.name, line: record.line, expected: "\(count) fields as in the header",
                    found: "\(record.ends.count)"))
        }
        guard let text = record.text else {
            return .failure(
                LineProblem(
                    file: buffer.name, line: record.line, field: record.firstFieldNotUTF8.map { columns.names[$0] },
                    expected: "UTF-8", found: "other bytes"))
        }
        return .success(CSVRow(line: record.line, columns: columns, text: text, ends: record.ends))
    }

    /// The fields of one record, unquoted.
    private struct Record {
        var line: Int
        var bytes: [UInt8] = []
        var ends: [Int] = []

        /// `nil` unless each field is UTF-8: a scalar torn apart by a separator is none, though it fits together here.
        var text: String? {
            let isTorn = ends.contains { $0 < bytes.count && bytes[$0] & 0xc0 == 0x80 }
            return isTorn ? nil : String(validating: bytes, as: UTF8.self)
        }

        var firstFieldNotUTF8: Int? {
            ends.indices.first { position in
                let start = position == 0 ? 0 : ends[position - 1]
                return String(validating: bytes[start..<ends[position]], as: UTF8.self) == nil
            }
        }
    }

    private static func record(
        in buffer: inout InputBuffer, separator: UInt8
    ) throws(InputError) -> Result<Record, LineProblem>? {
        while let end = try lineEnd(in: &buffer, at: 0) {
            if end == 0 { return nil }
            buffer.consume(end)
        }
        var record = Record(line: buffer.line)
        var offset = 0
        while true {
            let problem =
                try buffer.byte(at: offset) == quote
                ? try quotedField(in: &buffer, at: &offset, separator: separator, into: &record)
                : try plainField(in: &buffer, at: &offset, separator: separator, into: &record)
            if let problem {
                try buffer.skipLine()
                return .failure(problem)
            }
            record.ends.append(record.bytes.count)
            if let end = try lineEnd(in: &buffer, at: offset) {
                buffer.consume(offset + end)
                return .success(record)
            }
            offset += 1
        }
    }

    /// The length of the line end at an offset, 0 at the end of the input; `nil` when there is another byte.
    @inline(__always)
    private static func lineEnd(in buffer: inout InputBuffer, at offset: Int) throws(InputError) -> Int? {
        switch try buffer.byte(at: offset) {
        case nil: 0
        case newline: 1
        case carriageReturn: try buffer.byte(at: offset + 1) == newline ? 2 : nil
        default: nil
        }
    }

    private static func plainField(
        in buffer: inout InputBuffer, at offset: inout Int, separator: UInt8, into record: inout Record
    ) throws(InputError) -> LineProblem? {
        while try lineEnd(in: &buffer, at: offset) == nil, let byte = try buffer.byte(at: offset), byte != separator {
            guard offset < maximumRecordBytes else { return tooLong(buffer, record) }
            record.bytes.append(byte)
            offset += 1
        }
        return nil
    }

    private static func quotedField(
        in buffer: inout InputBuffer, at offset: inout Int, separator: UInt8, into record: inout Record
    ) throws(InputError) -> LineProblem? {
        offset += 1
        while true {
            guard offset < maximumRecordBytes else { return tooLong(buffer, record) }
            guard let byte = try buffer.byte(at: offset) else {
                return problem(buffer, record, "a closing quote", "the end of the file")
            }
            offset += 1
            if byte != quote {
                record.bytes.append(byte)
            } else if try buffer.byte(at: offset) == quote {
                record.bytes.append(quote)
                offset += 1
            } else {
                break
            }
        }
        let next = try buffer.byte(at: offset)
        if next != separator, try lineEnd(in: &buffer, at: offset) == nil {
            return problem(buffer, record, "a separator or the end of the line after a closing quote", "other text")
        }
        return nil
    }

    private static func tooLong(_ buffer: InputBuffer, _ record: Record) -> LineProblem {
        problem(
            buffer, record, "at most \(maximumRecordBytes) bytes in a record", "a longer one (a missing closing quote?)"
        )
    }

    private static func problem(
        _ buffer: InputBuffer, _ record: Record, _ expected: String, _ found: String
    ) -> LineProblem {
        LineProblem(file: buffer.name, line: record.line, expected: expected, found: found)
    }

    private static func trimmed(_ name: String) -> String {
        var name = name[...]
        while let first = name.first, first.isWhitespace { name.removeFirst() }
        while let last = name.last, last.isWhitespace { name.removeLast() }
        return String(name)
    }
}
