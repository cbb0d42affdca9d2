import EventLogConformance
import KafkaLog
import Testing

extension BrokerTests {
    @Suite struct ConformanceTests {
        @Test(arguments: EventLogConformance.Law.allCases)
        func theLogKeeps(law: EventLogConformance.Law) throws {
            let log = try Broker.log()
            defer { log.close() }
            try EventLogConformance(log: log).check(law)
        }
    }
}
