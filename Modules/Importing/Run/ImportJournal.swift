import Domain
import Glibc
import JSON

/// What an import has committed, beside the data: a repeated call goes on where the last one ended. It may be lost: events
/// that are sent again are duplicates.
struct ImportJournal: JSONCodable, Hashable {
    /// Of the inputs.
    var fingerprint: String
    /// Events of the plan that are committed, from its start.
    var events: Int64
    /// The last tick; `nil` before the first, and on a wall clock.
    var settledTo: Timestamp?
    /// Ends of the register's topic when it was written: a log that has less is another one.
    var registerEnd: Int64
    var isComplete: Bool
    /// Fingerprint of the policy that decided to the end.
    var policy: String?

    init(fingerprint: String) {
        self.fingerprint = fingerprint
        events = 0
        registerEnd = 0
        isComplete = false
    }

    init(reading reader: inout ObjectReader) {
        fingerprint = reader.string("fingerprint")
        events = reader.integer("events", in: 0...Int64.max)
        settledTo = reader.optionalInteger("settled_to").map { Timestamp(millisecondsSince1970: $0) }
        registerEnd = reader.integer("register_end", in: 0...Int64.max)
        isComplete = reader.boolean("complete")
        policy = reader.optionalString("policy")
    }

    func write(to writer: inout ObjectWriter) {
        writer.string("fingerprint", fingerprint)
        writer.integer("events", events)
        writer.integer("settled_to", settledTo?.millisecondsSince1970)
        writer.integer("register_end", registerEnd)
        writer.boolean("complete", isComplete)
        writer.string("policy", policy)
    }
}

/// The journals of a data directory: `imports/<fingerprint>.json`.
struct JournalDirectory {
    let path: String

    init(dataDirectory: String) throws(InputError) {
        path = dataDirectory + "/imports"
        guard unsafe mkdir(path, 0o700) == 0 || errno == EEXIST else {
            throw InputError(.notOpened, file: path, message: "cannot be made: \(JournalDirectory.reason)")
        }
    }

    private static var reason: String { unsafe String(cString: strerror(errno)) }

    private func file(_ fingerprint: String) -> String { "\(path)/\(fingerprint.prefix(32)).json" }

    /// The journal of these inputs; a missing or broken one is a new one.
    func journal(of fingerprint: String) throws(InputError) -> ImportJournal {
        let name = file(fingerprint)
        guard unsafe access(name, F_OK) == 0 else { return ImportJournal(fingerprint: fingerprint) }
        let source = try FileSource(path: name)
        var bytes: [UInt8] = []
        while try source.read(4096, into: &bytes) > 0, bytes.count < 1 << 16 {}
        do throws(JSONFailure) {
            let journal = try JSONDocument.decode(ImportJournal.self, from: bytes)
            return journal.fingerprint == fingerprint ? journal : ImportJournal(fingerprint: fingerprint)
        } catch {
            return ImportJournal(fingerprint: fingerprint)
        }
    }

    /// Replaces the journal atomically.
    func write(_ journal: ImportJournal) throws(InputError) {
        let name = file(journal.fingerprint)
        let temporary = name + ".new"
        let bytes = JSONEncoding.encode(journal)
        let descriptor = unsafe open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw InputError(.notOpened, file: temporary, message: "cannot be written: \(JournalDirectory.reason)")
        }
        let written = unsafe Glibc.write(descriptor, bytes, bytes.count)
        guard close(descriptor) == 0, written == bytes.count, unsafe rename(temporary, name) == 0 else {
            throw InputError(.notOpened, file: name, message: "cannot be written: \(JournalDirectory.reason)")
        }
    }
}
