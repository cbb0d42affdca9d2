/// A view of simdjson's tape: one 64-bit word per value, its kind in the upper byte.
///
/// Valid as long as the parser that made it is neither reused nor released; `JSONDocument` sees to that, and nothing
/// that holds a tape can be copied out of a decoding call.
@safe struct Tape {
    private let words: UnsafePointer<UInt64>
    private let strings: UnsafePointer<UInt8>

    /// Where the document's root value stands.
    static let root = 1

    enum Kind {
        case object, array, string, integer, unsigned, double, boolean, null
    }

    @unsafe init(words: UnsafePointer<UInt64>, strings: UnsafePointer<UInt8>) {
        unsafe self.words = words
        unsafe self.strings = strings
    }

    /// A tape that is never looked at: readers without a document carry it.
    static var none: Tape {
        unsafe Tape(
            words: UnsafePointer(bitPattern: 8).unsafelyUnwrapped,
            strings: UnsafePointer(bitPattern: 8).unsafelyUnwrapped)
    }

    @inline(__always)
    private func tag(_ index: Int) -> UInt8 { UInt8(truncatingIfNeeded: unsafe words[index] >> 56) }

    func kind(_ index: Int) -> Kind {
        switch tag(index) {
        case UInt8(ascii: "{"): .object
        case UInt8(ascii: "["): .array
        case UInt8(ascii: "\""): .string
        case UInt8(ascii: "l"): .integer
        case UInt8(ascii: "u"): .unsigned
        case UInt8(ascii: "d"): .double
        case UInt8(ascii: "n"): .null
        default: .boolean
        }
    }

    @inline(__always) func isString(_ index: Int) -> Bool { tag(index) == UInt8(ascii: "\"") }
    @inline(__always) func isObject(_ index: Int) -> Bool { tag(index) == UInt8(ascii: "{") }
    @inline(__always) func isArray(_ index: Int) -> Bool { tag(index) == UInt8(ascii: "[") }
    @inline(__always) func isNull(_ index: Int) -> Bool { tag(index) == UInt8(ascii: "n") }
    @inline(__always) func isInteger(_ index: Int) -> Bool { tag(index) == UInt8(ascii: "l") }

    /// The index after the value at `index`.
    @inline(__always)
    func after(_ index: Int) -> Int {
        switch tag(index) {
        case UInt8(ascii: "{"), UInt8(ascii: "["): Int(unsafe words[index] & 0xffff_ffff)
        case UInt8(ascii: "l"), UInt8(ascii: "u"), UInt8(ascii: "d"): index + 2
        default: index + 1
        }
    }

    /// The index of a container's closing word.
    @inline(__always)
    func end(_ index: Int) -> Int { after(index) - 1 }

    func integer(_ index: Int) -> Int64 { Int64(bitPattern: unsafe words[index + 1]) }
    func unsigned(_ index: Int) -> UInt64 { unsafe words[index + 1] }
    func double(_ index: Int) -> Double { Double(bitPattern: unsafe words[index + 1]) }
    func boolean(_ index: Int) -> Bool { tag(index) == UInt8(ascii: "t") }

    /// The bytes of a string or of a member's name; they belong to the parser.
    @inline(__always)
    @unsafe func bytes(_ index: Int) -> UnsafeBufferPointer<UInt8> {
        let start = unsafe strings + Int(words[index] & 0x00ff_ffff_ffff_ffff)
        let count = unsafe UnsafeRawPointer(start).loadUnaligned(as: UInt32.self)
        return unsafe UnsafeBufferPointer(start: start + 4, count: Int(count))
    }

    func string(_ index: Int) -> String {
        unsafe String(decoding: bytes(index), as: UTF8.self)
    }

    /// Whether the string at `index` has exactly the bytes of `name`.
    @inline(__always)
    func equals(_ index: Int, _ name: StaticString) -> Bool {
        let own = unsafe bytes(index)
        let count = name.utf8CodeUnitCount
        guard own.count == count else { return false }
        let other = unsafe name.utf8Start
        var position = 0
        while position < count {
            if unsafe own[position] != other[position] { return false }
            position += 1
        }
        return true
    }

