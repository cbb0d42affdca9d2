/// Builds the tree from libyaml's events.
struct YAMLTreeBuilder: ~Copyable {
    private let events: YAMLEventParser
    private let file: String

    init(bytes: [UInt8], file: String) throws(YAMLFailure) {
        self.file = file
        guard bytes.count <= YAMLDocument.maximumBytes else {
            throw Self.failure(
                file, YAMLPosition(line: 1, column: 1), "at most \(YAMLDocument.maximumBytes) bytes",
                "\(bytes.count) bytes")
        }
        events = YAMLEventParser(bytes: bytes)
    }

    /// The only document of the stream.
    mutating func document() throws(YAMLFailure) -> YAMLNode {
        var event = try next()
        if case .streamStart = event.kind { event = try next() }
        guard case .documentStart = event.kind else { throw problem(event, "a document", "an empty file") }
        let root = try node(try next(), depth: 0)
        _ = try next()
        event = try next()
        guard case .streamEnd = event.kind else { throw problem(event, "one document", "a second one") }
        return root
    }

    private mutating func node(_ event: YAMLEvent, depth: Int) throws(YAMLFailure) -> YAMLNode {
        guard depth < YAMLDocument.maximumDepth else {
            throw problem(event, "at most \(YAMLDocument.maximumDepth) levels", "deeper nesting")
        }
        guard !event.hasAnchor else { throw problem(event, "no anchors", "an anchor (`&name`)") }
        guard !event.hasTag else { throw problem(event, "no tags", "a tag (`!name`)") }
        switch event.kind {
        case .scalar(let text, let style):
            return YAMLNode(content: .scalar(text: text, style: style), position: event.position)
        case .sequenceStart:
            var elements: [YAMLNode] = []
            while true {
                let element = try next()
                if case .sequenceEnd = element.kind { break }
                elements.append(try node(element, depth: depth + 1))
            }
            return YAMLNode(content: .sequence(elements), position: event.position)
        case .mappingStart:
            return YAMLNode(content: .mapping(try entries(depth: depth)), position: event.position)
        case .alias:
            throw problem(event, "no aliases", "an alias (`*name`)")
        default:
            throw problem(event, "a value", "the end of the document")
        }
    }

    private mutating func entries(depth: Int) throws(YAMLFailure) -> [YAMLNode.Entry] {
        var entries: [YAMLNode.Entry] = []
        var lines: [String: Int] = [:]
        while true {
            let event = try next()
            if case .mappingEnd = event.kind { return entries }
            let keyNode = try node(event, depth: depth + 1)
            guard case .scalar(let key, _) = keyNode.content else {
                throw problem(event, "a text as key", "a sequence or mapping as key")
            }
            if let line = lines[key] {
                throw problem(event, "each key once", "`\(key)` again (first in line \(line))")
            }
            lines[key] = event.position.line
            let value = try node(try next(), depth: depth + 1)
            entries.append(YAMLNode.Entry(key: key, keyPosition: keyNode.position, value: value))
        }
    }

    private mutating func next() throws(YAMLFailure) -> YAMLEvent {
        do throws(YAMLSyntaxError) {
            return try events.next()
        } catch {
            throw Self.failure(file, error.position, "YAML", error.reason)
        }
    }

    private func problem(_ event: YAMLEvent, _ expected: String, _ found: String) -> YAMLFailure {
        Self.failure(file, event.position, expected, found)
    }

    private static func failure(
        _ file: String, _ position: YAMLPosition, _ expected: String, _ found: String
    ) -> YAMLFailure {
        YAMLFailure(problems: [
            YAMLProblem(file: file, position: position, pointer: "", expected: expected, found: found)
        ])
    }
}
