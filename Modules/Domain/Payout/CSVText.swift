/// CSV as payout files use it: comma, double quotes, lines ended by LF or CR LF.
enum CSVText {
    struct Row {
        var lineNumber: Int
        var fields: [String]
    }

    /// Quoted where it must be.
    static func quoted(_ field: String) -> String {
        guard field.utf8.contains(where: { [0x2c, 0x22, 0x0a, 0x0d].contains($0) }) else { return field }
        return "\"" + field.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }

    /// Rows from the first on; empty lines are skipped, a byte order mark too.
    static func rows(_ bytes: [UInt8]) -> Reader {
        Reader(bytes: bytes.starts(with: [0xef, 0xbb, 0xbf]) ? Array(bytes.dropFirst(3)) : bytes)
    }

    struct Reader {
        private let bytes: [UInt8]
        private var index = 0
        private var lineNumber = 1

        init(bytes: [UInt8]) { self.bytes = bytes }

        mutating func next() -> Row? {
            while index < bytes.count {
                let first = lineNumber
                let fields = record()
                if fields != [""] { return Row(lineNumber: first, fields: fields) }
            }
            return nil
        }

        /// The fields up to the end of the record; quotes may span lines.
        private mutating func record() -> [String] {
            var fields: [String] = []
            var field: [UInt8] = []
            var isQuoted = false
            while index < bytes.count {
                let byte = bytes[index]
                index += 1
                if byte == 0x0a { lineNumber += 1 }
                switch byte {
                case 0x22 where isQuoted && index < bytes.count && bytes[index] == 0x22:
                    field.append(0x22)
                    index += 1
                case 0x22: isQuoted.toggle()
                case 0x2c where !isQuoted:
                    fields.append(String(decoding: field, as: UTF8.self))
                    field.removeAll()
                case 0x0a where !isQuoted:
                    fields.append(String(decoding: field, as: UTF8.self))
                    return fields
                case 0x0d where !isQuoted: break
                default: field.append(byte)
                }
            }
            fields.append(String(decoding: field, as: UTF8.self))
            return fields
        }
    }
}
