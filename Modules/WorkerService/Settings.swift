package import CommandLineKit
import Foundation
import JSON
import KafkaLog

/// Environment over file; the options of a call come before both, defaults behind them.
package enum Settings {
    /// The option that names the file.
    package static let fileOption = CommandOption(
        "config", "FILE", environment: KnownSettings.fileVariable,
        "settings file (default: \(KnownSettings.defaultFile) in the working directory, where there is one)")

    package static let reader: SettingsReader = { path, environment in
        try read(path, environment, defaultFile: KnownSettings.defaultFile)
    }

    static func read(_ path: String?, _ environment: [String: String], defaultFile: String) throws -> OutsideSettings {
        let outer = try EnvironmentSettings.read(environment)
        var settings = OutsideSettings()
        let named = path ?? environment[KnownSettings.fileVariable].flatMap { $0.isEmpty ? nil : $0 }
        if let named {
            settings = try SettingsFile.read(named)
        } else if FileManager.default.fileExists(atPath: defaultFile) {
            settings = try SettingsFile.read(defaultFile)
        }
        settings.values.merge(outer.values) { $1 }
        settings.properties.merge(outer.properties) { $1 }
        try checkProperties(settings.properties)
        return settings
    }

    /// Names alone: values are the client's to judge, when it is made.
    private static func checkProperties(_ properties: [String: SettingValue]) throws {
        let known = KafkaLog.propertyNames
        for (name, value) in properties.sorted(by: { $0.key < $1.key }) where !known.contains(name) {
            let hint = NearestName.of(name, among: known.sorted()).map { "; did you mean `\($0)`?" } ?? ""
            throw UsageError("\(value.origin): the Kafka client has no property `\(name)`\(hint)")
        }
    }
}

/// What `--check-config` prints: every value with where it comes from, secrets masked.
package enum EffectiveSettings {
    static let mask = "********"

    package static func text(of options: [CommandOption], in call: Invocation) -> String {
        var rows: [(String, String, String)] = []
        for option in options where option.name != "check-config" && option.name != Settings.fileOption.name {
            let value = call.setting(option.name)
            let shown = value.map { KnownSettings.isSecret(option.name) ? mask : $0.text }
            rows.append((option.name, shown ?? "-", value?.origin.description ?? "not set"))
        }
        for (name, value) in call.properties.sorted(by: { $0.key < $1.key }) {
            rows.append(
                ("kafka \(name)", KnownSettings.isSecret(property: name) ? mask : value.text, "\(value.origin)"))
        }
        return Table(["setting", "value", "from"], rows: rows.map { [$0.0, $0.1, $0.2] }).text
    }
}
