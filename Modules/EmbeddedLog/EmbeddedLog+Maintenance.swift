package import EventLog

extension EmbeddedLog {
    /// Committed records after which the topics are cleaned again.
    private static let recordsBetweenMaintenance = 200_000
    /// The longest time between two cleanings of a log that is hardly written.
    private static let maintenanceInterval = Duration.seconds(600)

    /// Cleans once at the start, then whenever it is due, on a thread of its own.
    func startMaintenance() {
        monitor.locked {
            maintenanceThread = BlockingThread { [weak self] in
                while let log = self, log.maintainWhenDue() {}
            }
        }
    }

    /// `false` when the log is closed.
    private func maintainWhenDue() -> Bool {
        do {
            try maintain()
        } catch {
            // What failed is tried again at the next time; a file that cannot be written shows itself at the commits.
        }
        return monitor.locked {
            let deadline = ContinuousClock.now + Self.maintenanceInterval
            while unusable == nil, recordsSinceMaintenance < Self.recordsBetweenMaintenance {
                guard monitor.wait(for: .commits, until: deadline) else { break }
            }
            recordsSinceMaintenance = 0
            return unusable == nil
        }
    }

    /// Deletes what the topics' retention lets go and compacts changelogs. Commits go on meanwhile: each step writes a
    /// bounded number of rows. A step that was not reached is done the next time.
    ///
    /// - Parameter isForced: compacts topics of which little is to be gained, too.
    package func maintain(isForced: Bool = false) throws(LogError) {
        monitor.locked {
            while isMaintaining { _ = monitor.wait(for: .commits) }
            isMaintaining = true
        }
        defer {
            monitor.locked {
                isMaintaining = false
                monitor.signalAll(.commits)
            }
        }
        let topics = monitor.locked { topicLogs.values.sorted { $0.id < $1.id } }
        let cleaner = try LogCleaner(log: self)
        defer { cleaner.close() }
        for topic in topics {
            for partition in topic.partitions {
                guard monitor.locked({ unusable == nil }) else { return }
                switch topic.specification.cleanup {
                case .delete(retentionMilliseconds: nil): continue
                case .delete(let retention?): try cleaner.expire(partition, olderThan: retention)
                case .compact(let lag): try cleaner.compact(partition, minimumLag: lag, isForced: isForced)
                }
            }
        }
    }
}
