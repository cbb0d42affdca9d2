/// The transfer encoding of RFC 2045 section 6.7: any text in lines of at most 76 ASCII characters.
enum QuotedPrintable {
    private static let lineLength = 76
    private static let digits = Array("0123456789ABCDEF".utf8)

    /// Appends a text; its line breaks, however written, become CR LF.
    static func append(_ text: String, to output: inout [UInt8]) {
        var column = 0
        var bytes = text.utf8.makeIterator()
        var next = bytes.next()
        while let byte = next {
            next = bytes.next()
            if byte == UInt8(ascii: "\r") || byte == UInt8(ascii: "\n") {
                if byte == UInt8(ascii: "\r"), next == UInt8(ascii: "\n") { next = bytes.next() }
                output += "\r\n".utf8
                column = 0
                continue
            }
            let isLast = next == nil || next == UInt8(ascii: "\r") || next == UInt8(ascii: "\n")
            let isPlain =
                byte == 0x20 ? !isLast : byte > 0x20 && byte < 0x7f && byte != UInt8(ascii: "=")
            // A full stop at the start of a line is encoded: some mail systems double it.
            let isDot = byte == UInt8(ascii: ".") && column == 0
            let width = isPlain && !isDot ? 1 : 3
            if column + width > lineLength - 1 {
                output += "=\r\n".utf8
                column = 0
            }
            if isPlain && !(byte == UInt8(ascii: ".") && column == 0) {
                output.append(byte)
                column += 1
            } else {
                output.append(UInt8(ascii: "="))
                output.append(digits[Int(byte >> 4)])
                output.append(digits[Int(byte & 15)])
                column += 3
            }
        }
    }
}
