import Foundation

enum TemporaryDirectory {
    /// Of this process; it goes when the process exits.
    private static let root: String = {
        let path = FileManager.default.temporaryDirectory.appending(path: "tributary-log-\(UUID())").path
        try! FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        atexit { try? FileManager.default.removeItem(atPath: TemporaryDirectory.root) }
        return path
    }()

    /// A path that nobody else has; nothing is there yet.
    static func make() -> String { "\(root)/\(UUID())" }
}
