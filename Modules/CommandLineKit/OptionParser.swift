import JSON

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
            } else if let attached {
                result.values[name] = attached
            } else if let value = rest.first, !value.hasPrefix("--") {
                // A value that looks like an option was left out; `--name=--value` gives one that is meant so.
                result.values[name] = value
                rest.removeFirst()
            } else {
                throw UsageError("--\(name) needs a value")
            }
        }
        return result
    }

    private static func unknown(_ word: String, _ options: [CommandOption]) -> UsageError {
        let name = String(word.drop { $0 == "-" }.prefix { $0 != "=" })
        let hint = NearestName.of(name, among: options.map(\.name)).map { "; did you mean --\($0)?" } ?? ""
        return UsageError("unknown option \(word)\(hint)")
    }
}
