import EmbeddedLog
import EventLog
import Foundation
import Testing

@testable import WorkerService

@Suite(.timeLimit(.minutes(5))) struct LogLocationTests {
    @Test func `names an embedded log or a broker, nothing else`() {
        #expect(LogLocation(text: "embedded") == .embedded)
        #expect(LogLocation(text: "kafka://a:9092,b:9092") == .kafka(bootstrap: "a:9092,b:9092"))
        for text in ["", "kafka://", "redis://a", "Embedded"] { #expect(LogLocation(text: text) == nil) }
    }

    @Test func `a holder that serves is worked through, one that does not is named`() throws {
        try LogBench.with { bench in
            do {
                _ = try LogLocation.embedded.open(dataDirectory: bench.directory, patience: .zero)
                Issue.record("the log is held and not served")
            } catch let error as LogError {
                #expect(error.code == .held)
                #expect(error.message.contains("\(getpid())"), "the holder is named: \(error)")
            }
            let server = try LogServer(log: bench.log)
            defer { server.close() }
            let opened = try LogLocation.embedded.open(dataDirectory: bench.directory, patience: .zero)
            defer { opened.log.close() }
            guard case .guest = opened.role else {
                Issue.record("it is a guest")
                return
            }
            #expect(try opened.log.topics().isEmpty)
        }
    }

    @Test func `a holder that ends soon is waited for`() throws {
        try LogBench.with { bench in
            let directory = bench.directory
            let isOpened = DispatchSemaphore(value: 0)
            let thread = Thread {
                let opened = Result { try LogLocation.embedded.open(dataDirectory: directory, patience: .seconds(30)) }
                if case .success(let opened) = opened {
                    if case .holder = opened.role { isOpened.signal() }
                    opened.log.close()
                }
            }
            thread.start()
            bench.log.close()
            #expect(isOpened.wait(timeout: .now() + 30) == .success)
        }
    }

    @Test(arguments: [
        ("eml", true), ("null", true), ("smtp://mail:25", true), ("smtp://mail", false), ("smtp://:25", false),
        ("smtp://mail:0", false), ("post", false),
    ])
    func `messages go to files, nowhere or a relay`(text: String, isKnown: Bool) {
        #expect((MailOptions.Sink(text: text) != nil) == isKnown)
    }
}
