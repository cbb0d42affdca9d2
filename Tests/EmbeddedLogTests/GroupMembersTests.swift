import EventLog
import Foundation
import Testing

@testable import EmbeddedLog

@Suite(.timeLimit(.minutes(10))) struct GroupMembersTests {
    private let directory = TemporaryDirectory.make()

    @Test func `who owns what is told by the holder and through its socket`() throws {
        let log = try EmbeddedLog(directory: directory)
        defer { log.close() }
        try log.createTopics([
            TopicSpecification(name: "in", partitions: 3, cleanup: .delete(retentionMilliseconds: nil)),
            TopicSpecification(name: "change", partitions: 3, cleanup: .compact(minimumLagMilliseconds: 0)),
        ])
        let server = try LogServer(log: log)
        defer { server.close() }
        let client = try RemoteLog(directory: directory)
        defer { client.close() }
        #expect(try client.members(ofGroup: "g", topic: "in").isEmpty)
        let session = try log.session(
            SessionConfiguration(group: "g", topic: "in", changelogTopic: "change", identity: "a"))
        let expected = [GroupMember(identity: "a", host: "", partitions: [0, 1, 2])]
        #expect(try log.members(ofGroup: "g", topic: "in") == expected)
        #expect(try client.members(ofGroup: "g", topic: "in") == expected)
        #expect(try client.members(ofGroup: "g", topic: "change").isEmpty)
        session.close(deadline: .now + .seconds(5))
        #expect(try client.members(ofGroup: "g", topic: "in").isEmpty)
    }
}