    /// What stands at `index`, as a noun phrase.
    func phrase(_ index: Int) -> String {
        switch kind(index) {
        case .object: "an object"
        case .array: "an array"
        case .string: "a string"
        case .integer: "an integer"
        case .unsigned: "the number \(unsigned(index))"
        case .double: "the number \(Tape.text(double(index)))"
        case .boolean: "a boolean"
        case .null: "null"
        }
    }

    /// The shortest JSON text of a double; simdjson gives finite ones only.
    static func text(_ double: Double) -> String { "\(double)" }
}

extension Tape {
    /// The tree below `index`; a repeated name is a problem.
    func value(_ index: Int, problems: inout [JSONProblem]) -> JSONValue {
        switch kind(index) {
        case .null: return .null
        case .boolean: return .bool(boolean(index))
        case .integer: return .integer(integer(index))
        case .unsigned: return .number("\(unsigned(index))")
        case .double: return .number(Tape.text(double(index)))
        case .string: return .string(string(index))
        case .array:
            var elements: [JSONValue] = []
            var next = index + 1
            let end = end(index)
            while next < end {
                elements.append(value(next, problems: &problems))
                next = after(next)
            }
            return .array(elements)
        case .object:
            var members: [(String, JSONValue)] = []
            checkNames(index, problems: &problems)
            var next = index + 1
            let end = end(index)
            while next < end {
                members.append((string(next), value(next + 1, problems: &problems)))
                next = after(next + 1)
            }
            return .object(members)
        }
    }

    /// Reports each name that stands twice in the object at `index`.
    ///
    /// Up to 64 names are told apart by one bit each of a small hash, so that a usual object costs one pass; names that
    /// share a bit are compared, and large objects go through a set.
    func checkNames(_ index: Int, problems: inout [JSONProblem]) {
        let end = end(index)
        var seen: UInt64 = 0
        var count = 0
        var next = index + 1
        while next < end {
            let name = unsafe bytes(next)
            var hash = UInt64(truncatingIfNeeded: name.count)
            if name.count > 0 {
                let last = unsafe name[name.count - 1]
                let middle = unsafe name[name.count / 2]
                let first = unsafe name[0]
                hash = hash &* 31 &+ UInt64(first)
                hash = hash &* 31 &+ UInt64(middle)
                hash = hash &* 31 &+ UInt64(last)
            }
            let bit: UInt64 = 1 << ((hash &* 0x9e37_79b9_7f4a_7c15) >> 58)
            if seen & bit != 0 {
                if count > 64 {
                    checkManyNames(index, problems: &problems)
                    return
                }
                if hasName(equalTo: next, from: index + 1) { reportTwice(next, in: index, problems: &problems) }
            }
            seen |= bit
            count += 1
            next = after(next + 1)
        }
    }

    private func hasName(equalTo name: Int, from start: Int) -> Bool {
        let wanted = unsafe bytes(name)
        var next = start
        while next < name {
            if unsafe bytes(next).elementsEqual(wanted) { return true }
            next = after(next + 1)
        }
        return false
    }

    private func checkManyNames(_ index: Int, problems: inout [JSONProblem]) {
        var seen: Set<[UInt8]> = []
        let end = end(index)
        var next = index + 1
        while next < end {
            if !seen.insert(unsafe Array(bytes(next))).inserted { reportTwice(next, in: index, problems: &problems) }
            next = after(next + 1)
        }
    }

    private func reportTwice(_ name: Int, in container: Int, problems: inout [JSONProblem]) {
        guard problems.count < JSONFailure.problemLimit else { return }
        problems.append(
            JSONProblem(
                pointer: JSONProblem.pointer(pointer(to: container), appending: string(name)),
                expected: "a name that occurs once in its object", found: "it again"))
    }

    /// The RFC 6901 pointer of the value at `target`, found by walking down from the root: costs nothing until
    /// something is wrong.
    func pointer(to target: Int) -> String {
        var pointer = ""
        var container = Tape.root
        while container != target {
            let isObject = kind(container) == .object
            var next = container + 1
            var position = 0
            while true {
                let value = isObject ? next + 1 : next
                let following = after(value)
                if target < following {
                    pointer = JSONProblem.pointer(pointer, appending: isObject ? string(next) : "\(position)")
                    container = value
                    break
                }
                next = following
                position += 1
            }
        }
        return pointer
    }
}
