import JSON

/// A program of commands: finds the command, parses its options, prints help and errors.
package struct Application: Sendable {
    package var name: String
    package var summary: String
    /// Options that every command takes.
    package var globals: [CommandOption]
    package var commands: [Command]
    /// Reads what environment and file say; without one each option's own variable is looked at.
    package var settings: SettingsReader?

    package init(
        name: String, summary: String, globals: [CommandOption], commands: [Command], settings: SettingsReader? = nil
    ) {
        self.settings = settings
        self.name = name
        self.summary = summary
        self.globals = globals
        self.commands = commands
    }

    /// Runs the command that `words` call (without the program's name).
    package func run(_ words: [String], environment: [String: String], terminal: Terminal = Terminal()) -> ExitCode {
        do {
            guard let command = try find(words, terminal) else { return .done }
            let rest = Array(words.dropFirst(command.words.count))
            if rest.contains("--help") || rest.contains("-h") {
                terminal.print(help(of: command))
                return .done
            }
            return try command.run(try invocation(of: command, rest, environment))
        } catch let error as UsageError {
            terminal.complain("\(name): \(error)\ntry `\(name) --help`")
            return .wrongUsage
        } catch {
            terminal.complain("\(name): \(error)")
            return .failed
        }
    }

    private func find(_ words: [String], _ terminal: Terminal) throws(UsageError) -> Command? {
        guard let first = words.first, first != "--help", first != "-h", first != "help" else {
            terminal.print(help)
            return nil
        }
        let named = commands.filter { words.starts(with: $0.words) }.max { $0.words.count < $1.words.count }
        if let named { return named }
        let group = commands.filter { $0.words.first == first }
        if !group.isEmpty {
            if words.count == 1 || words[1].hasPrefix("-") {
                terminal.print(list(group))
                guard words.dropFirst().contains(where: { $0 == "--help" || $0 == "-h" }) else {
                    throw UsageError(
                        "`\(first)` needs one of: \(group.map { $0.words.dropFirst().joined(separator: " ") }.joined(separator: ", "))"
                    )
                }
                return nil
            }
            let names = group.map { $0.words.dropFirst().joined(separator: " ") }
            let hint = NearestName.of(words[1], among: names).map { "; did you mean `\(first) \($0)`?" } ?? ""
            throw UsageError("unknown command `\(first) \(words[1])`\(hint)")
        }
        if first.hasPrefix("-") { throw UsageError("the command comes first, then its options") }
        let hint = NearestName.of(first, among: commands.map { $0.words[0] }).map { "; did you mean `\($0)`?" } ?? ""
        throw UsageError("unknown command `\(first)`\(hint)")
    }

    func invocation(of command: Command, _ words: [String], _ environment: [String: String]) throws
        -> Invocation
    {
        let options = command.options + globals
        var parsed = try OptionParser.parse(words, options: options)
        let outside = try settings.map { read in try read(parsed.values["config"], environment) }
        var values = parsed.values.mapValues { SettingValue($0, .option) }
        for option in options where values[option.name] == nil {
            if parsed.switches.contains(option.name) {
                values[option.name] = SettingValue("true", .option)
                continue
            }
            let given = option.environment.flatMap { variable in
                outside.map { $0.values[option.name] } ?? Application.value(of: variable, environment)
            }
            if option.valueName != nil {
                values[option.name] = given ?? option.defaultValue.map { SettingValue($0, .defaultValue) }
            } else if let given {
                values[option.name] = given
                if try isOn(given) { parsed.switches.insert(option.name) }
            }
        }
        let required = command.arguments.filter(\.isRequired)
        guard parsed.arguments.count >= required.count else {
            throw UsageError("`\(command.name)` needs \(required[parsed.arguments.count].name)")
        }
        guard parsed.arguments.count <= command.arguments.count else {
            throw UsageError(
                "`\(parsed.arguments[command.arguments.count])` is one argument too many for `\(command.name)`")
        }
        return Invocation(
            command: command.words, arguments: parsed.arguments, settings: values, switches: parsed.switches,
            properties: outside?.properties ?? [:])
    }

    /// A variable that is set to nothing is not set: a compose file passes it on either way.
    private static func value(of variable: String, _ environment: [String: String]) -> SettingValue? {
        environment[variable].flatMap { $0.isEmpty ? nil : SettingValue($0, .environment(variable: variable)) }
    }

    private func isOn(_ value: SettingValue) throws(UsageError) -> Bool {
        switch value.text {
        case "true": return true
        case "false": return false
        default: throw UsageError("\(value.origin): expected true or false, found `\(value.text)`")
        }
    }

    // MARK: Help

    package var help: String {
        """
        \(summary)

        Usage: \(name) COMMAND [OPTIONS]

        \(list(commands))

        Options of every command:
        \(lines(of: globals))

        `\(name) COMMAND --help` shows a command's own options and an example.
        """
    }

    package func help(of command: Command) -> String {
        let arguments = command.arguments.map { $0.isRequired ? " \($0.name)" : " [\($0.name)]" }.joined()
        var text = "\(command.summary)\n\nUsage: \(name) \(command.name)\(arguments) [OPTIONS]\n"
        if !command.arguments.isEmpty {
            text += "\n" + aligned(command.arguments.map { ($0.name, $0.summary) }) + "\n"
        }
        if !command.options.isEmpty { text += "\nOptions:\n\(lines(of: command.options))\n" }
        text += "\nOptions of every command:\n\(lines(of: globals))\n"
        return text + "\nExample:\n  \(name) \(command.example)"
    }

    private func list(_ commands: [Command]) -> String {
        "Commands:\n" + aligned(commands.map { ($0.name, $0.summary) })
    }

    private func lines(of options: [CommandOption]) -> String {
        aligned(
            options.map { option in
                let notes = [
                    option.defaultValue.map { "default \($0)" }, option.environment.map { "environment \($0)" },
                ].compactMap(\.self)
                return (
                    "--\(option.name)\(option.valueName.map { " \($0)" } ?? "")",
                    option.summary + (notes.isEmpty ? "" : " (\(notes.joined(separator: "; ")))")
                )
            })
    }

    private func aligned(_ rows: [(String, String)]) -> String {
        let width = rows.map { $0.0.count }.max() ?? 0
        return rows.map { "  \($0.0)\(String(repeating: " ", count: width - $0.0.count))  \($0.1)" }
            .joined(separator: "\n")
    }
}
