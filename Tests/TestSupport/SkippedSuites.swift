import Foundation

/// What `make test` says at its end that it skipped.
package enum SkippedSuites {
    /// Adds a line to the file that the variable `SKIPPED_SUITES` names; does nothing without one.
    package static func note(_ line: String) {
        guard let path = ProcessInfo.processInfo.environment["SKIPPED_SUITES"] else { return }
        // Other processes add theirs.
        let file = unsafe open(path, O_WRONLY | O_APPEND)
        guard file >= 0 else { return }
        FileHandle(fileDescriptor: file, closeOnDealloc: true).write(Data("\(line)\n".utf8))
    }
}
