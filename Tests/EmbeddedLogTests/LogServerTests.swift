import EventLog
import EventLogConformance
import Foundation
import Testing

@testable import EmbeddedLog

@Suite(.timeLimit(.minutes(10))) struct LogServerTests {
    private let directory = TemporaryDirectory.make()

    @Test(arguments: EventLogConformance.Law.allCases.filter { !$0.needsSessions })
    func aClientOfTheSocketKeeps(law: EventLogConformance.Law) throws {
        let log = try EmbeddedLog(directory: directory)
        defer { log.close() }
        let server = try LogServer(log: log)
        defer { server.close() }
        let client = try RemoteLog(directory: directory)
        defer { client.close() }
        try EventLogConformance(log: client).check(law)
    }

    @Test func theSocketIsForItsUserOnlyAndGoesWithTheServer() throws {
        let log = try EmbeddedLog(directory: directory)
        defer { log.close() }
        let path = directory + "/tributary.sock"
        _ = FileManager.default.createFile(atPath: path, contents: Data("left over".utf8))
        let server = try LogServer(log: log)
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        server.close()
        server.close()
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test func aSocketWorksBehindALongPath() throws {
        let deep = directory + "/" + String(repeating: "long-directory-name/", count: 12)
        let log = try EmbeddedLog(directory: deep)
        defer { log.close() }
        let server = try LogServer(log: log)
        defer { server.close() }
        let client = try RemoteLog(directory: deep)
        #expect(try client.topics().isEmpty)
    }

    @Test func sessionsStayInTheHoldersProcess() throws {
        let log = try EmbeddedLog(directory: directory)
        defer { log.close() }
        let server = try LogServer(log: log)
        defer { server.close() }
        let error = try #require(throws: LogError.self) {
            _ = try RemoteLog(directory: directory).session(
                SessionConfiguration(group: "g", topic: "t", changelogTopic: "c", identity: "i"))
        }
        #expect(error.code == .invalidState)
    }

    @Test func positionsOfAGroupAreSeen() throws {
        let log = try EmbeddedLog(directory: directory)
        defer { log.close() }
        let server = try LogServer(log: log)
        defer { server.close() }
        try log.createTopics(
            ["t", "c"].map {
                TopicSpecification(name: $0, partitions: 2, cleanup: .delete(retentionMilliseconds: nil))
            })
        let session = try log.session(
            SessionConfiguration(group: "g", topic: "t", changelogTopic: "c", identity: "i"))
        _ = try session.poll(maximumRecords: 1, timeout: .seconds(1))
        try session.begin()
        _ = try session.commit(
            [TurnOffset(partition: 1, offset: 7, metadata: "")], deadline: .now + .seconds(1))
        let client = try RemoteLog(directory: directory)
        #expect(try client.committedOffsets(group: "g", topic: "t") == [nil, 7])
        session.close(deadline: .now + .seconds(1))
    }

    @Test func withoutAHolderNothingIsReached() throws {
        let missing = try #require(throws: LogError.self) { _ = try RemoteLog(directory: directory) }
        #expect(missing.code == .storage)
        let log = try EmbeddedLog(directory: directory)
        let unserved = try #require(throws: LogError.self) { _ = try RemoteLog(directory: directory) }
        #expect(unserved.code == .disconnected)
        let server = try LogServer(log: log)
        let client = try RemoteLog(directory: directory)
        let reader = try client.reader()
        server.close()
        log.close()
        #expect(try #require(throws: LogError.self) { _ = try client.topics() }.code == .disconnected)
        #expect(try #require(throws: LogError.self) { try reader.assign([:]) }.code == .disconnected)
    }

    @Test func aServerThatClosesEndsAWaitingReader() throws {
        let log = try EmbeddedLog(directory: directory)
        defer { log.close() }
        try log.createTopics([
            TopicSpecification(name: "t", partitions: 1, cleanup: .delete(retentionMilliseconds: nil))
        ])
        let server = try LogServer(log: log)
        let reader = try RemoteLog(directory: directory).reader()
        try reader.assign([TopicPartition("t", 0): 0])
        let thread = BlockingThread { server.close() }
        let error = try #require(throws: LogError.self) {
            _ = try reader.read(maximum: 1, timeout: .seconds(60))
        }
        #expect(error.code == .disconnected)
        thread.join()
    }

    @Test func garbageEndsItsConnectionAndNothingElse() throws {
        let log = try EmbeddedLog(directory: directory)
        defer { log.close() }
        let server = try LogServer(log: log)
        defer { server.close() }
        let client = try RemoteLog(directory: directory)
        var random = SystemRandomNumberGenerator()
        for length in 0..<60 {
            let socket = try FrameSocket.connect(to: directory)
            var frame = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
            if length > 0 { frame[0] = UInt8(length % 11) }
            _ = socket.send(frame)
            socket.shutDown()
        }
        // A length that no frame has: the connection is closed without an answer.
        let socket = try FrameSocket.connect(to: directory)
        #expect(socket.sendRaw([0xff, 0xff, 0xff, 0xff, 1, 2, 3]))
        #expect(socket.receive() == nil)
        #expect(try client.topics().isEmpty)
    }

    @Test func oneConnectionTooManyIsRefused() throws {
        let log = try EmbeddedLog(directory: directory)
        defer { log.close() }
        let server = try LogServer(log: log)
        defer { server.close() }
        var clients: [RemoteLog] = []
        for _ in 0..<LogServer.maximumConnections { clients.append(try RemoteLog(directory: directory)) }
        let error = try #require(throws: LogError.self) { _ = try RemoteLog(directory: directory) }
        #expect(error.code == .refused)
        #expect(try clients.last?.topics().isEmpty == true)
    }

    @Test func aFrameReadsBackAsItWasWrittenAndNoPrefixOfItDoes() throws {
        let record = LogRecord(
            topic: "t", partition: 3, offset: .max, appendTimeMilliseconds: -5, key: [], value: nil,
            headers: [LogHeader("a", [UInt8]?.none), LogHeader("é", [1]), LogHeader("", [])])
        let topic = TopicSpecification(
            name: "n", partitions: 2, cleanup: .compact(minimumLagMilliseconds: 9), maximumRecordBytes: 7)
        var writer = FrameWriter(.done)
        writer.record(record)
        writer.topic(topic)
        writer.positions([TopicPartition("t", 1): 300])
        writer.error(LogError(.fenced, .abortable, "why"))
        func read(_ bytes: [UInt8]) throws -> LogError {
            var reader = FrameReader(bytes)
            #expect(try reader.byte() == 0)
            #expect(try reader.logRecord() == record)
            #expect(try reader.topic() == topic)
            #expect(try reader.positions() == [TopicPartition("t", 1): 300])
            let error = try reader.error()
            try reader.finish()
            return error
        }
        let error = try read(writer.bytes)
        #expect(error.code == .fenced && error.errorClass == .abortable && error.message == "why")
        for length in 0..<writer.bytes.count {
            var reader = FrameReader(Array(writer.bytes.prefix(length)))
            #expect(throws: LogError.self) {
                _ = try reader.byte()
                _ = try reader.logRecord()
                _ = try reader.topic()
                _ = try reader.positions()
                _ = try reader.error()
            }
        }
    }
}
