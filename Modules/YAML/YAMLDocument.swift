package import JSON

/// A parsed YAML file.
///
/// The subset for configuration: one document of at most 4 MiB, nested at most 64 deep, keys are scalars and unique,
/// no anchors, aliases or tags. Any bytes are safe to parse.
package struct YAMLDocument: Sendable {
    package static let maximumBytes = 4 * 1024 * 1024
    package static let maximumDepth = 64

    package let root: YAMLNode
    /// The file's name for messages.
    package let file: String
    private let positions: [String: YAMLPosition]

    /// Parses a text; `file` names it in problems.
    package init(parsing bytes: [UInt8], file: String) throws(YAMLFailure) {
        var builder = try YAMLTreeBuilder(bytes: bytes, file: file)
        root = try builder.document()
        self.file = file
        var positions: [String: YAMLPosition] = [:]
        Self.collect(root, at: "", position: root.position, into: &positions)
        self.positions = positions
    }

    /// Parses a text and reads a value out of it; problems of both kinds carry their line and column.
    package static func decode<T: JSONReadable>(
        _ type: T.Type, from bytes: [UInt8], file: String
    ) throws(YAMLFailure) -> T {
        try YAMLDocument(parsing: bytes, file: file).decode(type)
    }

    /// Reads a value out of the document.
    package func decode<T: JSONReadable>(_ type: T.Type) throws(YAMLFailure) -> T {
        do throws(JSONFailure) {
            return try JSONDocument.decode(type, from: root.json.text)
        } catch {
            throw YAMLFailure(problems: error.problems.map(locate))
        }
    }

    /// Where the value of an RFC 6901 pointer stands: a scalar's own place, for a sequence or mapping the place of its
    /// key. Of a value that is missing, the place of the nearest value around it.
    package func position(of pointer: String) -> YAMLPosition {
        var pointer = pointer[...]
        while true {
            if let position = positions[String(pointer)] { return position }
            guard let slash = pointer.lastIndex(of: "/") else { return root.position }
            pointer = pointer[..<slash]
        }
    }

    /// A problem of the document's JSON, with its place in this file.
    package func locate(_ problem: JSONProblem) -> YAMLProblem {
        YAMLProblem(
            file: file, position: position(of: problem.pointer), pointer: problem.pointer, expected: problem.expected,
            found: problem.found)
    }

    private static func collect(
        _ node: YAMLNode, at pointer: String, position: YAMLPosition, into positions: inout [String: YAMLPosition]
    ) {
        positions[pointer] = position
        switch node.content {
        case .scalar: break
        case .sequence(let elements):
            for (index, element) in elements.enumerated() {
                collect(element, at: "\(pointer)/\(index)", position: element.position, into: &positions)
            }
        case .mapping(let entries):
            for entry in entries {
                var position = entry.keyPosition
                if case .scalar = entry.value.content { position = entry.value.position }
                collect(
                    entry.value, at: JSONProblem.pointer(pointer, appending: entry.key), position: position,
                    into: &positions)
            }
        }
    }
}
