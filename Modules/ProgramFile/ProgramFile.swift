import Contracts
package import Domain
package import YAML

/// A programme as code: one YAML file, read strictly, its problems with their place in the text.
package struct ProgramFile: Sendable {
    /// The programme, complete: what the file leaves out is filled with the defaults.
    package let program: Program
    private let document: YAMLDocument

    /// Reads a file's text.
    ///
    /// - Parameter file: its name for messages.
    /// - Throws: every problem of the text, `program.yaml:12:5: /terms/0/lines/1/rate_bp: expected an integer, found a string`.
    package init(parsing bytes: [UInt8], file: String) throws(YAMLFailure) {
        document = try YAMLDocument(parsing: bytes, file: file)
        program = try document.decode(Program.self)
    }

    /// What is wrong or doubtful by the rules of a programme, in the order of the file.
    package func check(against context: ProgramCheckContext = ProgramCheckContext()) -> [ProgramFileProblem] {
        program.check(against: context).map { problem in
            ProgramFileProblem(
                file: document.file, position: document.position(of: problem.pointer), problem: problem)
        }.sorted { ($0.position.line, $0.position.column) < ($1.position.line, $1.position.column) }
    }
}

/// A problem of a programme and its place in the file. Of something that is missing, the place of what should hold it.
package struct ProgramFileProblem: Error, Sendable, Hashable, CustomStringConvertible {
    package var file: String
    package var position: YAMLPosition
    package var problem: ProgramProblem

    /// `program.yaml:12:5: warning: /partner_types: 4 partner types are active; ...`
    package var description: String { "\(file):\(position.line):\(position.column): \(problem)" }
}
