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

    mutating func append(_ fields: [String]) { append(line: fields.map(SampleFile.quoted).joined(separator: ",")) }

    mutating func append(line: String) {
        text += line
        text += "\n"
        rows += 1
    }

    private static func quoted(_ field: String) -> String {
        guard field.utf8.contains(where: { $0 == 0x2c || $0 == 0x22 || $0 == 0x0a }) else { return field }
        return "\"" + field.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
}
