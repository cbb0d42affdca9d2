import CommandLineKit
import Foundation

/// A file that a command is given whole.
enum InputFile {
    /// - Parameter path: `-` for standard input.
    static func bytes(of path: String) throws(CommandFailure) -> [UInt8] {
        let data =
            path == "-" ? FileHandle.standardInput.readDataToEndOfFile() : FileManager.default.contents(atPath: path)
        guard let data else { throw CommandFailure("\(path): no such file, or it cannot be read") }
        return Array(data)
    }
}
