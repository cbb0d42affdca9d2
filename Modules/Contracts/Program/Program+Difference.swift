package import Domain
import JSON

extension Program {
    /// Where a newer version says something else, in the order of the document. Lists of named things are compared by
    /// name, so that a new line in front of others is one difference.
    package func differences(to newer: Program) -> [ProgramDifference] {
        var differences: [ProgramDifference] = []
        compare(tree, newer.tree, at: "", into: &differences)
        return differences
    }

    private var tree: JSONValue {
        do throws(JSONFailure) {
            return try JSONDocument.parse(JSONEncoding.encode(self))
        } catch {
            preconditionFailure("what our writer wrote is JSON: \(error)")
        }
    }

    private func compare(
        _ before: JSONValue?, _ after: JSONValue?, at path: String, into differences: inout [ProgramDifference]
    ) {
        if before == after { return }
        let left = before?.namedMembers
        let right = after?.namedMembers
        if left != nil || right != nil, left != nil || before == nil, right != nil || after == nil {
            let names = (left ?? []).map(\.0)
            let added = (right ?? []).map(\.0).filter { !names.contains($0) }
            for name in names + added {
                compare(
                    left?.first { $0.0 == name }?.1, right?.first { $0.0 == name }?.1,
                    at: JSONProblem.pointer(path, appending: name), into: &differences)
            }
            return
        }
        differences.append(ProgramDifference(path: path, before: before?.readable, after: after?.readable))
    }
}

extension JSONValue {
    /// The members of an object, or of a list whose elements have names or ids; `nil` for everything else.
    fileprivate var namedMembers: [(String, JSONValue)]? {
        switch self {
        case .object(let members): return members
        case .array(let elements):
            let names = elements.compactMap(\.ownName)
            guard !elements.isEmpty, names.count == elements.count, Set(names).count == names.count else { return nil }
            return Array(zip(names, elements))
        default: return nil
        }
    }

    /// What tells an element of a list from the others.
    private var ownName: String? {
        if let id = self["terms_id"]?.stringValue, let version = self["version"]?.integerValue {
            return "\(id):\(version)"
        }
        return self["play_id"]?.stringValue ?? self["name"]?.stringValue ?? self["area"]?.stringValue
    }

    fileprivate var readable: String {
        stringValue ?? String(decoding: text, as: UTF8.self)
    }
}
