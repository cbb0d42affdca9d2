import Contracts
import Domain
import EventLog
import Testing

@Suite struct CloudEventCodecTests {
    static func record(_ headers: [(String, String?)], _ value: String?, key: [UInt8]? = nil) -> LogRecord {
        LogRecord(
            topic: "tributary.referral.v1", partition: 3, offset: 42, appendTimeMilliseconds: 1_700_000_000_123,
            key: key ?? Array("acme.example".utf8), value: value.map { Array($0.utf8) },
            headers: LogHeaders(headers.map { LogHeader($0.0, $0.1.map { Array($0.utf8) }) }))
    }

    static let binary: [(String, String?)] = [
        ("ce_specversion", "1.0"), ("ce_id", "e-1"), ("ce_source", "/crm"), ("ce_type", "io.tributary.x.y.v1"),
        ("content-type", "application/json"),
    ]

    static func problem(_ record: LogRecord) -> String {
        do throws(EventProblem) {
            let event = try CloudEventCodec.decode(record, prefix: "tributary")
            return "none: \(event.id)"
        } catch {
            return error.description
        }
    }

    @Test func `binary mode is read with every attribute and header of ours`() throws {
        let headers =
            Self.binary + [
                ("ce_time", "2026-03-01T10:30:00+01:00"), ("ce_subject", "ref_1"), ("tributary-broadcast", "1"),
                ("tributary-forwarded", "1"), ("tributary-command-id", "cmd-7"), ("traceparent", "00-ab-cd-01"),
                ("unknown", "x"), ("nothing", nil),
            ]
        let event = try CloudEventCodec.decode(Self.record(headers, #"{"a":1}"#), prefix: "tributary")
        #expect(
            event
                == Event(
                    id: "e-1", source: "/crm", type: "io.tributary.x.y.v1",
                    time: Timestamp(rfc3339: "2026-03-01T09:30:00Z"), subject: "ref_1", key: "acme.example",
                    data: Array(#"{"a":1}"#.utf8),
                    position: EventPosition(topic: "referral.v1", partition: 3, offset: 42),
                    appendTime: Timestamp(millisecondsSince1970: 1_700_000_000_123), isBroadcast: true,
                    isForwarded: true, commandID: "cmd-7", traceparent: "00-ab-cd-01"))
        #expect(event.position.description == "referral.v1/3/42")
    }

    @Test func `a topic of another prefix keeps its whole name`() throws {
        let event = try CloudEventCodec.decode(Self.record(Self.binary, "{}"), prefix: "trib")
        #expect(event.position.topic == "tributary.referral.v1")
    }

    @Test(arguments: ["application/json", "Application/JSON; charset=utf-8", nil])
    func `binary mode takes JSON by any spelling, and by default`(contentType: String?) throws {
        let headers = Self.binary.filter { $0.0 != "content-type" } + (contentType.map { [("content-type", $0)] } ?? [])
        #expect(try CloudEventCodec.decode(Self.record(headers, "{}"), prefix: "tributary").id == "e-1")
    }

    @Test(arguments: ["application/cloudevents+json", "Application/CloudEvents+JSON; charset=UTF-8"])
    func `structured mode is read by its content type, letter case ignored`(contentType: String) throws {
        let text = #"""
            {"specversion":"1.0","id":"e-2","source":"/shop","type":"io.tributary.x.y.v1","time":"2026-03-01T09:30:00Z",
             "subject":"s","datacontenttype":"application/json","extension":1,"traceparent":"00-1", "data": {"a": [1, "ü"]}}
            """#
        let event = try CloudEventCodec.decode(
            Self.record([("content-type", contentType)], text), prefix: "tributary")
        #expect(event.id == "e-2")
        #expect(event.source == "/shop")
        #expect(event.type == "io.tributary.x.y.v1")
        #expect(event.subject == "s")
        #expect(event.time == Timestamp(rfc3339: "2026-03-01T09:30:00Z"))
        #expect(event.traceparent == "00-1")
        #expect(String(decoding: event.data, as: UTF8.self) == #"{"a":[1,"ü"]}"#)
    }

    struct BrokenRecord {
        var headers: [(String, String?)]
        var value: String?
        var problem: String

        static func binary(_ name: String, _ value: String?, _ problem: String) -> BrokenRecord {
            BrokenRecord(
                headers: CloudEventCodecTests.binary.filter { $0.0 != name } + (value.map { [(name, $0)] } ?? []),
                value: "{}", problem: problem)
        }

        static func structured(_ value: String, _ problem: String, type: String = "application/cloudevents+json")
            -> BrokenRecord
        {
            BrokenRecord(headers: [("content-type", type)], value: value, problem: problem)
        }
    }

    static let longText = String(repeating: "x", count: 1025)

    static let broken: [BrokenRecord] = [
        BrokenRecord(headers: binary, value: nil, problem: "the record has no data [not_cloudevent]"),
        BrokenRecord(headers: binary, value: "", problem: "the record has no data [not_cloudevent]"),
        BrokenRecord(
            headers: [], value: "{}",
            problem:
                "no header ce_specversion (binary mode) and no content type application/cloudevents+json (structured mode) [not_cloudevent]"
        ),
        .binary("ce_specversion", "0.3", "ce_specversion is \"0.3\", expected 1.0 [not_cloudevent]"),
        .binary("ce_id", nil, "header ce_id is missing [not_cloudevent]"),
        .binary("ce_id", "", "header ce_id is empty [not_cloudevent]"),
        .binary("ce_id", longText, "header ce_id is longer than 1024 bytes [not_cloudevent]"),
        .binary("ce_source", nil, "header ce_source is missing [not_cloudevent]"),
        .binary("ce_type", nil, "header ce_type is missing [not_cloudevent]"),
        .binary("ce_time", "yesterday", "ce_time is no RFC 3339 time [not_cloudevent]"),
        .binary("content-type", "text/csv", "content-type is \"text/csv\", expected application/json [not_cloudevent]"),
        .binary(
            "content-type", "application/jsonp",
            "content-type is \"application/jsonp\", expected application/json [not_cloudevent]"),
        .structured(
            "[]",
            "content-type is \"application/cloudevents-batch+json\", expected application/cloudevents+json (no batches) [not_cloudevent]",
            type: "application/cloudevents-batch+json"),
        .structured("{", "document: expected a name in quotes, found the end at byte 1 [bad_json]"),
        .structured(
            #"{"specversion":"1.0","id":"1","source":"s","type":7,"data":{}}"#,
            "/type: expected a string, found an integer [not_cloudevent]"),
        .structured(
            #"{"id":"1","source":"s","type":"t","data":{}}"#,
            "/specversion: expected a string, found nothing [not_cloudevent]"),
        .structured(
            #"{"specversion":"2.0","id":"1","source":"s","type":"t","data":{}}"#,
            "specversion is \"2.0\", expected 1.0 [not_cloudevent]"),
        .structured(
            #"{"specversion":"1.0","id":"","source":"s","type":"t","data":{}}"#, "id is empty [not_cloudevent]"),
        .structured(
            #"{"specversion":"1.0","id":"1","source":"s","type":"t"}"#, "the event has no data [not_cloudevent]"),
        .structured(
            #"{"specversion":"1.0","id":"1","source":"s","type":"t","data_base64":"e30="}"#,
            "the event has data_base64, expected data with a JSON object [not_cloudevent]"),
        .structured(
            #"{"specversion":"1.0","id":"1","source":"s","type":"t","datacontenttype":"text/xml","data":"x"}"#,
            "datacontenttype is \"text/xml\", expected application/json [not_cloudevent]"),
        .structured(
            #"{"specversion":"1.0","id":"1","source":"s","type":"t","time":"1","data":{}}"#,
            "time is no RFC 3339 time [not_cloudevent]"),
    ]

    @Test(arguments: broken.indices)
    func `what is no CloudEvent says why`(index: Int) {
        let broken = Self.broken[index]
        #expect(Self.problem(Self.record(broken.headers, broken.value)) == broken.problem)
    }

    @Test func `what is not UTF-8 is refused by name`() {
        var record = Self.record(Self.binary, "{}", key: [0xff])
        #expect(Self.problem(record) == "the record's key is not UTF-8 [not_cloudevent]")
        record = Self.record(Self.binary, "{}")
        record.headers.append(LogHeader("ce_source", [0xc0, 0x80]))
        #expect(Self.problem(record) == "header ce_source is not UTF-8 [not_cloudevent]")
        record = Self.record([("content-type", "application/cloudevents+json")], nil)
        record.value = [0x7b, 0x22, 0xff, 0x22, 0x7d]
        #expect(Self.problem(record).hasSuffix("[bad_json]"))
    }

    @Test func `a record without a key is read`() throws {
        var record = Self.record(Self.binary, "{}")
        record.key = nil
        #expect(try CloudEventCodec.decode(record, prefix: "tributary").key == "")
    }

    @Test func `what is written is read back`() throws {
        let time = Timestamp(millisecondsSince1970: 1_772_357_400_250)
        let envelope = EventEnvelope(
            id: "ä1", source: "tributary/referral-worker", type: "io.tributary.a.b.v1", time: time, subject: "ref_1",
            key: "acme.example", isBroadcast: true, isForwarded: true, commandID: "c", traceparent: "t",
            cause: EventPosition(topic: "referral.v1", partition: 1, offset: 2))
        let record = CloudEventCodec.encode(
            envelope, data: Array("{}".utf8), topic: "tributary.approval.v1", partition: 5)
        #expect(record.key == Array("acme.example".utf8))
        let headers = record.headers.map { "\($0.name): \(String(decoding: $0.value ?? [], as: UTF8.self))" }
        #expect(
            headers == [
                "ce_specversion: 1.0", "content-type: application/json", "ce_id: ä1",
                "ce_source: tributary/referral-worker",
                "ce_type: io.tributary.a.b.v1", "ce_time: 2026-03-01T09:30:00.250Z", "ce_subject: ref_1",
                "tributary-key: acme.example", "tributary-broadcast: 1",
                "tributary-forwarded: 1", "tributary-command-id: c", "tributary-cause: referral.v1/1/2",
                "traceparent: t",
            ])
        let read = try CloudEventCodec.decode(
            LogRecord(
                topic: record.topic, partition: record.partition, offset: 9, appendTimeMilliseconds: 0, key: record.key,
                value: record.value, headers: record.headers), prefix: "tributary")
        #expect(
            read
                == Event(
                    id: "ä1", source: "tributary/referral-worker", type: "io.tributary.a.b.v1", time: time,
                    subject: "ref_1", key: "acme.example", data: Array("{}".utf8),
                    position: EventPosition(topic: "approval.v1", partition: 5, offset: 9),
                    appendTime: Timestamp(millisecondsSince1970: 0), isBroadcast: true, isForwarded: true,
                    commandID: "c", traceparent: "t"))
    }

    @Test func `headers that have nothing to say are left out`() {
        let envelope = EventEnvelope(
            id: "1", source: "s", type: "t", time: Timestamp(millisecondsSince1970: 0))
        #expect(
            CloudEventCodec.encode(envelope).map(\.name) == [
                "ce_specversion", "content-type", "ce_id", "ce_source", "ce_type", "ce_time",
            ])
    }
}
