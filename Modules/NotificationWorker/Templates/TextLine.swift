/// A line of a template: text with parameters in braces, `Your referral of {account} is accepted.`
///
/// A line is complete or it is left out: one whose parameter is missing renders to nothing.
struct TextLine: Sendable, ExpressibleByStringLiteral {
    enum Part: Sendable, Hashable {
        case text(String)
        case parameter(String)
    }

    let parts: [Part]

    init(stringLiteral literal: String) {
        var parts: [Part] = []
        var rest = Substring(literal)
        while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
            if open > rest.startIndex { parts.append(.text(String(rest[..<open]))) }
            parts.append(.parameter(String(rest[rest.index(after: open)..<close])))
            rest = rest[rest.index(after: close)...]
        }
        if !rest.isEmpty { parts.append(.text(String(rest))) }
        self.parts = parts
    }

    /// The parameters that the line needs.
    var parameters: [String] {
        parts.compactMap { part in
            if case .parameter(let name) = part { name } else { nil }
        }
    }

    /// The line filled in; `nil` where a parameter is missing or empty. `escape` is applied to every part.
    func render(_ values: [String: String], escape: (String) -> String = { $0 }) -> String? {
        var line = ""
        for part in parts {
            switch part {
            case .text(let text): line += escape(text)
            case .parameter(let name):
                guard let value = values[name], !value.isEmpty else { return nil }
                line += escape(value)
            }
        }
        return line
    }
}
