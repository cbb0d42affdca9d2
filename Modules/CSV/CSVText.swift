/// CSV as our own files use it: comma, double quotes, lines ended by LF or CR LF. For whole texts in memory; imports of any
/// size and dialect have a reader of their own.
package enum CSVText {
    package struct Row: Sendable {
        /// Of its first line, from 1.
        package var lineNumber: Int
        package var fields: [String]
    }

    /// One record without its line end.
    package static func record(_ fields: [String]) -> String { fields.map(quoted).joined(separator: ",") }

    /// Quoted where it must be.
    package static func quoted(_ field: String) -> String {
        guard field.utf8.contains(where: { [0x2c, 0x22, 0x0a, 0x0d].contains($0) }) else { return field }
        return "\"" + field.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }

    /// Rows from the first on; empty lines are skipped, a byte order mark too.
    package static func rows(_ bytes: [UInt8]) -> Reader {
        Reader(bytes: bytes.starts(with: [0xef, 0xbb, 0xbf]) ? Array(bytes.dropFirst(3)) : bytes)
    }

    package struct Reader: Sendable {
        private let bytes: [UInt8]
        private var index = 0
        private var lineNumber = 1

        fileprivate init(bytes: [UInt8]) { self.bytes = bytes }

        package mutating func next() -> Row? {
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
