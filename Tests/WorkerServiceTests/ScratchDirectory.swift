import Foundation

/// A directory of its own for one test, gone with it.
final class ScratchDirectory {
    let path = FileManager.default.temporaryDirectory.appending(path: "tributary-service-\(UUID())").path

    init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }

    deinit {
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            print("\(path) was left behind: \(error)")
        }
    }
}
