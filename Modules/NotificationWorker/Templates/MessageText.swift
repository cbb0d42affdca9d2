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

    func subject(_ parameters: [String: String]) -> String {
        let values = ParameterText.values(parameters)
        for line in subjects {
            if let subject = line.render(values) { return subject }
        }
        return "A message from the partner programme"
    }

    func plain(_ parameters: [String: String], footer: String) -> String {
        let values = ParameterText.values(parameters)
        var blocks = paragraphs.compactMap { $0.render(values) }
        let details = ParameterText.details(values).map { "\($0.label): \($0.value)" }
        if !details.isEmpty { blocks.append(details.joined(separator: "\n")) }
        blocks.append("-- \n" + HeaderText.singleLine(footer))
        return blocks.joined(separator: "\n\n") + "\n"
    }

    func html(_ parameters: [String: String], footer: String) -> String {
        let values = ParameterText.values(parameters)
        let body = paragraphs.compactMap { $0.render(values, escape: HTMLText.escape) }.map { "<p>\($0)</p>\n" }
        let rows = ParameterText.details(values).map { detail in
            "<tr><th scope=\"row\" align=\"left\">\(HTMLText.escape(detail.label))</th>"
                + "<td>\(HTMLText.escape(detail.value))</td></tr>\n"
        }
        return """
            <!DOCTYPE html>
            <html lang="\(MessageText.language)">
            <head><meta charset="utf-8"><title>\(HTMLText.escape(subject(parameters)))</title></head>
            <body>
            \(body.joined())\(rows.isEmpty ? "" : "<table>\n\(rows.joined())</table>\n")\
            <p><small>\(HTMLText.escape(HeaderText.singleLine(footer)))</small></p>
            </body>
            </html>

            """
    }
}

/// Text inside HTML elements and quoted attributes.
enum HTMLText {
    static func escape(_ text: String) -> String {
        var escaped = ""
        escaped.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
