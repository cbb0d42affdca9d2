/// The transfer encoding of RFC 2045 section 6.7: any text in lines of at most 76 ASCII characters.
enum QuotedPrintable {
    private static let lineLength = 76
    private static let digits = Array("0123456789ABCDEF".utf8)

    /// Appends a text in UTF-8; its line breaks, however written, become CR LF.
    static func append(_ text: [UInt8], to output: inout [UInt8]) {
        var column = 0
        var index = 0
        while index < text.count {
            // Most of a text stands for itself, as far as the line reaches.
            let end = plainEnd(of: text, from: index, column: column)
            if end > index {
                output += text[index..<end]
                column += end - index
                index = end
                continue
            }
            let byte = text[index]
            index += 1
            if isLineBreak(byte) {
                if byte == UInt8(ascii: "\r"), index < text.count, text[index] == UInt8(ascii: "\n") { index += 1 }
                output += "\r\n".utf8
                column = 0
                continue
            }
            let width = isPlain(byte) && !isBlankAtEnd(of: text, index - 1) && column > 0 ? 1 : 3
            if column + width > lineLength - 1 {
                output += "=\r\n".utf8
                column = 0
                // What stands for itself may do so again on the new line.
                if width == 1 {
                    index -= 1
                    continue
                }
            }
            output.append(UInt8(ascii: "="))
            output.append(digits[Int(byte >> 4)])
            output.append(digits[Int(byte & 15)])
            column += 3
        }
    }

    /// Where the bytes from `start` on that stand for themselves end, on this line.
    private static func plainEnd(of text: [UInt8], from start: Int, column: Int) -> Int {
        // A full stop at the start of a line is encoded: some mail systems double it.
        if column == 0, text[start] == UInt8(ascii: ".") { return start }
        let limit = min(text.count, start + lineLength - 1 - column)
        var end = start
        while end < limit, isPlain(text[end]) { end += 1 }
        return end > start && isBlankAtEnd(of: text, end - 1) ? end - 1 : end
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte < 0x7f && byte != UInt8(ascii: "=")
    }

    private static func isLineBreak(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "\r") || byte == UInt8(ascii: "\n")
    }

    /// A blank at the end of a line would be lost.
    private static func isBlankAtEnd(of text: [UInt8], _ index: Int) -> Bool {
        text[index] == 0x20 && (index + 1 == text.count || isLineBreak(text[index + 1]))
    }
}
