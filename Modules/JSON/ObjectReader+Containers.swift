extension ObjectReader {
    // MARK: Objects

    /// A required object; built from neutral values when wrong.
    @inlinable
    public mutating func object<T: JSONReadable>(_ name: StaticString, _ type: T.Type) -> T {
        if isRecording { return recordedObject(name, type) }
        guard let index = require(name, "an object") else { return neutral(type) }
        return object(at: index, type)
    }

    /// An object; `nil` when absent.
    @inlinable
    public mutating func optionalObject<T: JSONReadable>(_ name: StaticString, _ type: T.Type) -> T? {
        if isRecording { recordOptionalObject(name, type) }
        guard let index = findPresent(name) else { return nil }
        return object(at: index, type)
    }

    @inlinable
    func object<T: JSONReadable>(at index: Int, _ type: T.Type) -> T {
        guard isObject(at: index) else {
            report(at: index, expected: "an object")
            return neutral(type)
        }
        var reader = reader(at: index)
        return T(reading: &reader)
    }

    @inlinable
    func neutral<T: JSONReadable>(_ type: T.Type) -> T {
        var reader = neutralReader()
        return T(reading: &reader)
    }

    @usableFromInline
    func isObject(at index: Int) -> Bool { tape.isObject(index) }

    @usableFromInline
    func recordedObject<T: JSONReadable>(_ name: StaticString, _ type: T.Type) -> T {
        guard let recorder else { preconditionFailure("no schema is recorded") }
        return recorder.object(name, type, required: true, context: context)
    }

    @usableFromInline
    func recordOptionalObject<T: JSONReadable>(_ name: StaticString, _ type: T.Type) {
        recorder?.field(
            name, recorder?.shape(of: type, context: context) ?? .anything, required: false)
    }

    @usableFromInline
    func recordObjects<T: JSONReadable>(_ name: StaticString, _ type: T.Type, required: Bool) {
        recorder?.array(name, of: recorder?.shape(of: type, context: context) ?? .anything, required: required)
    }

    // MARK: Arrays

    /// An array of objects; empty when absent.
    @inlinable
    public mutating func objects<T: JSONReadable>(_ name: StaticString, _ type: T.Type) -> [T] {
        if isRecording { recordObjects(name, type, required: false) }
        guard let array = findPresent(name) else { return [] }
        return elements(of: array, expected: "an array of objects") { reader, index in reader.object(at: index, type) }
    }

    /// An array of at least one object; empty when wrong.
    @inlinable
    public mutating func requiredObjects<T: JSONReadable>(_ name: StaticString, _ type: T.Type) -> [T] {
        if isRecording {
            recordObjects(name, type, required: true)
            return []
        }
        guard let array = require(name, "an array of at least one object") else { return [] }
        let elements = elements(of: array, expected: "an array of objects") { reader, index in
            reader.object(at: index, type)
        }
        if isEmptyArray(at: array) { report(at: array, expected: "at least one element", found: "an empty array") }
        return elements
    }

    @usableFromInline
    func isEmptyArray(at index: Int) -> Bool { tape.isArray(index) && tape.end(index) == index + 1 }

    /// An array of objects of which each stands for itself: one that is wrong is left out, with its problems, and the
    /// document is not. Empty when absent.
    package mutating func separateObjects<T: JSONReadable>(
        _ name: StaticString, _ type: T.Type
    ) -> (elements: [T], refused: [JSONProblem]) {
        if recorder != nil { return (objects(name, type), []) }
        guard let array = findPresent(name) else { return ([], []) }
        var refused: [JSONProblem] = []
        let elements = elements(of: array, expected: "an array of objects") { reader, index -> T? in
            let problems = reader.context.problems
            reader.context.problems = []
            defer { reader.context.problems = problems }
            let element = reader.object(at: index, type)
            guard let problem = reader.context.problems.first else { return element }
            if refused.count < JSONFailure.problemLimit { refused.append(problem) }
            return nil
        }
        return (elements.compactMap(\.self), refused)
    }

    /// An array of strings; empty when absent.
    public mutating func strings(_ name: StaticString) -> [String] {
        if let recorder { recorder.array(name, of: .string, required: false) }
        guard let array = findPresent(name) else { return [] }
        return elements(of: array, expected: "an array of strings") { reader, index in reader.string(at: index) }
    }

    /// An array of integers; empty when absent.
    public mutating func integers(_ name: StaticString) -> [Int64] {
        if let recorder { recorder.array(name, of: .integer(in: nil), required: false) }
        guard let array = findPresent(name) else { return [] }
        return elements(of: array, expected: "an array of integers") { reader, index in reader.integer(at: index) }
    }

    /// An array of scalars; empty when absent.
    @inlinable
    public mutating func values<T: JSONScalar>(_ name: StaticString, as type: T.Type) -> [T] {
        if isRecording { recordValues(name, type) }
        guard let array = findPresent(name) else { return [] }
        return elements(of: array, expected: "an array of strings") { reader, index in
            reader.value(at: index, as: type)
        }
    }

    /// An array of words out of a closed list; empty when absent.
    @inlinable
    public mutating func enumerations<E: RawRepresentable & CaseIterable>(
        _ name: StaticString, _ type: E.Type
    ) -> [E] where E.RawValue == String {
        if isRecording { recordEnumerations(name, type) }
        guard let array = findPresent(name) else { return [] }
        return elements(of: array, expected: "an array of strings") { reader, index in
            reader.enumeration(at: index, type)
        }
    }

    @inlinable
    func elements<T>(
        of array: Int, expected: String, read: (borrowing ObjectReader, Int) -> T
    ) -> [T] {
        guard let end = arrayEnd(array) else {
            report(at: array, expected: expected)
            return []
        }
        var elements: [T] = []
        var index = array + 1
        while index < end {
            elements.append(read(self, index))
            index = following(index)
        }
        return elements
    }

    /// The index after an array's last element; `nil` where there is no array.
    @usableFromInline
    func arrayEnd(_ index: Int) -> Int? { tape.isArray(index) ? tape.end(index) : nil }

    @usableFromInline
    func following(_ index: Int) -> Int { tape.after(index) }

    @usableFromInline
    func recordValues<T: JSONScalar>(_ name: StaticString, _ type: T.Type) {
        recorder?.array(name, of: .scalar(type), required: false)
    }

    @usableFromInline
    func recordEnumerations<E: RawRepresentable & CaseIterable>(
        _ name: StaticString, _ type: E.Type
    ) where E.RawValue == String {
        recorder?.array(name, of: .words(Self.words(type)), required: false)
    }

    // MARK: Maps

    /// An object with any names and objects as values, in document order; empty when absent.
    public mutating func map<T: JSONReadable>(_ name: StaticString, of type: T.Type) -> [(String, T)] {
        if let recorder {
            recorder.map(name, of: recorder.shape(of: type, context: context))
            return []
        }
        guard let map = findPresent(name) else { return [] }
        var result: [(String, T)] = []
        members(of: map) { reader, key, index in result.append((key, reader.object(at: index, type))) }
        return result
    }

    /// An object with any names and integers as values; empty when absent.
    public mutating func integerMap(_ name: StaticString) -> [String: Int64] {
        if let recorder { recorder.map(name, of: .integer(in: nil)) }
        guard let map = findPresent(name) else { return [:] }
        var result: [String: Int64] = [:]
        members(of: map) { reader, key, index in result[key] = reader.integer(at: index) }
        return result
    }

    /// An object with any names and strings as values; empty when absent.
    public mutating func stringMap(_ name: StaticString) -> [String: String] {
        var result: [String: String] = [:]
        eachString(name) { result[$0] = $1 }
        return result
    }

    /// As `stringMap`, member by member in their order.
    public mutating func eachString(_ name: StaticString, _ body: (_ name: String, _ value: String) -> Void) {
        if let recorder { recorder.map(name, of: .string) }
        guard let map = findPresent(name) else { return }
        members(of: map) { reader, key, index in body(key, reader.string(at: index)) }
    }

    private func members(of map: Int, read: (borrowing ObjectReader, String, Int) -> Void) {
        guard tape.isObject(map) else {
            report(at: map, expected: "an object")
            return
        }
        tape.checkNames(map, problems: &context.problems)
        let end = tape.end(map)
        var index = map + 1
        while index < end {
            read(self, tape.string(index), index + 1)
            index = tape.after(index + 1)
        }
    }

    // MARK: Anything

    /// The compact JSON text of a field, whatever it is; `nil` when absent.
    public mutating func raw(_ name: StaticString) -> [UInt8]? { json(name)?.text }

    /// The tree of a field, whatever it is; `nil` when absent or null.
    package mutating func json(_ name: StaticString) -> JSONValue? {
        if let recorder { recorder.field(name, .anything, required: false) }
        guard let index = findPresent(name) else { return nil }
        return tape.value(index, problems: &context.problems)
    }
}
