import Contracts
import Domain
import Hashing
import JSON
import TaskRuntime

/// An input of the chain: it becomes the next link of its key's chain.
struct Link: EventPayload, Hashable {
    static let type = "io.tributary.simulation.link.v1"

    enum Behaviour: String, CaseIterable, Sendable {
        case plain
        /// Schedules a timer, which adds a link of its own.
        case timed
        /// Takes back the timer that the key scheduled last.
        case untimed
        /// Fails after it has written: nothing of it may remain.
        case failing
        /// Goes on to the next worker, under another key.
        case handedOn
    }

    var key: String
    var name: String
    var behaviour: Behaviour
    /// Until its timer is due, in milliseconds.
    var delay: Int64
    var occurredAt: Timestamp

    init(key: String, name: String, behaviour: Behaviour, delay: Int64 = 0, occurredAt: Timestamp) {
        self.key = key
        self.name = name
        self.behaviour = behaviour
        self.delay = delay
        self.occurredAt = occurredAt
    }

    init(reading reader: inout ObjectReader) {
        key = reader.string("key")
        name = reader.string("name")
        behaviour = reader.enumeration("behaviour", Behaviour.self)
        delay = reader.integer("delay")
        occurredAt = reader.value("occurred_at", as: Timestamp.self)
    }

    func write(to writer: inout ObjectWriter) {
        writer.string("key", key)
        writer.string("name", name)
        writer.enumeration("behaviour", behaviour)
        writer.integer("delay", delay)
        writer.value("occurred_at", occurredAt)
    }
}

/// A key's chain after one more link: how long it is, and a hash over all of its links in their order.
struct ChainGrown: Fact, Hashable {
    static let type = "io.tributary.simulation.chain_grown.v1"

    var key: String
    var name: String
    var length: Int64
    var hash: String
    var occurredAt: Timestamp
    var entityID: String { key }

    init(key: String, name: String, length: Int64, hash: String, occurredAt: Timestamp) {
        self.key = key
        self.name = name
        self.length = length
        self.hash = hash
        self.occurredAt = occurredAt
    }

    init(reading reader: inout ObjectReader) {
        key = reader.string("key")
        name = reader.string("name")
        length = reader.integer("length")
        hash = reader.string("hash")
        occurredAt = reader.value("occurred_at", as: Timestamp.self)
    }

    func write(to writer: inout ObjectWriter) {
        writer.string("key", key)
        writer.string("name", name)
        writer.integer("length", length)
        writer.string("hash", hash)
        writer.value("occurred_at", occurredAt)
    }
}

struct ChainFailure: Error {}

/// A small worker whose every output depends on the order of all that came before: a link lost, repeated or out of order
/// shows in everything after it. It reads, writes, deletes and scans rows, and sets and takes back timers.
final class ChainProcessor: Processor {
    private static let chains = StateTable("chain")
    /// The last links of each key; older ones are deleted.
    private static let links = StateTable("link")
    private static let keptLinks: Int64 = 3

    private struct Chain: JSONCodable {
        var key: String
        var length: Int64
        var hash: String
        var timerName: String?
        var timerDue: Timestamp?

        init(key: String) {
            self.key = key
            length = 0
            hash = ""
        }

        init(reading reader: inout ObjectReader) {
            key = reader.string("key")
            length = reader.integer("length")
            hash = reader.string("hash")
            timerName = reader.optionalString("timer_name")
            timerDue = reader.optionalValue("timer_due", as: Timestamp.self)
        }

        func write(to writer: inout ObjectWriter) {
            writer.string("key", key)
            writer.integer("length", length)
            writer.string("hash", hash)
            writer.string("timer_name", timerName)
            writer.value("timer_due", timerDue)
        }
    }

    private struct KeptLink: JSONCodable {
        var name: String

        init(name: String) { self.name = name }
        init(reading reader: inout ObjectReader) { name = reader.string("name") }
        func write(to writer: inout ObjectWriter) { writer.string("name", name) }
    }

    func decode(_ event: Event) throws -> any EventPayload {
        guard event.type == Link.type else { throw DeadLetter(.unknownType, "the chain knows links only") }
        return try event.payload(Link.self)
    }

    func routingKey(of payload: any EventPayload, event: Event) -> String? { (payload as? Link)?.key }

    func maximumBackdating(of payload: any EventPayload, in turn: TurnContext) throws -> TimeSpan { .zero }

    func apply(_ payload: any EventPayload, of event: Event, in turn: TurnContext) throws {
        guard let link = payload as? Link else { return }
        var chain = try chain(link.key, turn)
        switch link.behaviour {
        case .plain, .failing: break
        case .timed:
            let due = turn.now + TimeSpan(milliseconds: link.delay)
            try turn.schedule(TaskTimer(name: "grow:\(link.name)", due: due, payload: link.key))
            (chain.timerName, chain.timerDue) = ("grow:\(link.name)", due)
        case .untimed:
            if let name = chain.timerName, let due = chain.timerDue { try turn.cancelTimer(named: name, due: due) }
            (chain.timerName, chain.timerDue) = (nil, nil)
        case .handedOn:
            let key = "all-\(link.key.utf8.reduce(0) { $0 + Int($1) } % 3)"
            turn.emit(
                Link(key: key, name: link.name, behaviour: .plain, occurredAt: turn.now), to: .approval, key: key)
        }
        try grow(&chain, link.name, turn)
        if link.behaviour == .failing { throw ChainFailure() }
    }

    func fire(_ timer: TaskTimer, in turn: TurnContext) throws {
        var chain = try chain(timer.payload, turn)
        try grow(&chain, timer.name, turn)
    }

    private func chain(_ key: String, _ turn: TurnContext) throws -> Chain {
        try turn.state.get(ChainProcessor.chains, StateKey(key), as: Chain.self) ?? Chain(key: key)
    }

    private func grow(_ chain: inout Chain, _ name: String, _ turn: TurnContext) throws {
        chain.length += 1
        let linkKey = StateKey(chain.key)
        try turn.state.putNew(
            ChainProcessor.links, linkKey.appending(chain.length), KeptLink(name: name))
        let kept = try turn.state.rows(ChainProcessor.links, prefix: linkKey, as: KeptLink.self)
        if kept.count > ChainProcessor.keptLinks { try turn.state.delete(ChainProcessor.links, kept[0].key) }
        let recent = kept.map(\.row.name).joined(separator: ",")
        chain.hash = Hexadecimal.text(Hashing.first64(of: [chain.hash, name, recent, turn.now.description]))
        try turn.state.put(ChainProcessor.chains, StateKey(chain.key), chain)
        turn.record(
            ChainGrown(
                key: chain.key, name: name, length: chain.length, hash: chain.hash, occurredAt: turn.now))
    }

    func stateDidReset() {}
}
