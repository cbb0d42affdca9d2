import Foundation

/// Sizes of store files.
enum StoreBytes {
    /// Bytes by worker. A directory that is not there yet has none.
    static func measure(_ directories: [(worker: String, path: String)]) -> [String: Int] {
        var bytes: [String: Int] = [:]
        for (worker, path) in directories {
            bytes[worker, default: 0] += size(of: path)
        }
        return bytes
    }

    private static func size(of directory: String) -> Int {
        let keys: [URLResourceKey] = [.fileSizeKey]
        guard
            let files = FileManager.default.enumerator(
                at: URL(filePath: directory), includingPropertiesForKeys: keys,
                options: [.skipsSubdirectoryDescendants], errorHandler: { _, _ in true })
        else { return 0 }
        var total = 0
        for case let file as URL in files where file.lastPathComponent.contains(".sqlite") {
            // A journal may go away between the two looks.
            guard case .success(let values) = Result(catching: { try file.resourceValues(forKeys: Set(keys)) }) else {
                continue
            }
            total += values.fileSize ?? 0
        }
        return total
    }
}
