import EmbeddedLog
import EventLogConformance
import Testing

@Suite(.timeLimit(.minutes(10))) struct ConformanceTests {
    @Test(arguments: EventLogConformance.Law.allCases)
    func theLogKeeps(law: EventLogConformance.Law) throws {
        let log = try EmbeddedLog(directory: TemporaryDirectory.make())
        defer { log.close() }
        try EventLogConformance(log: log).check(law)
    }
}
