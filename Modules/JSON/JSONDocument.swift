internal import CSimdjson

/// Reads documents. Each thread keeps its own parsers, so any thread may call at any time; decoding inside a decoding
/// call takes another parser.
package enum JSONDocument {
    /// Reads a document whose root is an object.
    ///
    /// Any bytes are safe: what is not UTF-8 JSON, nests deeper than 128 levels or is longer than 64 MiB is refused.
    /// A name that occurs twice in an object that is read is a problem, as is everything the type's reading finds.
    package static func decode<T: JSONReadable>(
        _ type: T.Type, from bytes: [UInt8]
    ) throws(JSONFailure) -> T {
        let parser = try Parser()
        let tape = try parser.parse(bytes)
        guard tape.isObject(Tape.root) else {
            throw JSONFailure(problems: [
                JSONProblem(pointer: "", expected: "an object", found: tape.phrase(Tape.root))
            ])
        }
        var context = ReadingContext(tracksNames: false)
        var value = read(type, tape: tape, context: context)
        if context.wantsNames {
            context = ReadingContext(tracksNames: true)
            value = read(type, tape: tape, context: context)
        }
        guard context.problems.isEmpty else { throw JSONFailure(problems: context.problems) }
        return value
    }

    private static func read<T: JSONReadable>(_ type: T.Type, tape: Tape, context: ReadingContext) -> T {
        var reader = ObjectReader(object: Tape.root, tape: tape, context: context)
        return T(reading: &reader)
    }

    /// Reads any document into a tree.
    package static func parse(_ bytes: [UInt8]) throws(JSONFailure) -> JSONValue {
        let parser = try Parser()
        let tape = try parser.parse(bytes)
        var problems: [JSONProblem] = []
        let value = tape.value(Tape.root, problems: &problems)
        guard problems.isEmpty else { throw JSONFailure(problems: problems) }
        return value
    }
}

/// A simdjson parser taken from the thread's free list for the time of one call.
@safe private struct Parser: ~Copyable {
    private let handle: OpaquePointer

    init() throws(JSONFailure) {
        guard let handle = unsafe csimdjson_acquire() else {
            throw JSONFailure(problems: [JSONProblem(pointer: "", expected: "memory to parse it", found: "none left")])
        }
        unsafe self.handle = handle
    }

    deinit { unsafe csimdjson_release(handle) }

    /// The tape lives until the next call or the end of this parser.
    func parse(_ bytes: [UInt8]) throws(JSONFailure) -> Tape {
        let result = unsafe bytes.withUnsafeBufferPointer {
            unsafe csimdjson_parse(handle, $0.baseAddress, $0.count)
        }
        guard unsafe result.error == 0, let words = unsafe result.tape, let strings = unsafe result.strings else {
            let reason = unsafe String(cString: csimdjson_message(result.error))
            throw JSONFailure(problems: [SyntaxError.problem(in: bytes, parserReason: reason)])
        }
        return unsafe Tape(words: words, strings: strings)
    }
}
