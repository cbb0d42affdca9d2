package import Contracts
import Domain
package import EventLog
import JSON

/// Writes entries of the register: to the register's own topic whole, and one copy to every partition of its readers, all
/// in one transaction. Not thread-safe.
package final class RegisterWriter {
    private let log: any EventLog
    private let catalogue: TopicCatalogue
    private let identity: String
    private let payeeKey: PayeeKey?
    private var producer: (any LogProducer)?

    /// - Parameters:
    ///   - identity: of the producer; another writer with the same one fences this one.
    ///   - payeeKey: fingerprints the accounts of payees that come without a fingerprint.
    package init(log: any EventLog, catalogue: TopicCatalogue, identity: String, payeeKey: PayeeKey? = nil) {
        self.log = log
        self.catalogue = catalogue
        self.identity = identity
        self.payeeKey = payeeKey
    }

    package func close() {
        producer?.close()
        producer = nil
    }

    /// Appends entries atomically, in order.
    ///
    /// - Parameters:
    ///   - source: who writes; with `id` it makes a repetition a duplicate.
    ///   - id: of the entry; by default its key in the register.
    package func write(
        _ entries: [any RegisterEntry], source: String, id: String? = nil, commandID: String? = nil
    ) throws(LogError) {
        var records: [OutgoingRecord] = []
        for (index, entry) in entries.enumerated() {
            let name = id.map { entries.count == 1 ? $0 : "\($0)#\(index)" } ?? entry.registerKey
            records += try self.records(for: entry, source: source, id: name, commandID: commandID)
        }
        guard !records.isEmpty else { return }
        if producer == nil { producer = try log.producer(identity: identity) }
        try producer?.append(records)
    }

    /// The records of one entry.
    package func records(
        for entry: any RegisterEntry, source: String, id: String, commandID: String? = nil
    ) throws(LogError) -> [OutgoingRecord] {
        try encode(entry, source: source, id: id, commandID: commandID)
    }

    private func encode<Entry: RegisterEntry>(
        _ entry: Entry, source: String, id: String, commandID: String?
    ) throws(LogError) -> [OutgoingRecord] {
        var whole = entry
        if var payee = entry as? PayeeUpdated, let account = payee.account, let payeeKey {
            payee.payee.accountFingerprint = payeeKey.fingerprint(of: account)
            if let payee = payee as? Entry { whole = payee }
        }
        return try RegisterWriter.records(
            RegisterRecord(
                type: Entry.type, source: source, id: id, time: whole.occurredAt, key: whole.registerKey,
                commandID: commandID, whole: JSONEncoding.encode(whole),
                broadcast: JSONEncoding.encode(whole.broadcastForm)),
            log: log, catalogue: catalogue)
    }

    /// The records of an entry that is encoded already.
    static func records(
        _ entry: RegisterRecord, log: any EventLog, catalogue: TopicCatalogue
    ) throws(LogError) -> [OutgoingRecord] {
        let envelope = EventEnvelope(
            id: entry.id, source: entry.source, type: entry.type, time: entry.time, subject: entry.key, key: entry.key,
            commandID: entry.commandID)
        let whole = CloudEventCodec.encode(
            envelope, data: entry.whole, topic: catalogue.name(of: .program), partition: 0)
        let readers = Topic.registerReaders.map(catalogue.name(of:))
        return try [whole] + Broadcast.records(of: entry.broadcast, envelope: envelope, to: readers, on: log)
    }
}

/// A register entry, encoded.
struct RegisterRecord {
    var type: String
    var source: String
    var id: String
    var time: Timestamp
    /// In the register's topic.
    var key: String
    var commandID: String?
    /// For the register's own topic.
    var whole: [UInt8]
    /// For the workers.
    var broadcast: [UInt8]
}
