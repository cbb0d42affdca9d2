/// Text with columns in it: `{slug(account)}.example`.
struct ValueTemplate: Sendable, Hashable {
    enum Function: String, Sendable, CaseIterable {
        case slug, lower
    }

    enum Part: Sendable, Hashable {
        case literal(String)
        case column(String, Function?)
    }

    let parts: [Part]

    /// `nil` where braces do not match or a function is unknown.
    init?(_ text: String) {
        var parts: [Part] = []
        var rest = text[...]
        while let open = rest.firstIndex(of: "{") {
            if open > rest.startIndex { parts.append(.literal(String(rest[..<open]))) }
            rest = rest[rest.index(after: open)...]
            guard let close = rest.firstIndex(of: "}") else { return nil }
            let inner = rest[..<close]
            rest = rest[rest.index(after: close)...]
            if let paren = inner.firstIndex(of: "("), inner.last == ")" {
                guard let function = Function(rawValue: String(inner[..<paren])) else { return nil }
                parts.append(.column(String(inner[inner.index(after: paren)...].dropLast()), function))
            } else {
                guard !inner.isEmpty else { return nil }
                parts.append(.column(String(inner), nil))
            }
        }
        guard !rest.contains("}") else { return nil }
        if !rest.isEmpty { parts.append(.literal(String(rest))) }
        self.parts = parts
    }

    var columns: [String] {
        parts.compactMap { part in
            guard case .column(let name, _) = part else { return nil }
            return name
        }
    }

    /// Empty where every column in it is.
    func fill(_ text: (String) -> String) -> String {
        var output = ""
        var isEmpty = !columns.isEmpty
        for part in parts {
            switch part {
            case .literal(let text): output += text
            case .column(let name, let function):
                let value = text(name)
                if !value.isEmpty { isEmpty = false }
                switch function {
                case .slug: output += ValueTemplate.slug(value)
                case .lower: output += value.lowercased()
                case nil: output += value
                }
            }
        }
        return isEmpty ? "" : output
    }

    /// Lower-case ASCII letters and digits, everything between them one hyphen: a label of a domain name.
    static func slug(_ text: String) -> String {
        var output: [UInt8] = []
        for byte in text.lowercased().utf8 {
            if (byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x7a) {
                output.append(byte)
            } else if !output.isEmpty, output.last != UInt8(ascii: "-") {
                output.append(UInt8(ascii: "-"))
            }
        }
        if output.last == UInt8(ascii: "-") { output.removeLast() }
        return String(decoding: output.prefix(63), as: UTF8.self)
    }
}
