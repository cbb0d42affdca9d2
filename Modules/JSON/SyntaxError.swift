/// Says where a document stops being JSON. simdjson is fast because it does not know; this second look is slow and
/// only taken once a document has been refused.
enum SyntaxError {
    static func problem(in bytes: [UInt8], parserReason: String) -> JSONProblem {
        JSONProblem(pointer: "", expected: "JSON", found: parserReason)
    }
}
