import CommandLineKit
import Foundation

@testable import Commands

/// The repository's root, for what it ships.
let repositoryRoot = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path

/// A directory of its own for one test, gone after it.
struct DemoDirectory {
    let path: String

    static func with<Result>(_ body: (DemoDirectory) throws -> Result) throws -> Result {
        let path = FileManager.default.temporaryDirectory.appending(path: "commands-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try body(DemoDirectory(path: path))
    }

    /// As a command of this directory has them.
    func options(_ name: String = "") throws -> GlobalOptions {
        try GlobalOptions(
            Invocation(
                command: ["test"], arguments: [],
                values: [
                    "data": name.isEmpty ? path : "\(path)/\(name)", "log": "embedded", "prefix": "tributary",
                    "partitions": "8", "timeout": "60",
                ], switches: []))
    }
}
