import Testing

@testable import CommandLineKit
@testable import Commands

@Suite struct CommandTableTests {
    @Test(arguments: Tributary.application.commands.map(\.name))
    func `the example of every command can be parsed`(name: String) throws {
        let application = Tributary.application
        let command = try #require(application.commands.first { $0.name == name })
        let words = Self.words(command.example)
        #expect(words.starts(with: command.words))
        let call = try application.invocation(of: command, Array(words.dropFirst(command.words.count)), [:])
        #expect(call.arguments.count >= command.arguments.filter(\.isRequired).count)
        #expect(throws: Never.self) { try GlobalOptions(call) }
    }

    @Test func `no two commands have one name, and none is a part of another's`() {
        let names = Tributary.application.commands.map(\.words)
        #expect(Set(names).count == names.count)
        for name in names {
            #expect(!names.contains { $0.count < name.count && name.starts(with: $0) && $0.count > 1 })
        }
    }

    /// Splits a call as a shell does, as far as examples need it.
    static func words(_ text: String) -> [String] {
        var words: [String] = []
        var word = ""
        var isQuoted = false
        for character in text {
            switch character {
            case "'": isQuoted.toggle()
            case " " where !isQuoted:
                if !word.isEmpty { words.append(word) }
                word = ""
            default: word.append(character)
            }
        }
        if !word.isEmpty { words.append(word) }
        return words
    }
}
