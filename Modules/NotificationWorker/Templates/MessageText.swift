import Contracts

/// The texts of one template, for plain and HTML bodies alike.
struct MessageText: Sendable {
    /// Candidates; the first that is complete is the subject. The last one needs no parameters.
    var subjects: [TextLine]
    var paragraphs: [TextLine]

    /// The language of every text.
    static let language = "en"

    init(_ subjects: TextLine..., paragraphs: [TextLine]) {
        self.subjects = subjects
        self.paragraphs = paragraphs
    }

    static func of(_ template: NotificationTemplate) -> MessageText {
        // Every template has its texts; a test holds the table against the list.
        MessageTexts.all[template] ?? MessageText("A message from the partner programme", paragraphs: [])
    }

    func subject(_ parameters: MessageParameters) -> [UInt8] {
        for line in subjects {
            if let subject = line.render(parameters) { return subject }
        }
        return Array("A message from the partner programme".utf8)
    }

    func plain(_ parameters: MessageParameters, footer: String) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(1_024)
        for paragraph in paragraphs {
            guard let line = paragraph.render(parameters) else { continue }
            text += line
            text += "\n\n".utf8
        }
        var hasDetails = false
        parameters.eachDetail { label, value in
            text += label.plain
            text += ": ".utf8
            text += value.plain
            text.append(UInt8(ascii: "\n"))
            hasDetails = true
        }
        if hasDetails { text.append(UInt8(ascii: "\n")) }
        text += "-- \n".utf8
        text += HeaderText.singleLine(footer).utf8
        text.append(UInt8(ascii: "\n"))
        return text
    }

    func html(_ parameters: MessageParameters, footer: String) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(2_048)
        text += Self.htmlStart
        text += HTMLText.escape(subject(parameters))
        text += "</title></head>\n<body>\n".utf8
        for paragraph in paragraphs {
            guard let line = paragraph.render(parameters, asHTML: true) else { continue }
            text += "<p>".utf8
            text += line
            text += "</p>\n".utf8
        }
        var hasDetails = false
        parameters.eachDetail { label, value in
            if !hasDetails { text += "<table>\n".utf8 }
            hasDetails = true
            text += "<tr><th scope=\"row\" align=\"left\">".utf8
            text += label.html
            text += "</th><td>".utf8
            text += value.html
            text += "</td></tr>\n".utf8
        }
        if hasDetails { text += "</table>\n".utf8 }
        text += "<p><small>".utf8
        text += HTMLText.escape(Array(HeaderText.singleLine(footer).utf8))
        text += "</small></p>\n</body>\n</html>\n".utf8
        return text
    }

    private static let htmlStart = Array(
        "<!DOCTYPE html>\n<html lang=\"\(language)\">\n<head><meta charset=\"utf-8\"><title>".utf8)
}

/// Text inside HTML elements and quoted attributes.
enum HTMLText {
    /// UTF-8 in and out.
    static func escape(_ text: [UInt8]) -> [UInt8] {
        guard text.contains(where: { entity(of: $0) != nil }) else { return text }
        var escaped: [UInt8] = []
        escaped.reserveCapacity(text.count + 32)
        for byte in text {
            if let entity = entity(of: byte) { escaped += entity.utf8 } else { escaped.append(byte) }
        }
        return escaped
    }

    private static func entity(of byte: UInt8) -> String? {
        switch byte {
        case UInt8(ascii: "&"): "&amp;"
        case UInt8(ascii: "<"): "&lt;"
        case UInt8(ascii: ">"): "&gt;"
        case UInt8(ascii: "\""): "&quot;"
        case UInt8(ascii: "'"): "&#39;"
        default: nil
        }
    }
}
