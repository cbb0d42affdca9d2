import Glibc

/// Where a program speaks to a person or to a pipe.
package struct Terminal: Sendable {
    /// The answer is JSON for a program: standard output carries nothing else, texts for people go to standard error.
    package let isJSON: Bool
    private let people: Int32

    package init(isJSON: Bool = false) {
        self.isJSON = isJSON
        people = isJSON ? 2 : 1
    }

    /// Whether standard output is a terminal.
    package var isInteractive: Bool { isatty(1) == 1 }

    /// Whether somebody can be asked.
    package var canAsk: Bool { isatty(0) == 1 && isatty(2) == 1 }

    /// One line or more for people, written at once.
    package func print(_ text: String) { write(text + "\n", to: people) }

    /// The answer, for people or as lines of JSON, on standard output. An empty one writes nothing.
    package func answer(_ text: @autoclosure () throws -> String, json: @autoclosure () throws -> String) rethrows {
        let answer = isJSON ? try json() : try text()
        if !answer.isEmpty { write(answer + "\n", to: 1) }
    }

    /// To standard output as it is.
    package func write(_ text: String) { write(text, to: 1) }

    /// To standard error.
    package func complain(_ text: String) { write(text + "\n", to: 2) }

    /// A line that replaces the one before it, on a terminal; nothing in a pipe.
    package func progress(_ text: String) {
        guard isatty(2) == 1 else { return }
        write("\r\u{1b}[K\(text)", to: 2)
    }

    /// Removes the progress line.
    package func endProgress() {
        guard isatty(2) == 1 else { return }
        write("\r\u{1b}[K", to: 2)
    }

    /// Asks for a yes. Without a terminal there is nobody to ask: an error that says to use `--yes`.
    package func confirm(_ question: String, isAnswered: Bool) throws -> Bool {
        if isAnswered { return true }
        guard canAsk else { throw CommandFailure("\(question) Nobody can be asked here: add --yes.") }
        write("\(question) [y/N] ", to: 2)
        let answer = readLine(strippingNewline: true)?.lowercased() ?? ""
        return answer == "y" || answer == "yes"
    }

    private func write(_ text: String, to descriptor: Int32) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let written = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            // A closed pipe or a full disk: there is nobody left to tell.
            guard written > 0 else { return }
            bytes = bytes.dropFirst(written)
        }
    }
}
