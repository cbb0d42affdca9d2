/// Where a setting's value comes from, the strongest first.
package enum SettingOrigin: Sendable, Hashable, CustomStringConvertible {
    case option
    case environment(variable: String)
    /// The variable names a file, and the file has the value.
    case environmentFile(variable: String, path: String)
    case file(path: String, line: Int)
    case defaultValue

    package var description: String {
        switch self {
        case .option: "option"
        case .environment(let variable): "environment \(variable)"
        case .environmentFile(let variable, let path): "environment \(variable), \(path)"
        case .file(let path, let line): "\(path):\(line)"
        case .defaultValue: "default"
        }
    }
}

/// A value and where it comes from.
package struct SettingValue: Sendable, Hashable {
    package var text: String
    package var origin: SettingOrigin

    package init(_ text: String, _ origin: SettingOrigin) {
        self.text = text
        self.origin = origin
    }
}

/// What environment and file say, beneath the options of a call.
package struct OutsideSettings: Sendable {
    /// By the option's name.
    package var values: [String: SettingValue]
    /// Of another library: handed on under its own names.
    package var properties: [String: SettingValue]

    package init(values: [String: SettingValue] = [:], properties: [String: SettingValue] = [:]) {
        self.values = values
        self.properties = properties
    }
}

/// Reads the environment and the settings file; `path` is what the option `--config` named.
package typealias SettingsReader =
    @Sendable (_ path: String?, _ environment: [String: String]) throws -> OutsideSettings
