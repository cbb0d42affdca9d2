extension ObjectReader {
    // MARK: Strings

    /// A required string; empty when wrong.
    public mutating func string(_ name: StaticString) -> String {
        if let recorder { recorder.field(name, .string, required: true) }
        guard let index = require(name, "a string") else { return "" }
        return string(at: index)
    }

    /// A string; `nil` when absent.
    public mutating func optionalString(_ name: StaticString) -> String? {
        if let recorder { recorder.field(name, .string, required: false) }
        guard let index = findPresent(name) else { return nil }
        return string(at: index)
    }

    @inline(__always)
    func string(at index: Int) -> String {
        guard tape.isString(index) else {
            report(at: index, expected: "a string")
            return ""
        }
        return tape.string(index)
    }

    // MARK: Integers

    /// A required integer; 0 when wrong. `1.0` and `1e3` are not integers.
    public mutating func integer(_ name: StaticString) -> Int64 {
        if let recorder { recorder.field(name, .integer(in: nil), required: true) }
        guard let index = require(name, "an integer") else { return 0 }
        return integer(at: index)
    }

    /// An integer; `nil` when absent.
    public mutating func optionalInteger(_ name: StaticString) -> Int64? {
        if let recorder { recorder.field(name, .integer(in: nil), required: false) }
        guard let index = findPresent(name) else { return nil }
        return integer(at: index)
    }

    /// A required integer within a range; the lower bound when wrong.
    public mutating func integer(_ name: StaticString, in range: ClosedRange<Int64>) -> Int64 {
        if let recorder { recorder.field(name, .integer(in: range), required: true) }
        guard let index = require(name, Self.expectation(of: range)) else { return range.lowerBound }
        return integer(at: index, in: range)
    }

    /// An integer within a range; `nil` when absent.
    public mutating func optionalInteger(_ name: StaticString, in range: ClosedRange<Int64>) -> Int64? {
        if let recorder { recorder.field(name, .integer(in: range), required: false) }
        guard let index = findPresent(name) else { return nil }
        return integer(at: index, in: range)
    }

    @inline(__always)
    func integer(at index: Int) -> Int64 {
        guard tape.isInteger(index) else {
            report(at: index, expected: "an integer")
            return 0
        }
        return tape.integer(index)
    }

    private func integer(at index: Int, in range: ClosedRange<Int64>) -> Int64 {
        guard tape.isInteger(index) else {
            report(at: index, expected: Self.expectation(of: range))
            return range.lowerBound
        }
        let number = tape.integer(index)
        guard range.contains(number) else {
            report(at: index, expected: Self.expectation(of: range), found: "\(number)")
            return range.lowerBound
        }
        return number
    }

    private static func expectation(of range: ClosedRange<Int64>) -> String {
        switch (range.lowerBound, range.upperBound) {
        case (.min, .max): "an integer"
        case (let lower, .max): "an integer of at least \(lower)"
        case (.min, let upper): "an integer of at most \(upper)"
        case (let lower, let upper): "an integer from \(lower) to \(upper)"
        }
    }

    // MARK: Booleans

    /// A required boolean; false when wrong.
    public mutating func boolean(_ name: StaticString) -> Bool {
        if let recorder { recorder.field(name, .boolean, required: true) }
        guard let index = require(name, "a boolean") else { return false }
        return boolean(at: index)
    }

    /// A boolean; `nil` when absent.
    public mutating func optionalBoolean(_ name: StaticString) -> Bool? {
        if let recorder { recorder.field(name, .boolean, required: false) }
        guard let index = findPresent(name) else { return nil }
        return boolean(at: index)
    }

    private func boolean(at index: Int) -> Bool {
        guard tape.kind(index) == .boolean else {
            report(at: index, expected: "a boolean")
            return false
        }
        return tape.boolean(index)
    }

    // MARK: Values with a form of their own

    /// A required scalar; its neutral value when wrong.
    @inlinable
    public mutating func value<T: JSONScalar>(_ name: StaticString, as type: T.Type) -> T {
        if isRecording { recordValue(name, type, required: true) }
        guard let index = require(name, T.jsonExpectation) else { return T.jsonNeutral }
        return value(at: index, as: type)
    }

    /// A scalar; `nil` when absent.
    @inlinable
    public mutating func optionalValue<T: JSONScalar>(_ name: StaticString, as type: T.Type) -> T? {
        if isRecording { recordValue(name, type, required: false) }
        guard let index = findPresent(name) else { return nil }
        return value(at: index, as: type)
    }

    @inlinable
    func value<T: JSONScalar>(at index: Int, as type: T.Type) -> T {
        guard let bytes = unsafe stringBytes(at: index) else {
            report(at: index, expected: T.jsonExpectation)
            return T.jsonNeutral
        }
        guard let value = unsafe T(jsonBytes: bytes) else {
            report(at: index, expected: T.jsonExpectation, found: Self.quoted(stringIfAny(at: index) ?? ""))
            return T.jsonNeutral
        }
        return value
    }

    /// They belong to the document.
    @usableFromInline
    @unsafe func stringBytes(at index: Int) -> UnsafeBufferPointer<UInt8>? {
        tape.isString(index) ? unsafe tape.bytes(index) : nil
    }

    @usableFromInline
    func stringIfAny(at index: Int) -> String? { tape.isString(index) ? tape.string(index) : nil }

    @usableFromInline
    func recordValue<T: JSONScalar>(_ name: StaticString, _ type: T.Type, required: Bool) {
        recorder?.field(name, .scalar(type), required: required)
    }

    // MARK: Enumerations

    /// A required word out of a closed list; the first of the list when wrong.
    @inlinable
    public mutating func enumeration<E: RawRepresentable & CaseIterable>(
        _ name: StaticString, _ type: E.Type
    ) -> E where E.RawValue == String {
        if isRecording { recordEnumeration(name, type, required: true) }
        guard let index = require(name, Self.expectation(of: type)) else { return Self.neutral(type) }
        return enumeration(at: index, type)
    }

    /// A word out of a closed list; `nil` when absent.
    @inlinable
    public mutating func optionalEnumeration<E: RawRepresentable & CaseIterable>(
        _ name: StaticString, _ type: E.Type
    ) -> E? where E.RawValue == String {
        if isRecording { recordEnumeration(name, type, required: false) }
        guard let index = findPresent(name) else { return nil }
        return enumeration(at: index, type)
    }

    @inlinable
    func enumeration<E: RawRepresentable & CaseIterable>(
        at index: Int, _ type: E.Type
    ) -> E where E.RawValue == String {
        guard let word = stringIfAny(at: index) else {
            report(at: index, expected: Self.expectation(of: type))
            return Self.neutral(type)
        }
        guard let value = E(rawValue: word) else {
            report(at: index, expected: Self.expectation(of: type), found: Self.quoted(word))
            return Self.neutral(type)
        }
        return value
    }

    @usableFromInline
    func recordEnumeration<E: RawRepresentable & CaseIterable>(
        _ name: StaticString, _ type: E.Type, required: Bool
    ) where E.RawValue == String {
        recorder?.field(name, .words(Self.words(type)), required: required)
    }

    static func words<E: RawRepresentable & CaseIterable>(_ type: E.Type) -> [String] where E.RawValue == String {
        E.allCases.map { $0.rawValue }
    }

    @usableFromInline
    static func expectation<E: RawRepresentable & CaseIterable>(
        of type: E.Type
    ) -> String where E.RawValue == String {
        "one of " + words(type).map { "`\($0)`" }.joined(separator: ", ")
    }

    @usableFromInline
    static func neutral<E: RawRepresentable & CaseIterable>(_ type: E.Type) -> E where E.RawValue == String {
        guard let first = E.allCases.first else { preconditionFailure("\(type) has no cases") }
        return first
    }

    /// A text of the document for a message, cut to a readable length.
    @usableFromInline
    static func quoted(_ text: String) -> String {
        text.count > 60 ? "\"\(text.prefix(60))…\"" : "\"\(text)\""
    }
}
