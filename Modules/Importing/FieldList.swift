package import JSON

/// How a field is written in JSON, and so what its text in a row must look like.
package indirect enum FieldForm: Sendable, Hashable {
    case text
    case word([String])
    case integer
    case boolean
    /// RFC 3339, or a day, which stands for its start in UTC.
    case time
    case day
    /// Several values of one form in a cell, separated by `;`.
    case list(FieldForm)
    /// An amount: an object of `minor` and `currency`.
    case money
    /// Anything else is written as JSON in the cell.
    case json
}

/// One field of an event's data by its path: `deal.first_year_value.minor`.
package struct ImportField: Sendable, Hashable {
    package var path: String
    /// Where it stands in the data, the root included.
    package var location: [String]
    package var form: FieldForm
    package var isRequired: Bool
}

/// The fields of an event type, from its schema: the code that reads the event is the layout's only source.
package struct FieldList: Sendable {
    /// In reading order: every leaf, and each amount also as a whole.
    package let fields: [ImportField]
    private let byPath: [String: ImportField]

    /// - Parameter root: the object whose members are named without it; members beside it keep their own names.
    package init<Payload: JSONReadable>(of type: Payload.Type, root: String) {
        var fields: [ImportField] = []
        let schema = JSONSchema.of(type, title: "")
        for field in FieldList.flatten(schema, path: "", isRequired: true) {
            var field = field
            if !root.isEmpty, field.path.hasPrefix(root + ".") {
                field.path = String(field.path.dropFirst(root.count + 1))
            }
            fields.append(field)
        }
        self.fields = fields
        byPath = Dictionary(fields.map { ($0.path, $0) }) { first, _ in first }
    }

    package subscript(path: String) -> ImportField? { byPath[path] }

    private static func flatten(_ schema: JSONValue, path: String, isRequired: Bool) -> [ImportField] {
        guard case .object(let properties)? = schema["properties"] else {
            return [field(path, form(of: schema), isRequired)]
        }
        var required: Set<String> = []
        if case .array(let names)? = schema["required"] { required = Set(names.compactMap(\.stringValue)) }
        var fields: [ImportField] = []
        if properties.map(\.0) == ["minor", "currency"] {
            fields.append(field(path, .money, isRequired))
        }
        for (name, child) in properties {
            fields += flatten(
                child, path: path.isEmpty ? name : "\(path).\(name)",
                isRequired: isRequired && required.contains(name))
        }
        return fields
    }

    private static func field(_ path: String, _ form: FieldForm, _ isRequired: Bool) -> ImportField {
        ImportField(
            path: path, location: path.split(separator: ".").map(String.init), form: form, isRequired: isRequired)
    }

    private static func form(of schema: JSONValue) -> FieldForm {
        switch schema["type"]?.stringValue {
        case "integer": return .integer
        case "boolean": return .boolean
        case "array":
            guard let items = schema["items"], items["properties"] == nil else { return .json }
            return .list(form(of: items))
        case "string":
            if case .array(let words)? = schema["enum"] { return .word(words.compactMap(\.stringValue)) }
            switch schema["format"]?.stringValue {
            case "date-time": return .time
            case "date": return .day
            default: return .text
            }
        default: return .json
        }
    }
}
