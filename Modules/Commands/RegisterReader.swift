import Contracts
import EventLog
import JSON

/// Reads the register's topic: entries of one type, the last of each key, in the order of the log.
struct RegisterReader {
    private let installation: Installation

    init(_ installation: Installation) { self.installation = installation }

    func entries<Entry: RegisterEntry>(_ type: Entry.Type) throws -> [Entry] {
        var order: [[UInt8]] = []
        var last: [[UInt8]: Entry] = [:]
        try installation.log.readThrough(installation.options.catalogue.name(of: .program)) { record in
            guard record.headerText(HeaderName.type) == Entry.type, let value = record.value, let key = record.key
            else { return }
            if last[key] == nil { order.append(key) }
            last[key] = try JSONDocument.decode(type, from: value)
        }
        return order.compactMap { last[$0] }
    }
}
