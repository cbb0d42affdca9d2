import ApprovalWorker
import Contracts
import DomainNames
import PayoutWorker
import ReferralWorker
package import TaskRuntime

/// What makes a worker: its tables and its logic. The same for an executable of its own and for all four in one process.
package struct WorkerDefinition {
    package var name: WorkerName
    package var tables: [StateTable]
    package var makeProcessor: (TaskState, Int32) throws -> any Processor

    package init(
        name: WorkerName, tables: [StateTable], makeProcessor: @escaping (TaskState, Int32) throws -> any Processor
    ) {
        self.name = name
        self.tables = tables + TaskConfiguration.tables
        self.makeProcessor = makeProcessor
    }
}
