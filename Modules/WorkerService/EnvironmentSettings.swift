import CommandLineKit
import Foundation
import JSON

/// Settings from `TRIBUTARY_...` variables. A variable that ends in `_FILE` names a file with the value; one that is empty is
/// not set.
enum EnvironmentSettings {
    /// Files with one value are small.
    static let maximumValueBytes = 64 << 10

    static func read(_ environment: [String: String]) throws -> OutsideSettings {
        var settings = OutsideSettings()
        for (variable, text) in environment.sorted(by: { $0.key < $1.key })
        where variable.hasPrefix(KnownSettings.prefix) && !KnownSettings.otherVariables.contains(variable) {
            let place = try place(of: variable)
            guard !text.isEmpty else { continue }
            let value =
                place.isFile
                ? SettingValue(
                    try content(of: text, named: variable), .environmentFile(variable: variable, path: text))
                : SettingValue(text, .environment(variable: variable))
            let path = place.isProperty ? \OutsideSettings.properties : \OutsideSettings.values
            if let other = settings[keyPath: path][place.name] {
                throw UsageError("\(variable): the same is set by \(other.origin); give one of them")
            }
            settings[keyPath: path][place.name] = value
        }
        return settings
    }

    private static func place(of variable: String) throws -> (name: String, isProperty: Bool, isFile: Bool) {
        if variable.hasPrefix(KnownSettings.propertyPrefix) {
            let name = variable.dropFirst(KnownSettings.propertyPrefix.count)
            let isFile = name.hasSuffix("_FILE")
            let property = name.dropLast(isFile ? 5 : 0).lowercased().split(separator: "_").joined(separator: ".")
            return (property, true, isFile)
        }
        for setting in KnownSettings.all {
            if variable == setting.variable { return (setting.name, false, false) }
            if variable == setting.variable + "_FILE" { return (setting.name, false, true) }
        }
        let known = KnownSettings.all.map(\.variable) + [KnownSettings.fileVariable]
        let hint = NearestName.of(variable, among: known).map { "; did you mean \($0)?" } ?? ""
        throw UsageError("unknown variable \(variable) in the environment\(hint)")
    }

    /// The text of a file, without the line end that editors put behind it.
    static func content(of path: String, named name: String) throws -> String {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw UsageError("\(name): \(path) cannot be read")
        }
        guard data.count <= maximumValueBytes, let text = String(validating: data, as: UTF8.self) else {
            throw UsageError("\(name): \(path) is to hold one value, UTF-8 of at most \(maximumValueBytes) bytes")
        }
        let value = text.hasSuffix("\r\n") ? text.dropLast() : text.hasSuffix("\n") ? text.dropLast() : text[...]
        guard !value.isEmpty else { throw UsageError("\(name): \(path) is empty") }
        return String(value)
    }
}
