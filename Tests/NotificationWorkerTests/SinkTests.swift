import Contracts
import Domain
import Foundation
import Testing

@testable import NotificationWorker

@Suite struct SinkTests {
    private func draft(_ about: String = "ref_1", email: String = "jo@partner.example") -> MessageDraft {
        MessageDraft(request: MessageSamples.request(about: about, email: email), sender: MessageSender())
    }

    private func inDirectory(_ body: (URL) throws -> Void) throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "eml-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: directory) }
        try body(directory)
    }

    private func files(in directory: URL) -> [String] {
        (FileManager.default.enumerator(atPath: directory.path)?.allObjects as? [String] ?? [])
            .filter { $0.contains(".") }.sorted()
    }

    @Test func `counts what it throws away`() {
        let sink = NullSink()
        #expect(sink.deliver(draft()) == .sent)
        #expect(sink.count == 1)
        #expect(sink.isIdempotent)
    }

    @Test func `writes one file a message, named by it`() throws {
        try inDirectory { directory in
            let sink = EMLDirectorySink(directory: directory.path)
            #expect(sink.deliver(draft("ref_1")) == .sent)
            #expect(sink.deliver(draft("ref_2")) == .sent)
            let names = files(in: directory)
            #expect(names.count == 2)
            let id = draft("ref_1").request.notification.text
            let path = directory.appending(path: "\(EMLDirectorySink.folder(of: id))/\(id).eml")
            let expected = try draft("ref_1").message().get()
            #expect(Array(try Data(contentsOf: path)) == expected)
        }
    }

    @Test func `changes nothing when it writes again`() throws {
        try inDirectory { directory in
            #expect(EMLDirectorySink(directory: directory.path).deliver(draft()) == .sent)
            let path = directory.appending(path: try #require(files(in: directory).first))
            try Data("kept".utf8).write(to: path)
            #expect(EMLDirectorySink(directory: directory.path).deliver(draft()) == .sent)
            #expect(try Data(contentsOf: path) == Data("kept".utf8))
            #expect(files(in: directory).count == 1)
        }
    }

    /// So a power loss leaves what was not forced to disk.
    @Test func `writes a file again that is empty`() throws {
        try inDirectory { directory in
            #expect(EMLDirectorySink(directory: directory.path).deliver(draft()) == .sent)
            let path = directory.appending(path: try #require(files(in: directory).first))
            try Data().write(to: path)
            #expect(EMLDirectorySink(directory: directory.path).deliver(draft()) == .sent)
            #expect(Array(try Data(contentsOf: path)) == (try draft().message().get()))
        }
    }

    @Test func `fails for good on a malformed address, and for now without a directory`() throws {
        try inDirectory { directory in
            let sink = EMLDirectorySink(directory: directory.path)
            #expect(sink.deliver(draft(email: "a b@c")) == .failed("the recipient's e-mail address is malformed"))
            #expect(files(in: directory).isEmpty)
            try Data().write(to: directory.appending(path: "file"))
            let blocked = EMLDirectorySink(directory: directory.appending(path: "file").path)
            guard case .retry = blocked.deliver(draft()) else {
                Issue.record("a sink without a directory cannot have delivered")
                return
            }
        }
    }

    @Test func `spreads ids of any form over folders of two digits`() {
        for id in ["ntf_..", "ntf_a", "ntf_0123456789abcdef"] {
            #expect(EMLDirectorySink.folder(of: id).utf8.count == 2)
            #expect(UInt8(EMLDirectorySink.folder(of: id), radix: 16) != nil)
        }
    }
}
