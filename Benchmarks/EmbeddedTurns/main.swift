// The embedded log under the shape of four workers: each referral is a record that a producer appends, and eleven more
// that worker threads write in turns with their positions. Prints rows and referrals a second.
//
//     embedded-turns [directory] [referrals] [threads] [records a turn]
import EmbeddedLog
import EventLog
import Foundation
import Synchronization

let arguments = CommandLine.arguments
let directory = arguments.count > 1 ? arguments[1] : NSTemporaryDirectory() + "embedded-turns-\(getpid())"
let referrals = arguments.count > 2 ? Int(arguments[2])! : 200_000
let threads = arguments.count > 3 ? Int(arguments[3])! : 2
let perTurn = arguments.count > 4 ? Int(arguments[4])! : 1_000
let partitions: Int32 = 8
let outputsPerReferral = 11

let log = try EmbeddedLog(directory: directory)
try log.createTopics(
    ["in", "changelog", "out"].map {
        TopicSpecification(name: $0, partitions: partitions, cleanup: .delete(retentionMilliseconds: nil))
    })
let headers = LogHeaders(
    ["ce_id", "ce_source", "ce_type", "ce_specversion", "ce_time", "ce_subject", "content-type", "tributary-key"]
        .map { LogHeader($0, String(repeating: "x", count: 24)) })
let value = [UInt8](repeating: UInt8(ascii: "v"), count: 400)
let row = [UInt8](repeating: UInt8(ascii: "r"), count: 300)

func seconds(since start: ContinuousClock.Instant) -> Double {
    let (seconds, attoseconds) = (ContinuousClock.now - start).components
    return Double(seconds) + Double(attoseconds) / 1e18
}

func processorSeconds() -> Double {
    var usage = rusage()
    unsafe getrusage(0, &usage)
    return Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + Double(
        usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6
}

let done = Atomic(0)
let start = ContinuousClock.now
let workers = (0..<threads).map { index in
    Thread {
        do {
            let session = try log.session(
                SessionConfiguration(
                    group: "worker", topic: "in", changelogTopic: "changelog", identity: "worker-\(index)"))
            var next: [Int32: Int64] = [:]
            var turn = 0
            while done.load(ordering: .relaxed) < referrals {
                for event in try session.poll(maximumRecords: perTurn, timeout: .milliseconds(100)) {
                    switch event {
                    case .assigned(let owned):
                        for partition in owned {
                            try session.resume(
                                partition, at: try session.committed(partition, timeout: .seconds(1))?.offset ?? 0)
                        }
                    case .revoked, .lost: try session.finishRevocation()
                    case .outOfRange(_, let reason): fatalError(reason)
                    case .records(let records):
                        try session.begin()
                        for record in records {
                            for output in 0..<outputsPerReferral {
                                let isRow = output < 5
                                try session.append(
                                    OutgoingRecord(
                                        topic: isRow ? "changelog" : "out", partition: record.partition,
                                        key: record.key,
                                        value: isRow ? row : value, headers: isRow ? [] : headers))
                            }
                            next[record.partition] = record.offset + 1
                        }
                        turn += 1
                        _ = try session.commit(
                            next.map {
                                TurnOffset(partition: $0.key, offset: $0.value, metadata: "turn=\(turn) epoch=1")
                            },
                            deadline: .now + .seconds(10))
                        next.removeAll(keepingCapacity: true)
                        done.add(records.count, ordering: .relaxed)
                    }
                }
            }
        } catch {
            print("worker \(index): \(error)")
            exit(1)
        }
    }
}
for worker in workers { worker.start() }
let producer = try log.producer(identity: "import")
var sent = 0
while sent < referrals {
    let records = (sent..<min(sent + 1_000, referrals)).map { number in
        OutgoingRecord(
            topic: "in", partition: Int32(number % Int(partitions)), key: Array("account-\(number).example".utf8),
            value: value,
            headers: headers)
    }
    try producer.append(records)
    sent += records.count
}
let produced = seconds(since: start)
for worker in workers { while !worker.isFinished { usleep(1_000) } }
let elapsed = seconds(since: start)
let rows = Double(referrals * (1 + outputsPerReferral))
print(
    String(
        format:
            "%d referrals, %d threads, %d a turn: %.2f s (input in %.2f s), %.0f referrals/s, %.0f rows/s, %.2f us CPU a row",
        referrals, threads, perTurn, elapsed, produced, Double(referrals) / elapsed, rows / elapsed,
        processorSeconds() / rows * 1e6))
log.close()
