// A partition's store under turns of random rows, live and restored. Prints rows a second.
//
//     StoreRows [directory] [rows] [rows a turn] [bytes a row]
import Foundation
import StateStore
import TaskRuntime

let arguments = CommandLine.arguments
let directory = arguments.count > 1 ? arguments[1] : NSTemporaryDirectory() + "store-rows-\(getpid())"
let rows = arguments.count > 2 ? Int(arguments[2])! : 400_000
let perTurn = arguments.count > 3 ? Int(arguments[3])! : 2_000

let valueBytes = arguments.count > 4 ? Int(arguments[4])! : 300

let table = StateTable("referral")
let provider = try SQLiteStateBackendProvider(directory: directory, tables: [table], schemaVersion: 1)
let value = [UInt8](repeating: UInt8(ascii: "v"), count: valueBytes)
var state: UInt64 = 42

@MainActor func key() -> [UInt8] {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Array("account-\(state >> 24).example".utf8)
}

func seconds(_ body: () throws -> Void) rethrows -> Double {
    let (seconds, attoseconds) = try ContinuousClock().measure(body).components
    return Double(seconds) + Double(attoseconds) / 1e18
}

let store = try provider.open(partition: 0)
var read = 0.0
let elapsed = try seconds {
    for turn in 0..<(rows / perTurn) {
        let keys = (0..<perTurn).map { _ in key() }
        read += try seconds { for key in keys { _ = try store.get(table, key) } }
        try store.begin()
        try store.apply(keys.map { RowChange(table: table, key: $0, value: value) })
        try store.commit(
            StoreCheckpoint(
                changelogOffset: 0, inputOffset: 0, turn: Int64(turn), epoch: 1, committedAtMilliseconds: 0))
    }
}
store.close()
print(
    String(
        format: "%d rows in turns of %d: %.0f rows/s written, %.2f us a get", rows, perTurn,
        Double(rows) / (elapsed - read), read / Double(rows) * 1e6))
