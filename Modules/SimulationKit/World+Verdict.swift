import Contracts
import EventLog
import TaskRuntime

/// What the log says at the end.
extension World {
    /// The largest number of hosts that a worker has.
    var hostCount: Int { (hosts.map(\.number).max() ?? 0) + 1 }

    /// Ends every process, whatever it is doing.
    func killAll() {
        for host in hosts {
            host.isWanted = false
            host.process?.die()
        }
        while scheduler.hasLiveFibers { scheduler.run(steps: 1) }
    }

    /// The last committed row of each key of a changelog.
    func changelogRows(_ worker: WorkerName, _ partition: Int32) throws -> StoreRows {
        let place = TopicPartition(workload.catalogue.name(of: .changelog(worker)), partition)
        let rows = MemoryStateBackend()
        try rows.begin()
        var reader = Changelog.RowReader()
        for record in broker.partition(place).read(from: 0, maximum: .max).records {
            try rows.apply([try reader.change(in: record).change])
        }
        return try StoreRows(of: rows)
    }

    /// What a worker's tasks made from their input, as readers of committed records see it: everything that its members
    /// wrote but changelogs and the ticks of idle partitions, which are input.
    func outputs(of worker: WorkerName) -> [OutgoingRecord] {
        let changelog = workload.catalogue.name(of: .changelog(worker))
        var outputs: [OutgoingRecord] = []
        for topic in TopicCatalogue.topics.map(workload.catalogue.name) where topic != changelog {
            for partition in broker.partitions(of: topic) {
                for (record, producer) in partition.committedEntries() {
                    guard producer?.hasPrefix("\(worker.rawValue)-") == true, !isTick(record) else { continue }
                    outputs.append(record)
                }
            }
        }
        return outputs
    }

    private func isTick(_ record: OutgoingRecord) -> Bool {
        record.headers.contains(LogHeader(HeaderName.type, ClockAdvanced.type))
            && !record.headers.contains(name: HeaderName.errorCode)
    }
}
