import Foundation

enum TemporaryDirectory {
    /// A path that nobody else has; nothing is there yet.
    static func make() -> String {
        FileManager.default.temporaryDirectory.appending(path: "tributary-log-\(UUID())").path
    }
}
