import Contracts
import Foundation
package import HTTPServing
package import JSON
import Metrics

/// The pages of a running process for those who run it: `/livez`, `/readyz`, `/metrics`, `/version`.
package final class OpsPort {
    private let server: HTTPServer

    /// - Parameters:
    ///   - address: numeric.
    ///   - port: 0 for any that is free.
    ///   - storeDirectories: whose files are measured at each look at `/metrics`, with the worker's name.
    package init(
        address: String, port: Int, monitor: WorkerMonitor, storeDirectories: [(worker: String, path: String)]
    ) throws(HTTPServerError) {
        let pages = OpsPages(monitor: monitor, storeDirectories: storeDirectories)
        server = try HTTPServer(address: address, port: port) { pages.answer($0) }
    }

    /// The port bound.
    package var port: Int { server.port }

    package func stop() { server.stop() }
}

/// What each page says.
struct OpsPages: Sendable {
    var monitor: WorkerMonitor
    var storeDirectories: [(worker: String, path: String)]

    func answer(_ request: HTTPRequest) -> HTTPResponse {
        switch request.path {
        case "/livez": live()
        case "/readyz": ready()
        case "/metrics": metrics()
        case "/version": .json(200, JSONEncoding.encode(VersionPage()))
        default: .text(404, "there are /livez, /readyz, /metrics and /version\n")
        }
    }

    private func live() -> HTTPResponse {
        let now = ContinuousClock.now
        let hung = monitor.readiness.compactMap { state in
            state.hungFor(at: now).map { "\(state.worker.rawValue)-worker: no sign of a turn thread for \($0)" }
        }
        return .json(hung.isEmpty ? 200 : 503, JSONEncoding.encode(LivePage(isLive: hung.isEmpty, reasons: hung)))
    }

    private func ready() -> HTTPResponse {
        let states = monitor.readiness
        let isReady = states.allSatisfy(\.isReady)
        return .json(isReady ? 200 : 503, JSONEncoding.encode(ReadyPage(isReady: isReady, workers: states)))
    }

    private func metrics() -> HTTPResponse {
        for state in monitor.readiness {
            monitor.metrics.set(.ready, [state.worker.rawValue], state.isReady ? 1 : 0)
        }
        for (worker, bytes) in StoreBytes.measure(storeDirectories) {
            monitor.metrics.set(.storeBytes, [worker], Double(bytes))
        }
        return HTTPResponse(
            status: 200, contentType: MetricRegistry.contentType, body: Array(monitor.metrics.text.utf8))
    }
}

private struct VersionPage: JSONWritable {
    func write(to writer: inout ObjectWriter) {
        writer.string("name", "tributary")
        writer.string("version", ProductVersion.text)
    }
}

private struct LivePage: JSONWritable {
    var isLive: Bool
    var reasons: [String]

    func write(to writer: inout ObjectWriter) {
        writer.boolean("live", isLive)
        writer.strings("reasons", reasons)
    }
}

private struct ReadyPage: JSONWritable {
    var isReady: Bool
    var workers: [Readiness]

    func write(to writer: inout ObjectWriter) {
        writer.boolean("ready", isReady)
        writer.objects("workers", workers.map { WorkerPage(state: $0) })
    }
}

private struct WorkerPage: JSONWritable {
    var state: Readiness

    func write(to writer: inout ObjectWriter) {
        writer.string("worker", state.worker.rawValue)
        writer.boolean("ready", state.isReady)
        writer.objects("reasons", state.reasons)
        writer.objects(
            "partitions",
            state.partitions.sorted { $0.key < $1.key }.map { PartitionPage(partition: $0.key, state: $0.value) })
    }
}

extension Readiness.Reason: JSONWritable {
    package func write(to writer: inout ObjectWriter) {
        writer.string("code", code)
        if let partition { writer.integer("partition", Int64(partition)) }
        writer.string("message", message)
    }
}

private struct PartitionPage: JSONWritable {
    var partition: Int32
    var state: Readiness.PartitionState

    func write(to writer: inout ObjectWriter) {
        writer.integer("partition", Int64(partition))
        switch state {
        case .running: writer.string("state", "running")
        case .restoring(let remaining, _):
            writer.string("state", "restoring")
            if let remaining { writer.integer("remaining", remaining) }
        case .stopped(let code, _):
            writer.string("state", "stopped")
            writer.string("code", code)
        }
    }
}
