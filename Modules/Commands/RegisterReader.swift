import Contracts
import EventLog
import JSON

/// Reads the register's topic, in the order of the log.
struct RegisterReader {
    private let installation: Installation

    init(_ installation: Installation) { self.installation = installation }

    /// The entries of one type that count: of each key the first, which every worker keeps; it refuses another content.
    func entries<Entry: RegisterEntry>(_ type: Entry.Type) throws -> [Entry] {
        var seen: Set<String> = []
        return try history(of: type).filter { seen.insert($0.registerKey).inserted }
    }

    /// Every entry of one type that the topic still has, also what the workers refused. Compaction leaves the last of each
    /// key, refused or not: who pays by an entry compares it with what a worker knew.
    func history<Entry: RegisterEntry>(of type: Entry.Type) throws -> [Entry] {
        var entries: [Entry] = []
        try installation.log.readThrough(installation.options.catalogue.name(of: .program)) { record in
            guard record.headerText(HeaderName.type) == Entry.type, let value = record.value, record.key != nil
            else { return }
            entries.append(try JSONDocument.decode(type, from: value))
        }
        return entries
    }
}
