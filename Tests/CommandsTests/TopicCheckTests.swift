import Contracts
import EventLog
import Testing

@testable import Commands

/// `topics check`: what it says of a topic that is not as the catalogue has it.
@Suite struct TopicCheckTests {
    private let catalogue = TopicCatalogue()

    private func problems(_ topic: Topic, _ change: (inout TopicSpecification) -> Void = { _ in }) -> [String] {
        let wanted = catalogue.specification(of: topic)
        var found = wanted
        change(&found)
        return TopicCommands.problems(of: found, wanted: wanted)
    }

    @Test(arguments: TopicCatalogue.topics)
    func `a topic as it was made is right, a missing one is named`(topic: Topic) {
        #expect(problems(topic).isEmpty)
        let wanted = catalogue.specification(of: topic)
        #expect(TopicCommands.problems(of: nil, wanted: wanted) == ["\(wanted.name): missing"])
    }

    @Test(arguments: TopicCatalogue.topics)
    func `whatever else deletes records is named`(topic: Topic) throws {
        let more = "cleanup.policy=compact,delete"
        let found = problems(topic) { $0.alsoDeletesBy = more }
        #expect(found.count == 1)
        let problem = try #require(found.first)
        #expect(problem.hasPrefix(catalogue.name(of: topic) + ": "))
        #expect(problem.contains("also deletes (\(more)), expected"))
    }

    @Test(arguments: TopicCatalogue.topics)
    func `a setting that breaks a promise is named with what was found and what is needed`(topic: Topic) {
        let found = problems(topic) {
            $0.unfitSettings = [
                UnfitSetting(
                    name: "message.timestamp.type", found: "CreateTime", expected: "LogAppendTime",
                    consequence: "time is not the log's"),
                UnfitSetting(
                    name: "delete.retention.ms", found: "1000", expected: "at least 86400000",
                    consequence: "deletions are missed"),
            ]
        }
        let name = catalogue.name(of: topic)
        #expect(
            found == [
                "\(name): message.timestamp.type=CreateTime, expected LogAppendTime; time is not the log's",
                "\(name): delete.retention.ms=1000, expected at least 86400000; deletions are missed",
            ])
    }

    @Test func `another cleanup, fewer bytes and another number of partitions are named`() {
        #expect(problems(.referral) { $0.cleanup = .delete(retentionMilliseconds: 1) }.count == 1)
        #expect(problems(.referral) { $0.cleanup = .compact(minimumLagMilliseconds: 0) }.count == 1)
        #expect(problems(.changelog(.payout)) { $0.cleanup = .delete(retentionMilliseconds: nil) }.count == 1)
        #expect(problems(.changelog(.payout)) { $0.cleanup = .compact(minimumLagMilliseconds: 0) }.count == 1)
        #expect(problems(.outcome) { $0.maximumRecordBytes -= 1 }.count == 1)
        #expect(problems(.outcome) { $0.maximumRecordBytes += 1 }.isEmpty)
        #expect(problems(.outcome) { $0.partitions += 1 }.count == 1)
    }
}
