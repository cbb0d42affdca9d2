import Contracts
import EventLog
import Foundation
import Testing

@testable import WorkerService

/// Workers whose broker is away when they are asked to leave.
@Suite(.timeLimit(.minutes(5))) struct UnreachableBrokerTests {
    private let directory: ScratchDirectory

    init() throws { directory = try ScratchDirectory() }

    @Test(arguments: [0.0, 2.5])
    func `workers that never reached their broker leave soon, all of them`(after seconds: Double) throws {
        let location = try #require(LogLocation(text: "kafka://127.0.0.1:1"))
        let log = try location.open(dataDirectory: directory.path).log
        let engine = try Engine(
            log: log,
            options: EngineOptions(
                dataDirectory: directory.path, workers: [.referral, .notification], threads: 2,
                mail: MailOptions(sink: try #require(MailOptions.Sink(text: "smtp://127.0.0.1:1"))),
                ops: OpsAddress(port: 0)))
        try engine.start()
        Thread.sleep(forTimeInterval: seconds)
        let waited = ContinuousClock().measure {
            #expect(engine.stop().isEmpty)
            log.close()
        }
        #expect(waited < .seconds(11))
    }
}
