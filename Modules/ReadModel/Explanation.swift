package import Contracts
package import Domain
package import EventLog
package import JSON

/// Why an entity is as it is: the facts of it and of everything that it came from and led to, in order.
package struct Explanation: Sendable {
    package struct Link: Sendable {
        package var entity: String
        /// Short event type: `registration.changed.v1`.
        package var type: String
        package var time: Timestamp
        /// What changed, where the fact says so.
        package var change: String?
        package var actor: String?
        package var steps: [ExplanationStep]
        /// `topic/partition/offset` of the record that was being processed; `nil` for what a timer did.
        package var cause: String?
        /// Where this fact itself stands.
        package var position: String
    }

    package var id: String
    package var links: [Link]
}

extension ReadModel {
    /// From what to what a chain runs; an entity is explained by those before it.
    private static let order: [String: Int] = [
        "ref": 0, "reg": 1, "cnf": 2, "atr": 4, "com": 5, "clw": 5, "led": 6, "pay": 7, "run": 8, "stm": 9,
    ]

    /// At most this many entities are strung together; a payout of thousands of lines shows its first ones.
    private static let maximumEntities = 200

    private static func rank(_ id: String) -> Int { order[String(id.prefix { $0 != "_" })] ?? 3 }

    /// The explanation of one entity; `nil` where no fact names it.
    package func explain(_ id: String, from log: any EventLog, catalogue: TopicCatalogue) throws -> Explanation? {
        guard try !facts(of: id).isEmpty else { return nil }
        let reader = try log.reader(for: .glance)
        defer { reader.close() }
        var links: [Explanation.Link] = []
        for entity in try chain(from: id) {
            for place in try facts(of: entity) {
                let topic = catalogue.name(of: .outcome)
                try reader.assign([TopicPartition(topic, place.partition): place.offset])
                guard let record = try reader.read(maximum: 1, timeout: .seconds(5)).first,
                    record.offset == place.offset
                else { throw ReadModelFailure("\(topic)/\(place.partition)/\(place.offset) cannot be read") }
                if let link = try link(record, entity: entity, catalogue) { links.append(link) }
            }
        }
        links.sort {
            ($0.time.millisecondsSince1970, ReadModel.rank($0.entity), $0.position)
                < ($1.time.millisecondsSince1970, ReadModel.rank($1.entity), $1.position)
        }
        return Explanation(id: id, links: links)
    }

    /// What the entity came from (all the way), and what came from it.
    private func chain(from id: String) throws -> [String] {
        var found: Set<String> = [id]
        let isSum = ReadModel.rank(id) >= 7
        try follow(id, into: &found, depth: isSum ? 1 : .max) { try self.mentions(of: $0).names }
        if !isSum { try follow(id, into: &found, depth: .max, isUpward: true) { try self.mentions(of: $0).by } }
        return found.sorted { (ReadModel.rank($0), $0) < (ReadModel.rank($1), $1) }
    }

    private func follow(
        _ id: String, into found: inout Set<String>, depth: Int, isUpward: Bool = false,
        _ next: (String) throws -> [String]
    ) throws {
        guard depth > 0 else { return }
        for other in try next(id) where !found.contains(other) && found.count < ReadModel.maximumEntities {
            let isAhead = ReadModel.rank(other) > ReadModel.rank(id)
            guard isAhead == isUpward || ReadModel.rank(other) == ReadModel.rank(id) else { continue }
            found.insert(other)
            try follow(other, into: &found, depth: depth - 1, isUpward: isUpward, next)
        }
    }

    private func link(_ record: LogRecord, entity: String, _ catalogue: TopicCatalogue) throws -> Explanation.Link? {
        guard let value = record.value, let type = record.headerText(HeaderName.type) else { return nil }
        var data = try JSONDocument.decode(FactFrame.self, from: value)
        if type == ReferralFact.type {
            data.explanation = try JSONDocument.decode(ReferralFact.self, from: value).explanation
        }
        return Explanation.Link(
            entity: entity, type: type.hasPrefix("io.tributary.") ? String(type.dropFirst(13)) : type,
            time: data.occurredAt, change: data.change, actor: data.actor, steps: data.explanation,
            cause: record.headerText(HeaderName.cause),
            position: "outcome.v1/\(record.partition)/\(record.offset)")
    }
}

/// What every fact has in common.
private struct FactFrame: JSONReadable {
    var change: String?
    var actor: String?
    var explanation: [ExplanationStep]
    var occurredAt: Timestamp

    init(reading reader: inout ObjectReader) {
        change = reader.optionalString("change")
        actor = reader.optionalString("actor")
        explanation = reader.objects("explanation", ExplanationStep.self)
        occurredAt = reader.value("occurred_at", as: Timestamp.self)
    }
}

extension Explanation {
    /// For people.
    package var text: String {
        var lines = ["\(id): \(links.count) facts"]
        for link in links {
            lines.append("")
            let details = [link.change, link.actor.map { "by \($0)" }].compactMap(\.self).joined(separator: ", ")
            lines.append("\(link.time)  \(link.entity)  \(link.type)\(details.isEmpty ? "" : "  \(details)")")
            for step in link.steps {
                let version = step.programVersion.map { " (programme version \($0))" } ?? ""
                lines.append("    \(step.rule)\(version): \(step.text)")
                if let arithmetic = step.arithmetic { lines.append("        \(arithmetic)") }
            }
            lines.append("    from \(link.cause ?? "a timer"), recorded at \(link.position)")
        }
        return lines.joined(separator: "\n")
    }
}

extension Explanation: JSONWritable {
    package func write(to writer: inout ObjectWriter) {
        writer.string("id", id)
        writer.objects("facts", links)
    }
}

extension Explanation.Link: JSONWritable {
    package func write(to writer: inout ObjectWriter) {
        writer.string("entity_id", entity)
        writer.string("type", type)
        writer.value("time", time)
        writer.string("change", change)
        writer.string("actor", actor)
        writer.objects("explanation", steps)
        writer.string("cause", cause)
        writer.string("position", position)
    }
}
