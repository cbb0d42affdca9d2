/// How a command ends, for scripts.
package enum ExitCode: Int32, Sendable {
    case done = 0
    case failed = 1
    case wrongUsage = 2
}

/// An option of a command: `--name VALUE`, or a switch where it takes no value.
package struct CommandOption: Sendable, Hashable {
    package var name: String
    /// What stands for the value in the help; `nil` for a switch.
    package var valueName: String?
    package var summary: String
    /// The environment variable that gives the value where the option is not given.
    package var environment: String?
    package var defaultValue: String?

    /// A switch. From the environment it takes `true` or `false`.
    package init(flag name: String, environment: String? = nil, _ summary: String) {
        self.name = name
        self.environment = environment
        self.summary = summary
    }

    /// An option with a value.
    package init(
        _ name: String, _ valueName: String, environment: String? = nil, default defaultValue: String? = nil,
        _ summary: String
    ) {
        self.name = name
        self.valueName = valueName
        self.environment = environment
        self.defaultValue = defaultValue
        self.summary = summary
    }
}

/// A positional argument.
package struct CommandArgument: Sendable, Hashable {
    package var name: String
    package var isRequired: Bool
    package var summary: String

    package init(_ name: String, isRequired: Bool = true, _ summary: String) {
        self.name = name
        self.isRequired = isRequired
        self.summary = summary
    }
}

/// One command with everything that its help says.
package struct Command: Sendable {
    /// The words that call it: `["payout", "plan"]`.
    package var words: [String]
    package var summary: String
    package var options: [CommandOption]
    package var arguments: [CommandArgument]
    /// A call that works, without the program's name.
    package var example: String
    package var run: @Sendable (Invocation) throws -> ExitCode

    package init(
        _ words: String..., summary: String, arguments: [CommandArgument] = [], options: [CommandOption] = [],
        example: String, run: @escaping @Sendable (Invocation) throws -> ExitCode
    ) {
        self.words = words
        self.summary = summary
        self.arguments = arguments
        self.options = options
        self.example = example
        self.run = run
    }

    package var name: String { words.joined(separator: " ") }
}

/// A call as parsed: every option is known and has its value.
package struct Invocation: Sendable {
    package var command: [String]
    package var arguments: [String]
    /// What another library is to be told, under its own names.
    package var properties: [String: SettingValue]
    private var values: [String: SettingValue]
    private var switches: Set<String>

    package init(
        command: [String], arguments: [String], settings: [String: SettingValue], switches: Set<String>,
        properties: [String: SettingValue] = [:]
    ) {
        self.command = command
        self.arguments = arguments
        values = settings
        self.switches = switches
        self.properties = properties
    }

    /// A call all of whose values were given as options.
    package init(command: [String], arguments: [String], values: [String: String], switches: Set<String>) {
        self.init(
            command: command, arguments: arguments, settings: values.mapValues { SettingValue($0, .option) },
            switches: switches)
    }

    /// The value of an option: given, from the environment or the settings file, or its default.
    package subscript(_ option: String) -> String? { values[option]?.text }

    /// The same with where it comes from; `true` and `false` for a switch.
    package func setting(_ option: String) -> SettingValue? { values[option] }

    package func isSet(_ option: String) -> Bool { switches.contains(option) }

    package func required(_ option: String) throws -> String {
        guard let value = values[option]?.text else { throw UsageError("--\(option) is required") }
        return value
    }

    /// A whole number within bounds.
    package func integer(_ option: String, in range: ClosedRange<Int>) throws -> Int? {
        guard let text = values[option]?.text else { return nil }
        guard let value = Int(text), range.contains(value) else {
            throw UsageError(
                "--\(option): expected a whole number from \(range.lowerBound) to \(range.upperBound), found `\(text)`")
        }
        return value
    }
}

/// A word of a closed list.
///
/// - Parameter name: of the option or argument, for the message: `--tier`, `DECISION`.
package func word<Value: RawRepresentable & CaseIterable>(_ text: String, of name: String) throws(UsageError) -> Value
where Value.RawValue == String {
    guard let value = Value(rawValue: text) else {
        let known = Value.allCases.map(\.rawValue).joined(separator: ", ")
        throw UsageError("\(name): expected one of \(known), found `\(text)`")
    }
    return value
}

/// A call that cannot be understood; the program says so and ends with `wrongUsage`.
package struct UsageError: Error, Sendable, CustomStringConvertible {
    package var description: String
    package init(_ description: String) { self.description = description }
}

/// A command that was understood and failed; the text is for people.
package struct CommandFailure: Error, Sendable, CustomStringConvertible {
    package var description: String
    package init(_ description: String) { self.description = description }
}
