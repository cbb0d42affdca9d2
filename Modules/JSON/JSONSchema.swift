/// JSON Schemas (draft 2020-12), generated from the code that reads.
package enum JSONSchema {
    /// The schema of what `type` reads: its fields in reading order, which of them are required, their types.
    /// Fields that it does not read are allowed, unless it rejects unknown ones.
    package static func of<T: JSONReadable>(_ type: T.Type, title: String) -> JSONValue {
        let recorder = SchemaRecorder(typesInProgress: [])
        let shape = recorder.shape(of: type, context: ReadingContext(tracksNames: false))
        let head: [(String, JSONValue)] = [
            ("$schema", .string("https://json-schema.org/draft/2020-12/schema")), ("title", .string(title)),
        ]
        guard case .object(let members) = shape.schema else { return .object(head) }
        return .object(head + members)
    }
}

/// A JSON type as a schema says it.
struct SchemaShape {
    var schema: JSONValue

    static let string = SchemaShape(schema: .object([("type", .string("string"))]))
    static let boolean = SchemaShape(schema: .object([("type", .string("boolean"))]))
    static let anything = SchemaShape(schema: .object([]))

    static func integer(in range: ClosedRange<Int64>?) -> SchemaShape {
        var members: [(String, JSONValue)] = [("type", .string("integer"))]
        if let range {
            if range.lowerBound != .min { members.append(("minimum", .integer(range.lowerBound))) }
            if range.upperBound != .max { members.append(("maximum", .integer(range.upperBound))) }
        }
        return SchemaShape(schema: .object(members))
    }

    static func scalar<T: JSONScalar>(_ type: T.Type) -> SchemaShape {
        SchemaShape(
            schema: .object([("type", .string("string"))] + T.jsonSchema.map { ($0.0, .string($0.1)) }))
    }

    static func words(_ words: [String]) -> SchemaShape {
        SchemaShape(schema: .object([("type", .string("string")), ("enum", .array(words.map(JSONValue.string)))]))
    }
}

/// Collects the fields that one type asks for.
final class SchemaRecorder {
    private let typesInProgress: Set<ObjectIdentifier>
    private var properties: [(String, JSONValue)] = []
    private var required: [JSONValue] = []
    private var closed = false

    init(typesInProgress: Set<ObjectIdentifier>) { self.typesInProgress = typesInProgress }

    /// The type reads nothing but the fields recorded.
    func close() { closed = true }

    func field(_ name: StaticString, _ shape: SchemaShape, required isRequired: Bool) {
        guard !properties.contains(where: { $0.0 == name.description }) else { return }
        properties.append((name.description, shape.schema))
        if isRequired { required.append(.string(name.description)) }
    }

    func array(_ name: StaticString, of element: SchemaShape, required: Bool) {
        var members: [(String, JSONValue)] = [("type", .string("array")), ("items", element.schema)]
        if required { members.append(("minItems", .integer(1))) }
        field(name, SchemaShape(schema: .object(members)), required: required)
    }

    func map(_ name: StaticString, of element: SchemaShape) {
        field(
            name,
            SchemaShape(schema: .object([("type", .string("object")), ("additionalProperties", element.schema)])),
            required: false)
    }

    /// Records an object and gives the neutral value that reading it produced.
    func object<T: JSONReadable>(
        _ name: StaticString, _ type: T.Type, required: Bool, context: ReadingContext
    ) -> T {
        let (value, shape) = record(type, context: context)
        field(name, shape, required: required)
        return value
    }

    /// The shape of what `type` reads. A type that contains itself is any object at the second level.
    func shape<T: JSONReadable>(of type: T.Type, context: ReadingContext) -> SchemaShape {
        guard !typesInProgress.contains(ObjectIdentifier(type)) else {
            return SchemaShape(schema: .object([("type", .string("object"))]))
        }
        return record(type, context: context).shape
    }

    private func record<T: JSONReadable>(_ type: T.Type, context: ReadingContext) -> (value: T, shape: SchemaShape) {
        let recorder = SchemaRecorder(typesInProgress: typesInProgress.union([ObjectIdentifier(type)]))
        var reader = ObjectReader(neutralIn: context, recorder: recorder)
        let value = T(reading: &reader)
        return (value, recorder.shape)
    }

    private var shape: SchemaShape {
        var members: [(String, JSONValue)] = [("type", .string("object"))]
        if !properties.isEmpty { members.append(("properties", .object(properties))) }
        if !required.isEmpty { members.append(("required", .array(required))) }
        if closed { members.append(("additionalProperties", .bool(false))) }
        return SchemaShape(schema: .object(members))
    }
}
