import Foundation
import Testing

/// `scripts/bad-inputs` holds the built programs to what they must say to every kind of bad input.
@Suite(.timeLimit(.minutes(5)), .enabled(if: BuiltProgram.path != nil, Comment(rawValue: BuiltProgram.missing)))
struct BadInputTests {
    @Test func `every bad input has a named error or a dead letter, and the good ones beside it go through`() throws {
        let program = try #require(BuiltProgram.path)
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [
            "python3", "\(repositoryRoot)/scripts/bad-inputs", "--quiet", "--bin",
            URL(filePath: program).deletingLastPathComponent().path,
        ]
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(text)")
    }
}
