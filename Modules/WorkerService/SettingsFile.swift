import CommandLineKit
import Foundation
import JSON
import YAML

/// Settings from a YAML file: one key a setting, `<name>-file` for a file with the value, and under `kafka` the properties of
/// the Kafka client, `<property>.file` for a file with the value. Every problem is named with its line.
enum SettingsFile {
    static func read(_ path: String) throws -> OutsideSettings {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw UsageError("\(path): the settings file cannot be read")
        }
        return try parse(Array(data), file: path)
    }

    static func parse(_ bytes: [UInt8], file: String) throws -> OutsideSettings {
        let root: YAMLNode
        do {
            root = try YAMLDocument(parsing: bytes, file: file).root
        } catch {
            throw UsageError(error.description)
        }
        var reading = Reading(file: file)
        guard case .mapping(let entries) = root.content else {
            if case .scalar(let text, _) = root.content, text.isEmpty { return OutsideSettings() }
            throw UsageError("\(file): expected `name: value` lines")
        }
        for entry in entries {
            if entry.key == KnownSettings.propertiesKey {
                reading.takeProperties(entry)
            } else {
                reading.takeSetting(entry)
            }
        }
        guard reading.problems.isEmpty else { throw UsageError(reading.problems.joined(separator: "\n")) }
        return reading.settings
    }

    private struct Reading {
        let file: String
        var settings = OutsideSettings()
        var problems: [String] = []

        mutating func takeSetting(_ entry: YAMLNode.Entry) {
            let names = KnownSettings.all.map(\.name)
            if names.contains(entry.key) {
                take(entry, entry.key, isFile: false, \.values)
            } else if entry.key.hasSuffix("-file"), names.contains(String(entry.key.dropLast(5))) {
                take(entry, String(entry.key.dropLast(5)), isFile: true, \.values)
            } else {
                let hint =
                    NearestName.of(entry.key, among: names + [KnownSettings.propertiesKey])
                    .map { "; did you mean `\($0)`?" } ?? ""
                problem(entry, "unknown key `\(entry.key)`\(hint)")
            }
        }

        mutating func takeProperties(_ entry: YAMLNode.Entry) {
            guard case .mapping(let properties) = entry.value.content else {
                problem(entry, "`kafka`: expected properties of the Kafka client, one a line")
                return
            }
            for property in properties {
                let isFile = property.key.hasSuffix(".file")
                take(property, String(property.key.dropLast(isFile ? 5 : 0)), isFile: isFile, \.properties)
            }
        }

        private mutating func take(
            _ entry: YAMLNode.Entry, _ name: String, isFile: Bool,
            _ path: WritableKeyPath<OutsideSettings, [String: SettingValue]>
        ) {
            guard case .scalar(let text, let style) = entry.value.content,
                style == .quoted || !(text.isEmpty || text == "null" || text == "~")
            else {
                problem(entry, "`\(entry.key)`: expected one value")
                return
            }
            if let other = settings[keyPath: path][name] {
                problem(entry, "`\(entry.key)`: the same is set at \(other.origin); give one of them")
                return
            }
            do {
                settings[keyPath: path][name] = SettingValue(
                    isFile ? try EnvironmentSettings.content(of: text, named: entry.key) : text,
                    .file(path: file, line: entry.keyPosition.line))
            } catch {
                problem(entry, "\(error)")
            }
        }

        private mutating func problem(_ entry: YAMLNode.Entry, _ text: String) {
            problems.append("\(file):\(entry.keyPosition.line):\(entry.keyPosition.column): \(text)")
        }
    }
}
