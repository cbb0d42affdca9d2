/// What the readers of one document share.
@usableFromInline
final class ReadingContext {
    /// Whether readers remember which names were asked for; only then can `rejectUnknown` tell the rest.
    let tracksNames: Bool
    /// Set by `rejectUnknown` in a pass that did not track: the document is read once more.
    var wantsNames = false
    var problems: [JSONProblem] = []

    init(tracksNames: Bool) { self.tracksNames = tracksNames }

    func report(_ problem: JSONProblem) {
        if problems.count < JSONFailure.problemLimit { problems.append(problem) }
    }
}

/// A view of one JSON object. Fields read in document order cost one comparison each.
///
/// Every method records a problem when the field is missing or of a wrong type and returns a neutral value, so that
/// one pass names everything that is wrong. `null` counts as absent. It cannot be copied, and it is good only inside
/// the `init(reading:)` it was handed to.
public struct ObjectReader: ~Copyable {
    let tape: Tape
    let context: ReadingContext
    /// Non-nil while a schema is recorded.
    let recorder: SchemaRecorder?
    /// The tape index of the object; 0 for a reader without one, whose lookups find nothing and report nothing.
    let container: Int
    private let first: Int
    let end: Int
    private var cursor: Int
    private var names: [StaticString] = []

    /// Reads the object at a tape index.
    init(object index: Int, tape: Tape, context: ReadingContext) {
        self.tape = tape
        self.context = context
        recorder = nil
        container = index
        first = index + 1
        end = tape.end(index)
        cursor = index + 1
        tape.checkNames(index, problems: &context.problems)
    }

    /// Finds nothing, reports nothing: for the neutral value of a missing or malformed object.
    init(neutralIn context: ReadingContext, recorder: SchemaRecorder? = nil) {
        tape = .none
        self.context = context
        self.recorder = recorder
        container = 0
        first = 0
        end = 0
        cursor = 0
    }

    /// True while a schema is recorded: values are neutral, checks of one's own are to be skipped.
    public var isRecording: Bool { recorder != nil }

    /// A reader of the object at a tape index, within the same document.
    @usableFromInline
    func reader(at index: Int) -> ObjectReader { ObjectReader(object: index, tape: tape, context: context) }

    /// A reader that finds nothing, for the neutral value of what is missing or malformed.
    @usableFromInline
    func neutralReader() -> ObjectReader { ObjectReader(neutralIn: context) }

    // MARK: Lookup

    /// The tape index of a field's value; `nil` when absent.
    @inline(__always)
    mutating func find(_ name: StaticString) -> Int? {
        if context.tracksNames { names.append(name) }
        var index = cursor
        while index < end {
            if tape.equals(index, name) {
                cursor = tape.after(index + 1)
                return index + 1
            }
            index = tape.after(index + 1)
        }
        index = first
        while index < cursor {
            if tape.equals(index, name) {
                cursor = tape.after(index + 1)
                return index + 1
            }
            index = tape.after(index + 1)
        }
        return nil
    }

    /// The tape index of a field's value; `nil` when absent or null.
    @usableFromInline
    mutating func findPresent(_ name: StaticString) -> Int? {
        guard let index = find(name), !tape.isNull(index) else { return nil }
        return index
    }

    /// The tape index of a required field's value; reports a missing one.
    @usableFromInline
    mutating func require(_ name: StaticString, _ expected: @autoclosure () -> String) -> Int? {
        guard let index = find(name) else {
            report(name, expected: expected(), found: "nothing")
            return nil
        }
        guard !tape.isNull(index) else {
            report(name, expected: expected(), found: "null")
            return nil
        }
        return index
    }

    /// Reports a problem of the value at a tape index.
    @usableFromInline @inline(never)
    func report(at index: Int, expected: String, found: String? = nil) {
        context.report(
            JSONProblem(pointer: tape.pointer(to: index), expected: expected, found: found ?? tape.phrase(index)))
    }

    /// Reports a problem of a field of this object, present or not.
    @inline(never)
    func report(_ name: StaticString, expected: String, found: String) {
        guard container != 0 else { return }
        let pointer = JSONProblem.pointer(tape.pointer(to: container), appending: name.description)
        context.report(JSONProblem(pointer: pointer, expected: expected, found: found))
    }

    // MARK: Checks of the caller's own

    /// Records a problem of a field that was read well but is wrong by a rule of the caller's.
    public mutating func fail(_ name: StaticString, expected: String, found: String) {
        report(name, expected: expected, found: found)
    }

    /// Makes every field that was not asked for before this call a problem that names the nearest known one. For
    /// configuration files: the document is read a second time to know the names. Events ignore unknown fields.
    public mutating func rejectUnknown() {
        recorder?.close()
        guard container != 0 else { return }
        guard context.tracksNames else {
            context.wantsNames = true
            return
        }
        let known = names.map(\.description)
        var index = first
        while index < end {
            let name = tape.string(index)
            if !known.contains(name) {
                let nearest = NearestName.of(name, among: known)
                context.report(
                    JSONProblem(
                        pointer: JSONProblem.pointer(tape.pointer(to: container), appending: name),
                        expected: nearest.map { "no such field (did you mean `\($0)`?)" } ?? "no such field",
                        found: "an unknown field"))
            }
            index = tape.after(index + 1)
        }
    }
}
