import Foundation
import Importing
import Testing

/// A file that is there for one test.
func withFile<Result>(_ bytes: [UInt8], _ body: (String) throws -> Result) throws -> Result {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("tributary-\(UUID().uuidString).csv")
    try Data(bytes).write(to: url)
    defer { try? FileManager.default.removeItem(at: url) }
    return try body(url.path)
}

@Suite struct CSVReaderTests {
    /// Every record as its fields joined by `|`, every problem as its text.
    static func read(_ text: String, piece: Int = .max) throws -> [String] {
        try read(Array(text.utf8), piece: piece)
    }

    static func read(_ bytes: [UInt8], piece: Int = .max) throws -> [String] {
        var reader = try CSVReader(MemorySource(bytes, name: "f.csv", piece: piece))
        var lines: [String] = []
        while let result = try reader.next() {
            switch result {
            case .success(let row): lines.append("\(row.line): " + row.fields.joined(separator: "|"))
            case .failure(let problem): lines.append(problem.description)
            }
        }
        #expect(reader.consumed == Int64(bytes.count))
        return lines
    }

    static let inputs: [(String, [String])] = [
        ("a,b\n1,2\n", ["2: 1|2"]),
        ("a,b\r\n1,2\r\n3,4", ["2: 1|2", "3: 3|4"]),
        ("\u{feff}a,b\n1,2\n", ["2: 1|2"]),
        ("a,b\n", []),
        ("a,b", []),
        ("a,b\n,\n", ["2: |"]),
        ("a,b\n\n\r\n1,2\n\n", ["4: 1|2"]),
        ("a,b\n\"1,5\",\"say \"\"hi\"\"\"\n", ["2: 1,5|say \"hi\""]),
        ("a,b\n\"line\nbreak\r\n\",2\n3,4\n", ["2: line\nbreak\r\n|2", "5: 3|4"]),
        ("a,b\n\"\",\"\"\n", ["2: |"]),
        ("a,b\n5\" screen,it\"s\n", ["2: 5\" screen|it\"s"]),
        ("a,b\n 1 , 2 \n", ["2:  1 | 2 "]),
        ("a,b\n1\r2,3\n", ["2: 1\r2|3"]),
        ("a,b\nü,日本\n", ["2: ü|日本"]),
        (
            "a,b\n1\n2,3\n4,5,6\n",
            [
                "f.csv:2: expected 2 fields as in the header, found 1", "3: 2|3",
                "f.csv:4: expected 2 fields as in the header, found 3",
            ]
        ),
        ("a,b\n1,2,\n", ["f.csv:2: expected 2 fields as in the header, found 3"]),
        (
            "a,b\n1,\"2\n3,4\n5,6\n",
            ["f.csv:2: expected a closing quote, found the end of the file", "3: 3|4", "4: 5|6"]
        ),
        (
            "a,b\n\"1\"x,2\n3,4\n",
            [
                "f.csv:2: expected a separator or the end of the line after a closing quote, found other text",
                "3: 3|4",
            ]
        ),
        ("a,b\n1,2\n\"", ["2: 1|2", "f.csv:3: expected a closing quote, found the end of the file"]),
    ]

    @Test(arguments: inputs)
    func `records and problems come with their lines, however the bytes arrive`(text: String, lines: [String]) throws {
        for piece in [Int.max, 1, 2, 3, 7] {
            #expect(try Self.read(text, piece: piece) == lines)
        }
    }

