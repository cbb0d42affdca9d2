import ApprovalWorker
package import Contracts
import DomainNames
import NotificationWorker
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

extension WorkerDefinition {
    /// The worker of that name.
    ///
    /// - Parameter postOffice: takes the notification worker's messages; needed by that one alone.
    static func make(_ name: WorkerName, postOffice: PostOffice?) -> WorkerDefinition {
        let domains = RegistrableDomains()
        switch name {
        case .referral:
            return WorkerDefinition(name: name, tables: ReferralProcessor.tables) { state, _ in
                ReferralProcessor(state: state, domains: domains)
            }
        case .approval:
            return WorkerDefinition(name: name, tables: ApprovalProcessor.tables) { state, _ in
                ApprovalProcessor(state: state, domains: domains)
            }
        case .payout:
            return WorkerDefinition(name: name, tables: PayoutProcessor.tables) { state, partition in
                PayoutProcessor(state: state, partition: partition)
            }
        case .notification:
            guard let postOffice else { preconditionFailure("the notification worker needs its post office") }
            return WorkerDefinition(name: name, tables: NotificationProcessor.tables) { state, partition in
                NotificationProcessor(state: state, partition: partition, dispatch: postOffice.sender) {
                    try postOffice.input(of: partition, from: $0)
                }
            }
        }
    }
}
