/// Names of consumer groups.
package enum WorkerGroup {
    package static func name(_ worker: WorkerName, prefix: String) -> String { "\(prefix).\(worker.rawValue)-worker" }
}
