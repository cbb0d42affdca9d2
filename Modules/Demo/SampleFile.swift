import CSV

/// Appends the lines of a file in memory, and writes it at once.
struct SampleFile {
    let name: String
    private(set) var text: String
    private(set) var rows = 0

    /// - Parameter header: `nil` for newline-delimited JSON.
    init(_ name: String, header: [String]?) {
        self.name = name
        text = header.map { $0.joined(separator: ",") + "\n" } ?? ""
    }

    mutating func append(_ fields: [String]) { append(line: CSVText.record(fields)) }

    mutating func append(line: String) {
        text += line
        text += "\n"
        rows += 1
    }
}
