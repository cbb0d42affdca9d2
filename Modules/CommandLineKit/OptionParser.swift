/// Splits the words after a command's name into options and arguments: `--name VALUE`, `--name=VALUE`, switches, and `--`
/// after which everything is an argument. glibc's `getopt_long` would do it through process-wide variables, which no
/// concurrent program may touch.
enum OptionParser {
    struct Result {
        var values: [String: String] = [:]
        var switches: Set<String> = []
        var arguments: [String] = []
    }

    static func parse(_ words: [String], options: [CommandOption]) throws(UsageError) -> Result {
        var result = Result()
        var rest = words[...]
        while let word = rest.popFirst() {
            if word == "--" {
                result.arguments.append(contentsOf: rest)
                break
            }
            guard word.hasPrefix("-"), word != "-" else {
                result.arguments.append(word)
                continue
            }
            guard word.hasPrefix("--") else { throw unknown(word, options) }
            let body = word.dropFirst(2)
            let name = String(body.prefix { $0 != "=" })
            let attached = body.contains("=") ? String(body.drop { $0 != "=" }.dropFirst()) : nil
            guard let option = options.first(where: { $0.name == name }) else { throw unknown(word, options) }
            if option.valueName == nil {
                guard attached == nil else { throw UsageError("--\(name) takes no value") }
                result.switches.insert(name)
            } else if let value = attached ?? rest.popFirst() {
                result.values[name] = value
            } else {
                throw UsageError("--\(name) needs a value")
            }
        }
        return result
    }

    private static func unknown(_ word: String, _ options: [CommandOption]) -> UsageError {
        let name = String(word.drop { $0 == "-" }.prefix { $0 != "=" })
        let hint = Nearest.name(to: name, among: options.map(\.name)).map { "; did you mean --\($0)?" } ?? ""
        return UsageError("unknown option \(word)\(hint)")
    }
}

/// The known name that a mistyped one is closest to.
package enum Nearest {
    /// `nil` where nothing is near.
    package static func name(to typed: String, among names: [String]) -> String? {
        let ranked = names.map { ($0, distance(Array(typed.utf8), Array($0.utf8))) }.min { $0.1 < $1.1 }
        guard let (name, distance) = ranked, distance <= max(2, name.utf8.count / 3) else { return nil }
        return name
    }

    /// Edit distance by Levenshtein.
    static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var row = Array(0...right.count)
        for (i, a) in left.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, b) in right.enumerated() {
                let above = row[j + 1]
                row[j + 1] = min(above + 1, row[j] + 1, diagonal + (a == b ? 0 : 1))
                diagonal = above
            }
        }
        return row[right.count]
    }
}
