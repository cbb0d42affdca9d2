import JSON

/// Reads rows of CSV or newline-delimited JSON in bounded memory; a file that begins with `{` is the latter.
package struct RowReader {
    // Exactly one of the two; not an enum, whose payload would be copied, buffer and all, to be advanced.
    private var csv: CSVReader?
    private var lines: LineReader?
    private let file: String

    package init(_ source: any ByteSource, separator: UInt8 = UInt8(ascii: ",")) throws(InputError) {
        let source = try PeekedSource(source)
        file = source.name
        if source.firstByte == UInt8(ascii: "{") {
            lines = try LineReader(source)
        } else {
            csv = try CSVReader(source, separator: separator)
        }
    }

    /// The columns of CSV; `nil` for JSON, whose rows name their members themselves.
    package var columns: CSVColumns? { csv?.columns }

    /// The input's length in bytes where it is known.
    package var size: Int64? { csv?.size ?? lines?.size }

    /// Bytes consumed, for progress.
    package var consumed: Int64 { csv?.consumed ?? lines?.consumed ?? 0 }

    /// The next rows, at most so many; none at the end.
    mutating func next(upTo maximum: Int) throws(InputError) -> [UnreadRow] {
        var rows: [UnreadRow] = []
        while rows.count < maximum, let row = try next() { rows.append(row) }
        return rows
    }

    private mutating func next() throws(InputError) -> UnreadRow? {
        if csv != nil { return try csv?.next().map { .csv($0) } }
        return try lines?.next().map { .json($0, file: file) }
    }
}

/// A row as it stands in its file. What it says is read apart from that, so that many can be read at once.
enum UnreadRow: Sendable {
    case csv(Result<CSVRow, LineProblem>)
    case json(Result<InputLine, LineProblem>, file: String)

    /// The row or what is wrong with it.
    func read() -> Result<InputRow, LineProblem> {
        switch self {
        case .csv(let row): return row.map { InputRow(line: $0.line, content: .csv($0)) }
        case .json(.failure(let problem), _): return .failure(problem)
        case .json(.success(let line), let file):
            do throws(JSONFailure) {
                let value = try JSONDocument.parse(line.bytes)
                guard case .object = value else {
                    return .failure(
                        LineProblem(file: file, line: line.line, expected: "a JSON object", found: "something else"))
                }
                return .success(InputRow(line: line.line, content: .json(value, text: line.bytes)))
            } catch {
                let problem = error.problems.first
                return .failure(
                    LineProblem(
                        file: file, line: line.line, expected: problem?.expected ?? "JSON",
                        found: problem?.found ?? "something else"))
            }
        }
    }
}

/// A source whose first byte that is no blank is known before it is read.
private final class PeekedSource: ByteSource {
    private static let peekedBytes = 4096

    let name: String
    let size: Int64?
    let firstByte: UInt8?
    private let source: any ByteSource
    private var head: ArraySlice<UInt8>

    init(_ source: any ByteSource) throws(InputError) {
        self.source = source
        name = source.name
        size = source.size
        var bytes: [UInt8] = []
        while bytes.count < PeekedSource.peekedBytes {
            guard try source.read(PeekedSource.peekedBytes, into: &bytes) > 0 else { break }
            if bytes.contains(where: { $0 > 0x20 }) { break }
        }
        head = bytes[...]
        let start = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0
        firstByte = bytes.dropFirst(start).first { $0 > 0x20 }
    }

    func read(_ count: Int, into bytes: inout [UInt8]) throws(InputError) -> Int {
        guard head.isEmpty else {
            let piece = head.prefix(count)
            bytes += piece
            head = head.dropFirst(piece.count)
            return piece.count
        }
        return try source.read(count, into: &bytes)
    }
}
