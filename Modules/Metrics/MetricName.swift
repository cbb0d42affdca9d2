/// Every metric of the product: name, kind, labels and meaning in one place. Units are in the names; labels have few values,
/// and never a partner's, an account's or a person's.
package enum MetricName: String, Sendable, CaseIterable {
    case eventsProcessed = "tributary_events_processed_total"
    case eventProcessing = "tributary_event_processing_seconds"
    case lagRecords = "tributary_consumer_lag_records"
    case lagSeconds = "tributary_consumer_lag_seconds"
    case deadLetters = "tributary_dead_letters_total"
    case duplicates = "tributary_duplicates_total"
    case commit = "tributary_commit_seconds"
    case restoreRemaining = "tributary_restore_remaining_records"
    case rebalances = "tributary_rebalances_total"
    case storeBytes = "tributary_store_bytes"
    case buildInfo = "tributary_build_info"
    case ready = "tributary_ready"
    case partitionStopped = "tributary_partition_stopped"
    case faults = "tributary_faults_total"

    package enum Kind: Sendable, Hashable {
        case counter, gauge
        /// Cumulative, with these upper bounds and `+Inf`.
        case histogram(bounds: [Double])

        var text: String {
            switch self {
            case .counter: "counter"
            case .gauge: "gauge"
            case .histogram: "histogram"
            }
        }
    }

    package var kind: Kind {
        switch self {
        case .eventsProcessed, .deadLetters, .duplicates, .rebalances, .faults: .counter
        case .lagRecords, .lagSeconds, .restoreRemaining, .storeBytes, .buildInfo, .ready, .partitionStopped: .gauge
        case .eventProcessing:
            .histogram(bounds: [0.000_005, 0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.01, 0.1])
        case .commit: .histogram(bounds: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30])
        }
    }

    package var labels: [String] {
        switch self {
        case .eventsProcessed: ["worker", "type", "outcome"]
        case .eventProcessing, .commit, .duplicates, .storeBytes, .ready: ["worker"]
        case .lagRecords, .lagSeconds, .restoreRemaining: ["topic", "partition"]
        case .deadLetters: ["worker", "code"]
        case .rebalances: ["worker", "kind"]
        case .buildInfo: ["version"]
        case .partitionStopped: ["topic", "partition", "code"]
        case .faults: ["worker", "code"]
        }
    }

    package var help: String {
        switch self {
        case .eventsProcessed:
            "Events by what became of them; counted after their turn is committed. On a stream clock an event counts as "
                + "held when it arrives and as applied when its time comes."
        case .eventProcessing: "Time that one event took inside its turn, as the mean of the turn, commit left out."
        case .lagRecords: "Records between the committed position and the end of a partition that this process holds."
        case .lagSeconds:
            "Age of the oldest record that is not processed yet, by its append time; 0 where there is none."
        case .deadLetters: "Records sent to the dead-letter topic."
        case .duplicates: "Events that had been processed before, and changed nothing."
        case .commit: "Time from the end of a turn's processing to its commit in the log and in every store."
        case .restoreRemaining: "Records that a partition still has to read before it works; 0 when it does."
        case .rebalances: "Changes of the assignment: assigned, revoked, lost."
        case .storeBytes: "Size of the store files of this process."
        case .buildInfo: "1, with the version as its label."
        case .ready: "1 where /readyz answers 200."
        case .partitionStopped: "1 for a partition that needs a person."
        case .faults: "Failures of the log or of a store that the worker went on from by itself."
        }
    }
}
