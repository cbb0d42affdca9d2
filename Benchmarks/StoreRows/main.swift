// Stores of some partitions as they grow, written in turn as a worker does: new rows of random keys, each looked for before
// it is added, and the rows of the turn before changed once more. Prints the processor time a row, user and system, for each
// fifth of the rows: it must hardly grow with the store.
//
//     StoreRows [directory] [rows a partition] [rows a turn] [bytes a row] [partitions]
import Foundation
import Glibc
import StateStore
import TaskRuntime

let arguments = CommandLine.arguments
let directory = arguments.count > 1 ? arguments[1] : NSTemporaryDirectory() + "store-rows-\(getpid())"

@MainActor func number(_ place: Int, _ standard: Int) -> Int {
    arguments.count > place ? Int(arguments[place])! : standard
}

let rows = number(2, 200_000)
let perTurn = number(3, 1_500)
let value = [UInt8](repeating: UInt8(ascii: "v"), count: number(4, 1_000))
let partitions = number(5, 4)

let table = StateTable("referral")
let provider = try SQLiteStateBackendProvider(directory: directory, tables: [table], schemaVersion: 1)
let stores = try (0..<partitions).map { try provider.open(partition: Int32($0)) }
var state: UInt64 = 42

@MainActor func key() -> [UInt8] {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Array("account-\((state >> 16) &* 0x9E37_79B9_7F4A_7C15).example".utf8)
}

/// Processor seconds of this process so far.
func processor() -> (user: Double, system: Double) {
    var usage = rusage()
    unsafe getrusage(0, &usage)
    func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
    return (seconds(usage.ru_utime), seconds(usage.ru_stime))
}

var earlier = [[[UInt8]]](repeating: [], count: partitions)
var (done, reported) = (0, 0)
var last = processor()
while done < rows {
    for (partition, store) in stores.enumerated() {
        let keys = (0..<perTurn).map { _ in key() }
        for key in keys { _ = try store.get(table, key) }
        try store.begin()
        try store.apply(
            keys.map { RowChange(table: table, key: $0, value: value, isNew: true) }
                + earlier[partition].map { RowChange(table: table, key: $0, value: value) })
        try store.commit(
            StoreCheckpoint(changelogOffset: 0, inputOffset: 0, turn: 1, epoch: 1, committedAtMilliseconds: 0))
        earlier[partition] = keys
    }
    done += perTurn
    guard done - reported >= rows / 5 || done >= rows else { continue }
    let now = processor()
    let count = Double((done - reported) * partitions) / 1e6
    print(
        String(
            format: "%8d rows a partition: user %.1f us, system %.1f us a row", done, (now.user - last.user) / count,
            (now.system - last.system) / count))
    (last, reported) = (now, done)
}
for store in stores { store.close() }
try FileManager.default.removeItem(atPath: directory)
