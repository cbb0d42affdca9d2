import Contracts
import EventLog
import Foundation
import Testing

@testable import ReadModel

@Suite struct MentionedIDsTests {
    @Test func `finds ids of ours as whole strings, and the CRM's numbers by their field`() {
        let json =
            #"{"a":"com_12ab","opportunity_id":"OPP-7","text":"see reg_1, or pay_2","b":["ref_9","xref_1"],"c":"atr_x y"}"#
        #expect(MentionedIDs.find(in: Array(json.utf8)) == ["com_12ab", "OPP-7", "ref_9"])
    }

    @Test(arguments: ["", "\"", "\"com_", "{\"opportunity_id\":\"", "\"com_1"])
    func `ends at the end of any bytes`(text: String) {
        #expect(MentionedIDs.find(in: Array(text.utf8)).isEmpty)
    }
}

@Suite struct EntityKindTests {
    @Test func `every fact that a worker records belongs to a kind`() {
        for event in EventCatalogue.events(on: .outcome) {
            #expect(EntityKind(factType: event.type) != nil, "\(event.type)")
        }
        #expect(EntityKind(factType: "io.tributary.payout.run_part_changed.v1") == .payoutRunPart)
        #expect(EntityKind(factType: "io.tributary.payout.changed.v1") == .payout)
        #expect(EntityKind(factType: "io.tributary.referral.submitted.v1") == nil)
    }
}

@Suite struct ReadModelProjectionTests {
    private func withModel(_ body: (ReadModel, String) throws -> Void) throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "read-\(UUID().uuidString)").path
        defer { _ = Result { try FileManager.default.removeItem(atPath: directory) } }
        let model = try ReadModel(directory: directory, catalogue: TopicCatalogue())
        try body(model, directory)
        model.close()
    }

    private func fact(_ type: String, _ id: String, _ json: String, offset: Int64) -> LogRecord {
        LogRecord(
            topic: "tributary.outcome.v1", partition: 0, offset: offset, appendTimeMilliseconds: 0, key: Array(id.utf8),
            value: Array(json.utf8), headers: [LogHeader(HeaderName.type, type)])
    }

    private let place = TopicPartition("tributary.outcome.v1", 0)

    @Test func `keeps the last image of an entity and the place of every fact`() throws {
        try withModel { model, _ in
            try model.project(
                [
                    fact(
                        RegistrationFact.type, "reg_1",
                        #"{"registration":{"registration_id":"reg_1","state":"approved","referral_id":"ref_1"}}"#,
                        offset: 0),
                    fact(
                        RegistrationFact.type, "reg_1",
                        #"{"registration":{"registration_id":"reg_1","state":"won","referral_id":"ref_1"}}"#, offset: 1),
                    fact("io.tributary.unknown.v1", "x", "{}", offset: 2),
                ], positions: [place: 3])
            let table = try #require(ExportTable.named("registrations"))
            let state = try #require(table.columns.firstIndex { $0.name == "state" })
            #expect(try model.rows(of: table).map { $0[state] } == ["won"])
            #expect(try model.facts(of: "reg_1").map(\.offset) == [0, 1])
            #expect(try model.mentions(of: "ref_1").by == ["reg_1"])
            #expect(try model.mentions(of: "reg_1").names == ["ref_1"])
        }
    }

    @Test func `goes on where it was after it is opened again`() throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "read-\(UUID().uuidString)").path
        defer { _ = Result { try FileManager.default.removeItem(atPath: directory) } }
        var model = try ReadModel(directory: directory, catalogue: TopicCatalogue())
        try model.project([fact(ReferralFact.type, "ref_1", "{}", offset: 0)], positions: [place: 1])
        model.close()
        model = try ReadModel(directory: directory, catalogue: TopicCatalogue())
        #expect(try model.count(of: .referral) == 1)
        model.close()
    }

    @Test func `no export shows where or when the log took something`() {
        for table in ExportTable.all {
            #expect(!table.columns.contains { ["offset", "partition", "append_time"].contains($0.name) })
            #expect(Set(table.columns.map(\.name)).count == table.columns.count)
        }
    }
}