    @Test func `bytes that are not UTF-8 name their column`() throws {
        let bytes = Array("a,b\n1,".utf8) + [0xff] + Array("\n3,4\n".utf8)
        #expect(try Self.read(bytes) == ["f.csv:2: b: expected UTF-8, found other bytes", "3: 3|4"])
        // A scalar torn apart by a separator is not one.
        #expect(
            try Self.read(Array("a,b\n".utf8) + [0xc3, 0x2c, 0xa4, 0x0a]) == [
                "f.csv:2: a: expected UTF-8, found other bytes"
            ])
    }

    @Test func `a record is bounded, and the lines below it are read`() throws {
        let long = String(repeating: "x", count: CSVReader.maximumRecordBytes + 1)
        let problem =
            "f.csv:2: expected at most 1048576 bytes in a record, found a longer one (a missing closing quote?)"
        #expect(try Self.read("a,b\n\(long),2\n3,4\n") == [problem, "3: 3|4"])
        let many = String(repeating: "3,4\n", count: CSVReader.maximumRecordBytes / 4 + 10)
        let lines = try Self.read("a,b\n\"1,2\n\(many)")
        #expect(lines.count == CSVReader.maximumRecordBytes / 4 + 11)
        #expect(lines[0] == problem)
        #expect(lines[1] == "3: 3|4")
    }

    static let headers: [(String, String)] = [
        ("", "f.csv: expected a header row, found an empty file"),
        ("\n\n", "f.csv: expected a header row, found an empty file"),
        ("a,,c\n", "f.csv: header: column 2 has no name"),
        ("a,b, a\n", "f.csv: header: two columns are named `a`"),
        ("\"a\n", "f.csv: header: expected a closing quote, found the end of the file"),
    ]

    @Test(arguments: headers)
    func `a header that names no columns is an error`(text: String, message: String) {
        #expect(throws: InputError(.header, file: "f.csv", message: String(message.dropFirst("f.csv: ".count)))) {
            try CSVReader(MemorySource(Array(text.utf8), name: "f.csv"))
        }
    }

    @Test func `fields are found by the name of their column`() throws {
        var reader = try CSVReader(MemorySource(Array("first , second\n1,2\n".utf8)))
        #expect(reader.columns.names == ["first", "second"])
        let row = try #require(try reader.next()).get()
        #expect(row["second"] == "2")
        #expect(row["first"] == "1")
        #expect(row["third"] == nil)
        #expect(row[1] == "2")
    }

    @Test func `another separator works`() throws {
        var reader = try CSVReader(MemorySource(Array("a;b\n1,5;2\n".utf8)), separator: UInt8(ascii: ";"))
        #expect(try #require(try reader.next()).get().fields == ["1,5", "2"])
    }

    @Test func `a file of many pieces is read whole`() throws {
        let count = 20_000
        let text = "id,note\n" + (0..<count).map { "\($0),\"note \($0),\n\"\"x\"\"\"\n" }.joined()
        try withFile(Array(text.utf8)) { path in
            let source = try FileSource(path: path)
            #expect(source.size == Int64(text.utf8.count))
            var reader = try CSVReader(source)
            for number in 0..<count {
                let row = try #require(try reader.next()).get()
                guard row.fields == ["\(number)", "note \(number),\n\"x\""], row.line == 2 + number * 2 else {
                    Issue.record("record \(number) is \(row.fields) in line \(row.line)")
                    return
                }
            }
            #expect(try reader.next() == nil)
        }
    }

    @Test func `a file that is not there or cannot be read says why`() throws {
        #expect(
            throws: InputError(
                .notOpened, file: "/nonexistent/f.csv", message: "cannot be opened: No such file or directory")
        ) {
            try FileSource(path: "/nonexistent/f.csv")
        }
        #expect(throws: InputError(.notRead, file: "/", message: "cannot be read: Is a directory")) {
            try CSVReader(FileSource(path: "/"))
        }
    }
}

@Suite struct LineReaderTests {
    static func read(_ text: String, piece: Int = .max) throws -> [String] {
        var reader = try LineReader(MemorySource(Array(text.utf8), name: "f", piece: piece))
        var lines: [String] = []
        while let result = try reader.next() {
            switch result {
            case .success(let line): lines.append("\(line.line): " + String(decoding: line.bytes, as: UTF8.self))
            case .failure(let problem): lines.append(problem.description)
            }
        }
        #expect(reader.consumed == Int64(text.utf8.count))
        return lines
    }

    static let inputs: [(String, [String])] = [
        ("", []),
        ("\n\n", []),
        ("{}", ["1: {}"]),
        ("{}\n", ["1: {}"]),
        ("{}\r\n\r\n[]\r\n", ["1: {}", "3: []"]),
        ("\u{feff}{}\n  \n[]", ["1: {}", "3: []"]),
        ("a\rb\n", ["1: a\rb"]),
    ]

    @Test(arguments: inputs)
    func `lines come with their numbers, however the bytes arrive`(text: String, lines: [String]) throws {
        for piece in [Int.max, 1, 2, 5] {
            #expect(try Self.read(text, piece: piece) == lines)
        }
    }

    @Test func `a line is bounded, and the lines below it are read`() throws {
        let limit = LineReader.maximumLineBytes
        let fits = String(repeating: "x", count: limit)
        let problem = "f:1: expected at most 1048576 bytes in a line, found a longer one"
        #expect(try Self.read("\(fits)\n{}") == ["1: \(fits)", "2: {}"])
        #expect(try Self.read("\(fits)x\n{}") == [problem, "2: {}"])
        #expect(try Self.read("\(fits)x") == [problem])
        #expect(try Self.read(String(repeating: "x", count: limit * 3) + "\n{}") == [problem, "2: {}"])
    }

    @Test func `a file is read as well`() throws {
        try withFile(Array("{\"a\":1}\n{\"a\":2}".utf8)) { path in
            var reader = try LineReader(FileSource(path: path))
            #expect(reader.size == 15)
            #expect(try reader.next()?.get() == InputLine(line: 1, bytes: Array("{\"a\":1}".utf8)))
            #expect(try reader.next()?.get() == InputLine(line: 2, bytes: Array("{\"a\":2}".utf8)))
            #expect(try reader.next() == nil)
        }
    }
}
