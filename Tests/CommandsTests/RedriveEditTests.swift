import Contracts
import Domain
import EventLog
import Foundation
import JSON
import Testing
import WorkerService

@testable import Commands

private let failed = EventPosition(topic: "referral.v1", partition: 3, offset: 7)
private let moment = Timestamp(rfc3339: "2024-03-01T00:00:00Z")!
private let binary: LogHeaders = [
    LogHeader(HeaderName.specVersion, "1.0"), LogHeader(HeaderName.id, "1"), LogHeader(HeaderName.source, "/shop"),
    LogHeader(HeaderName.type, "t"), LogHeader(HeaderName.contentType, "application/json"),
]
private let structured: LogHeaders = [
    LogHeader(HeaderName.contentType, "application/cloudevents+json; charset=utf-8")
]
private let shopEvent =
    #"{"specversion":"1.0","id":"1","source":"/shop","type":"t","site":"x","data":{"broken":true}}"#
private let shopData = #"{"fixed":1}"#

/// `dlq redrive --edit`: what becomes of a dead letter with other data.
@Suite(.timeLimit(.minutes(5))) struct RedriveEditTests {
    private func letter(_ value: String?, _ headers: LogHeaders) -> LogRecord {
        LogRecord(
            topic: "tributary.referral-worker.dlq.v1", partition: 3, offset: 0, appendTimeMilliseconds: 1,
            key: Array("a".utf8), value: value.map { Array($0.utf8) }, headers: headers)
    }

    private func back(_ value: String?, _ headers: LogHeaders, edit: String) throws -> OutgoingRecord {
        try RedriveRun.back(
            letter(value, headers), from: failed, edited: RedriveCommand.Edited(Array(edit.utf8)),
            to: "tributary.referral.v1", partitions: 8)
    }

    private func decoded(_ record: OutgoingRecord) throws -> Event {
        try CloudEventCodec.decode(
            LogRecord(
                topic: record.topic, partition: record.partition, offset: 9, appendTimeMilliseconds: 2, key: record.key,
                value: record.value, headers: record.headers), prefix: "tributary")
    }

    @Test func `data alone goes into the envelope, be that headers or a structured event`() throws {
        for (value, headers) in [("{}", binary), (shopEvent, structured)] {
            let event = try decoded(back(value, headers, edit: shopData))
            #expect(event.id == "1" && event.source == "/shop" && event.type == "t")
            #expect(event.data == Array(shopData.utf8))
            #expect(event.isRedriven)
        }
        let value = try #require(try back(shopEvent, structured, edit: shopData).value)
        #expect(try JSONDocument.parse(value)["site"]?.stringValue == "x")
    }

    @Test(arguments: [
        #"{"price":1.10,"big":1e30,"small":-0.00,"digits":0.1000000000000000055511151231257827021181583404541015625}"#,
        #"{"large":18446744073709551615,"whole":12345678901234567890123.0,"power":1E+2}"#,
        "{\"a\" : [ 1 , 2.50 ],\n  \"text\": \"\\u00e9\\/\"}\n", "{}",
    ])
    func `the data that was given goes in byte for byte`(data: String) throws {
        let binaryValue = try #require(try back("{}", binary, edit: data).value)
        #expect(binaryValue == Array(data.utf8))
        let envelope = #"{"specversion":"1.0","id":"1","source":"/shop","type":"t","site":"x""#
        let value = try #require(try back(shopEvent, structured, edit: data).value)
        #expect(String(decoding: value, as: UTF8.self) == envelope + #","data":"# + data + "}")
        let tree = try JSONDocument.parse(Array(data.utf8))
        #expect(try decoded(back(shopEvent, structured, edit: data)).data == tree.text)
    }

    @Test(arguments: [
        #","data_base64":"AA==""#, #","datacontenttype":"text/plain","data":"x""#,
        #","datacontenttype":"text/plain""#, "",
    ])
    func `whatever a structured event had in its place, the new data counts`(old: String) throws {
        let event = #"{"specversion":"1.0","id":"1","source":"/shop","type":"t""# + old + "}"
        #expect(try decoded(back(event, structured, edit: shopData)).data == Array(shopData.utf8))
    }

    @Test func `a whole event takes the place of any envelope`() throws {
        let whole = #"{"specversion":"1.0","id":"2","source":"/us","type":"u","data":{"fixed":1}}"#
        let letters: [(String, LogHeaders)] = [
            ("{}", binary), (shopEvent, structured), ("{", structured), ("{", []),
        ]
        for (value, headers) in letters {
            let event = try decoded(back(value, headers, edit: whole))
            #expect(event.id == "2" && event.data == Array(shopData.utf8))
        }
    }

    @Test(
        arguments: [
            ("{", structured, "its envelope cannot be read: give a whole structured event"),
            ("[1]", structured, "its envelope cannot be read"),
            (nil, structured, "its envelope cannot be read"),
            (#"{"specversion":"1.0","source":"/shop","type":"t","data":{}}"#, structured, "/id"),
            (#"{"specversion":"0.3","id":"1","source":"/shop","type":"t","data":{}}"#, structured, "expected 1.0"),
            ("[]", [LogHeader(HeaderName.contentType, "application/cloudevents-batch+json")], "no batches"),
            ("{}", [LogHeader(HeaderName.type, "t")], "ce_specversion"),
            ("{}", [], "no CloudEvent: give a structured one with --edit"),
        ] as [(String?, LogHeaders, String)])
    func `data alone without an envelope around it stays`(value: String?, headers: LogHeaders, words: String) throws {
        let kept = try #require(throws: RedriveRun.Kept.self) { try back(value, headers, edit: shopData) }
        #expect(kept.reason.contains(words))
    }

    @Test func `a whole event that is none stays, and so does what no topic takes`() throws {
        let kept = try #require(throws: RedriveRun.Kept.self) {
            try back(shopEvent, structured, edit: #"{"specversion":"1.0","id":"1"}"#)
        }
        #expect(kept.reason.contains("/source"))
        let text = String(repeating: "x", count: TopicCatalogue.maximumRecordBytes - 40)
        let large = try #require(throws: RedriveRun.Kept.self) {
            try back(shopEvent, structured, edit: #"{"text":""# + text + #""}"#)
        }
        #expect(large.reason.contains("at most \(TopicCatalogue.maximumRecordBytes) go in"))
    }

    @Test func `what is no object is refused`() {
        for text in ["[1]", "1", "{", ""] {
            #expect(throws: JSONFailure.self) { try RedriveCommand.Edited(Array(text.utf8)) }
        }
    }

    @Test func `a dry run says what the command does`() throws {
        try DemoDirectory.with { directory in
            let options = try directory.options()
            let installation = try Installation(options, runsWorkers: false)
            defer { installation.close() }
            try installation.clock.createTopics(clock: .stream, at: moment)
            var headers = structured
            headers.append("__connect.errors.topic", "tributary.referral.v1")
            headers.append("__connect.errors.partition", "3")
            headers.append("__connect.errors.offset", "7")
            headers.append(HeaderName.errorCode, "schema")
            try installation.append([
                OutgoingRecord(
                    topic: options.catalogue.name(of: .deadLetters(.referral)), partition: 3, key: Array("a".utf8),
                    value: Array(shopEvent.utf8), headers: headers)
            ])
            let letter = RecordDeadLettered(
                worker: .referral, position: failed, code: "schema", reason: "why", source: nil, eventID: nil,
                eventType: nil, occurredAt: moment)
            func run(_ edit: String) throws -> RedriveRun {
                RedriveRun(
                    installation, [letter], edited: try RedriveCommand.Edited(Array(edit.utf8)),
                    actor: .person(PersonID("psn_ines")!), reason: nil, rate: 100)
            }
            let refused = try run(#"{"specversion":"1.0"}"#)
            let plan = try refused.plan()
            #expect(plan.count == 0 && plan.text.contains("1 stay: no CloudEvent with --edit either"))
            #expect(try refused.putBack() == 0)
            let mended = try run(shopData)
            #expect(try mended.plan().count == 1)
            #expect(try mended.putBack() == 1)
            var found: [LogRecord] = []
            try installation.log.readThrough(options.catalogue.name(of: .referral)) { record in
                if record.headers.contains(name: HeaderName.redriven) { found.append(record) }
            }
            let record = try #require(found.first)
            let event = try CloudEventCodec.decode(record, prefix: options.catalogue.prefix)
            #expect(found.count == 1 && event.id == "1" && event.data == Array(shopData.utf8))
        }
    }
}
