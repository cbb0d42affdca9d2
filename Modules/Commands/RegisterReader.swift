import Contracts
import EventLog
import JSON

/// Reads the register's topic: entries of one type, the last of each key, in the order of the log.
struct RegisterReader {
    private let installation: Installation

    init(_ installation: Installation) { self.installation = installation }

    func entries<Entry: RegisterEntry>(_ type: Entry.Type) throws -> [Entry] {
        let topic = installation.options.catalogue.name(of: .program)
        let end = try installation.log.endOffsets(of: topic).first ?? 0
        let reader = try installation.log.reader()
        defer { reader.close() }
        let place = TopicPartition(topic, 0)
        try reader.assign([place: 0])
        var order: [[UInt8]] = []
        var last: [[UInt8]: Entry] = [:]
        while try reader.positions()[place, default: 0] < end {
            for record in try reader.read(maximum: 2_000, timeout: .milliseconds(200)) {
                guard record.headerText(HeaderName.type) == Entry.type, let value = record.value, let key = record.key
                else {
                    continue
                }
                if last[key] == nil { order.append(key) }
                last[key] = try JSONDocument.decode(type, from: value)
            }
        }
        return order.compactMap { last[$0] }
    }
}
