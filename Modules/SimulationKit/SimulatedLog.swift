import EventLog

/// The simulated broker as one process sees it. Only what a turn loop asks for is there.
///
/// `@unchecked Sendable`: used by the holder of the scheduler's baton only.
final class SimulatedLog: EventLog, @unchecked Sendable {
    private let process: SimulatedProcess
    private let broker: SimulatedBroker

    init(process: SimulatedProcess, broker: SimulatedBroker) {
        self.process = process
        self.broker = broker
    }

    func session(_ configuration: SessionConfiguration) throws(LogError) -> any TurnSession {
        try SimulatedSession(configuration, process: process, broker: broker)
    }

    func partitionCount(of topic: String) throws(LogError) -> Int32 {
        guard let count = broker.partitionCount(of: topic) else {
            throw LogError(.unknownTopic, .fatal, "no topic \(topic)")
        }
        return count
    }

    func close() {}

    func createTopics(_ topics: [TopicSpecification]) throws(LogError) { throw notSimulated }
    func topics() throws(LogError) -> [String: TopicSpecification] { throw notSimulated }
    func producer(identity: String) throws(LogError) -> any LogProducer { throw notSimulated }
    func reader(for use: ReaderUse) throws(LogError) -> any LogReader { throw notSimulated }
    func endOffsets(of topic: String) throws(LogError) -> [Int64] { throw notSimulated }
    func committedOffsets(group: String, topic: String) throws(LogError) -> [Int64?] { throw notSimulated }

    private var notSimulated: LogError { LogError(.other, .fatal, "a turn loop does not ask for this") }
}
