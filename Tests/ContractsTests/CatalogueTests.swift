import Contracts
import Domain
import EventLog
import Foundation
import JSON
import Testing

@Suite struct CatalogueTests {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    @Test func `every topic has its name, cleanup and limits`() {
        let specifications = TopicCatalogue(prefix: "acme", partitions: 4).specifications
        let lines = specifications.map { topic in
            let cleanup =
                switch topic.cleanup {
                case .delete(let retention): retention.map { "delete after \($0 / 86_400_000) days" } ?? "kept for ever"
                case .compact(let lag): "compact after \(lag / 3_600_000) h"
                }
            return "\(topic.name) x \(topic.partitions): \(cleanup), \(topic.maximumRecordBytes >> 20) MiB"
        }
        #expect(
            lines == [
                "acme.program.v1 x 1: compact after 0 h, 1 MiB",
                "acme.referral.v1 x 4: kept for ever, 1 MiB",
                "acme.approval.v1 x 4: kept for ever, 1 MiB",
                "acme.payout.v1 x 4: kept for ever, 1 MiB",
                "acme.notification.v1 x 4: delete after 90 days, 1 MiB",
                "acme.outcome.v1 x 4: kept for ever, 1 MiB",
                "acme.referral-worker.changelog.v1 x 4: compact after 24 h, 1 MiB",
                "acme.approval-worker.changelog.v1 x 4: compact after 24 h, 1 MiB",
                "acme.payout-worker.changelog.v1 x 4: compact after 24 h, 1 MiB",
                "acme.notification-worker.changelog.v1 x 4: compact after 24 h, 1 MiB",
                "acme.referral-worker.dlq.v1 x 4: kept for ever, 16 MiB",
                "acme.approval-worker.dlq.v1 x 4: kept for ever, 16 MiB",
                "acme.payout-worker.dlq.v1 x 4: kept for ever, 16 MiB",
                "acme.notification-worker.dlq.v1 x 4: kept for ever, 16 MiB",
            ])
    }

    @Test func `every event type is described once, under its own name, in some topic`() {
        let all = EventCatalogue.all
        #expect(Set(all.map(\.type)).count == all.count)
        #expect(Set(all.map(\.name)).count == all.count)
        for event in all {
            #expect(event.type.hasPrefix("io.tributary.") && event.type.hasSuffix(".v1"), "\(event.type)")
            #expect(!event.topics.isEmpty && Set(event.topics).count == event.topics.count, "\(event.type)")
            #expect(event.schema()["type"] == .string("object"), "\(event.type)")
        }
    }

    /// A type that is written but not described would be missing from the documents.
    @Test func `every event type in the code is in the catalogue`() throws {
        let folder = Self.root.appendingPathComponent("Modules/Contracts")
        let files = try #require(FileManager.default.enumerator(atPath: folder.path))
        var types: Set<String> = []
        for case let name as String in files where name.hasSuffix(".swift") {
            let text = String(decoding: try Data(contentsOf: folder.appendingPathComponent(name)), as: UTF8.self)
            for match in text.matches(of: /static let type(?:: String)? = "(io\.tributary\.[a-z_.]+\.v1)"/) {
                types.insert(String(match.1))
            }
        }
        #expect(types.symmetricDifference(EventCatalogue.all.map(\.type)) == [])
    }

    @Test func `an event is decoded by its type, and an unknown one is refused by name`() throws {
        func event(_ type: String, _ data: String) -> Event {
            Event(
                id: "1", source: "s", type: type, time: nil, subject: nil, key: "", data: Array(data.utf8),
                position: EventPosition(topic: "referral.v1", partition: 0, offset: 0),
                appendTime: Timestamp(millisecondsSince1970: 0))
        }
        let tick = try EventCatalogue.payload(of: event(ClockAdvanced.type, #"{"to":"2026-01-01T00:00:00Z"}"#))
        #expect(tick is ClockAdvanced)
        #expect(throws: EventProblem(.unknownType, "no event type \"io.tributary.x.v1\"")) {
            try EventCatalogue.payload(of: event("io.tributary.x.v1", "{}"))
        }
        #expect(
            throws: EventProblem(
                .schema, "/to: expected an RFC 3339 time such as 2026-03-01T09:30:00.000Z, found nothing")
        ) { try EventCatalogue.payload(of: event(ClockAdvanced.type, "{}")) }
        #expect(throws: EventProblem(.badJSON, "document: expected a name in quotes, found the end at byte 1")) {
            try EventCatalogue.payload(of: event(ClockAdvanced.type, "{"))
        }
    }

    @Test func `a broadcast is one copy for every partition, under one id`() throws {
        let tick = ClockAdvanced(to: RegisterEventsTests.time)
        let envelope = EventEnvelope(
            id: "tick-1", source: "/cli", type: ClockAdvanced.type, time: tick.to, key: "clock")
        let records = Broadcast.records(
            of: JSONEncoding.encode(tick), envelope: envelope,
            to: [("acme.referral.v1", 2), ("acme.payout.v1", 2), ("acme.program.v1", 1)])
        #expect(
            records.map { "\($0.topic)/\($0.partition)" } == [
                "acme.referral.v1/0", "acme.referral.v1/1", "acme.payout.v1/0", "acme.payout.v1/1", "acme.program.v1/0",
            ])
        for record in records {
            let event = try CloudEventCodec.decode(
                LogRecord(
                    topic: record.topic, partition: record.partition, offset: 0, appendTimeMilliseconds: 0,
                    key: record.key, value: record.value, headers: record.headers), prefix: "acme")
            #expect(event.isBroadcast)
            #expect(event.id == "tick-1")
            #expect(event.key == "clock")
            #expect(try event.payload(ClockAdvanced.self) == tick)
        }
    }

    @Test func `the committed AsyncAPI document is what the code generates`() throws {
        let file = Self.root.appendingPathComponent("docs/asyncapi.yaml")
        let generated = AsyncAPIDocument.yaml()
        if ProcessInfo.processInfo.environment["TRIBUTARY_WRITE_CONTRACTS"] != nil {
            try Data(generated.utf8).write(to: file)
        }
        let committed = String(decoding: try Data(contentsOf: file), as: UTF8.self)
        let differs = zip(committed.split(separator: "\n"), generated.split(separator: "\n")).first { $0 != $1 }
        #expect(
            committed == generated,
            "run `tributary topics asyncapi > docs/asyncapi.yaml`; first difference: \(differs.map { "\($0.0) | \($0.1)" } ?? "length")"
        )
    }

    @Test func `trees become YAML that says the same`() {
        let value = JSONValue.object([
            ("plain", .string("a.b/c-d")), ("$ref", .string("#/x")), ("word", .string("yes")), ("", .string("")),
            ("number", .string("12")), ("text", .string("it's: \"x\"\nü")), ("empty", .array([])),
            ("nothing", .object([])), ("flag", .bool(true)), ("null", .null),
            (
                "list",
                .array([
                    .integer(-1),
                    .object([("a", .integer(1)), ("b", .array([.string("x"), .array([.string("z")])]))]),
                ])
            ),
        ])
        #expect(
            YAMLText.of(value) == """
                plain: a.b/c-d
                $ref: "#/x"
                word: "yes"
                "": ""
                number: "12"
                text: "it's: \\"x\\"\\nü"
                empty: []
                nothing: {}
                flag: true
                "null": null
                list:
                  - -1
                  - a: 1
                    b:
                      - x
                      -
                        - z

                """)
    }
}
