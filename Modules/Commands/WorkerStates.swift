import CommandLineKit
import Contracts
import Foundation
import JSON
import Synchronization

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// What workers' own pages say of their partitions: a log knows who owns one, not how far its restore is.
struct WorkerStates {
    /// How long one worker is waited for.
    static let patience: TimeInterval = 3
    /// What one page may have.
    static let maximumBytes = 1 << 20
    /// How many workers are asked.
    static let maximumWorkers = 256

    private var states: [String: String] = [:]
    /// Workers that could not be asked, and why.
    private(set) var problems: [String] = []

    /// - Parameter list: `HOST:PORT`, several with commas; `nil` asks nobody.
    init(asking list: String?) throws {
        guard let list else { return }
        let places = list.split(separator: ",").map(String.init)
        guard places.count <= WorkerStates.maximumWorkers else {
            throw UsageError("--ops: at most \(WorkerStates.maximumWorkers) workers can be asked")
        }
        for place in places {
            guard let url = URL(string: "http://\(place)/readyz"), url.host != nil, url.port != nil else {
                throw UsageError("--ops: expected HOST:PORT, found `\(place)`")
            }
            switch WorkerStates.page(url) {
            case .success(let body): take(body, from: place)
            case .failure(let reason): problems.append("\(place): \(reason.description)")
            }
        }
    }

    func state(of worker: WorkerName, partition: Int32) -> String? { states["\(worker.rawValue)/\(partition)"] }

    private mutating func take(_ body: [UInt8], from place: String) {
        do {
            for worker in try JSONDocument.decode(ReadyPage.self, from: body).workers {
                for partition in worker.partitions {
                    let detail = partition.remaining.map { ", \($0) to go" } ?? partition.code.map { ", \($0)" } ?? ""
                    states["\(worker.worker)/\(partition.partition)"] = partition.state + detail
                }
            }
        } catch {
            problems.append("\(place): /readyz is not a worker's (\(error))")
        }
    }

    private struct Unreachable: Error, CustomStringConvertible {
        var description: String
    }

    /// An unready worker answers 503 with the same page.
    private static func page(_ url: URL) -> Result<[UInt8], Unreachable> {
        let answer = Mutex<Result<[UInt8], Unreachable>>(.failure(Unreachable(description: "no answer")))
        let done = DispatchSemaphore(value: 0)
        let session = URLSession(configuration: .ephemeral)
        let task = session.dataTask(with: URLRequest(url: url, timeoutInterval: patience)) { data, _, error in
            answer.withLock {
                if let error {
                    $0 = .failure(Unreachable(description: error.localizedDescription))
                } else if let data, data.count <= maximumBytes {
                    $0 = .success(Array(data))
                }
            }
            done.signal()
        }
        task.resume()
        if done.wait(timeout: .now() + patience + 1) == .timedOut { task.cancel() }
        return answer.withLock { $0 }
    }
}

/// The part of a worker's `/readyz` that is shown.
private struct ReadyPage: JSONReadable {
    var workers: [Worker]

    init(reading reader: inout ObjectReader) { workers = reader.objects("workers", Worker.self) }

    struct Worker: JSONReadable {
        var worker: String
        var partitions: [Partition]

        init(reading reader: inout ObjectReader) {
            worker = reader.string("worker")
            partitions = reader.objects("partitions", Partition.self)
        }
    }

    struct Partition: JSONReadable {
        var partition: Int64
        var state: String
        var remaining: Int64?
        var code: String?

        init(reading reader: inout ObjectReader) {
            partition = reader.integer("partition")
            state = reader.string("state")
            remaining = reader.optionalInteger("remaining")
            code = reader.optionalString("code")
        }
    }
}
