import JSON

/// How one event's data is put together from a row's fields.
struct EventLayout: Sendable {
    private indirect enum Node: Sendable {
        case leaf(Int)
        case object([(String, Node)])
    }

    let target: ImportTarget
    let fields: [CompiledField]
    let conditions: [CompiledCondition]
    private let root: Node

    /// `nil` where two fields claim one place, such as an amount and its minor units; `clash` says which.
    init(
        target: ImportTarget, fields: [CompiledField], conditions: [CompiledCondition], clash: inout String?
    ) {
        self.target = target
        self.fields = fields
        self.conditions = conditions
        var root: [(String, Node)] = []
        for (index, field) in fields.enumerated()
        where !EventLayout.insert(index, field.field.location[...], into: &root) {
            clash = field.field.path
        }
        self.root = .object(root)
    }

    private static func insert(_ leaf: Int, _ path: ArraySlice<String>, into members: inout [(String, Node)]) -> Bool {
        guard let name = path.first else { return false }
        let index = members.firstIndex { $0.0 == name }
        guard path.count > 1 else {
            guard index == nil else { return false }
            members.append((name, .leaf(leaf)))
            return true
        }
        guard let index else {
            var inner: [(String, Node)] = []
            let isNew = insert(leaf, path.dropFirst(), into: &inner)
            members.append((name, .object(inner)))
            return isNew
        }
        guard case .object(var inner) = members[index].1 else { return false }
        let isNew = insert(leaf, path.dropFirst(), into: &inner)
        members[index].1 = .object(inner)
        return isNew
    }

    /// The event's data, and what is wrong with single fields.
    func data(_ row: InputRow, _ joined: [CSVRow?], file: String) -> Result<[UInt8], RowProblems> {
        var values: [JSONValue?] = []
        values.reserveCapacity(fields.count)
        var problems: [LineProblem] = []
        for field in fields {
            do throws(FieldIssue) {
                values.append(try field.value(row, joined))
            } catch {
                values.append(nil)
                if field.isCopy { continue }
                problems.append(
                    LineProblem(
                        file: file, line: row.line, field: field.blame, expected: error.expected, found: error.found))
            }
        }
        guard problems.isEmpty else { return .failure(RowProblems(problems: problems)) }
        return .success((EventLayout.value(of: root, values) ?? .object([])).text)
    }

    private static func value(of node: Node, _ values: [JSONValue?]) -> JSONValue? {
        switch node {
        case .leaf(let index): return values[index]
        case .object(let members):
            var output: [(String, JSONValue)] = []
            output.reserveCapacity(members.count)
            for (name, child) in members {
                if let value = value(of: child, values) { output.append((name, value)) }
            }
            return output.isEmpty ? nil : .object(output)
        }
    }

    /// The field that a decoding problem is about, named as the layout does.
    func blame(_ problem: JSONProblem) -> String {
        var path = problem.pointer.split(separator: "/").joined(separator: ".")
        if !target.root.isEmpty, path.hasPrefix(target.root + ".") {
            path = String(path.dropFirst(target.root.count + 1))
        }
        return fields.first { $0.field.path == path }?.blame ?? path
    }
}

/// Everything that is wrong with a row.
struct RowProblems: Error {
    var problems: [LineProblem]
}
