/// A line of a template: text with parameters in braces, `Your referral of {account} is accepted.`
///
/// A line is complete or it is left out: one whose parameter is missing renders to nothing.
struct TextLine: Sendable, ExpressibleByStringLiteral {
    private enum Part: Sendable {
        case text(MessageParameters.Text)
        case parameter(String)
    }

    private let parts: [Part]

    init(stringLiteral literal: String) {
        var parts: [Part] = []
        var rest = Substring(literal)
        while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
            if open > rest.startIndex { parts.append(.text(MessageParameters.Text(String(rest[..<open])))) }
            parts.append(.parameter(String(rest[rest.index(after: open)..<close])))
            rest = rest[rest.index(after: close)...]
        }
        if !rest.isEmpty { parts.append(.text(MessageParameters.Text(String(rest)))) }
        self.parts = parts
    }

    /// The parameters that the line needs.
    var parameters: [String] {
        parts.compactMap { part in
            if case .parameter(let name) = part { name } else { nil }
        }
    }

    /// The line filled in; `nil` where a parameter is missing or empty.
    ///
    func render(_ parameters: MessageParameters, asHTML: Bool = false) -> [UInt8]? {
        var line: [UInt8] = []
        for part in parts {
            switch part {
            case .text(let text): line += asHTML ? text.html : text.plain
            case .parameter(let name):
                guard let value = parameters[name] else { return nil }
                line += asHTML ? value.html : value.plain
            }
        }
        return line
    }
}
