import Domain
import Hashing
import JSON
import Testing

@testable import TaskRuntime

@Suite struct TaskStateTests {
    let table = StateTable("rows")

    private func checkpoint(_ turn: Int64) -> StoreCheckpoint {
        StoreCheckpoint(changelogOffset: turn, inputOffset: turn, turn: turn, epoch: 1, committedAtMilliseconds: 0)
    }

    private func rows(_ state: TaskState) throws -> [String: String] {
        var rows: [String: String] = [:]
        for (key, row) in try state.rows(table, prefix: StateKey(), as: TextRow.self) {
            rows[String(decoding: key.bytes.dropLast(), as: UTF8.self)] = row.text
        }
        return rows
    }

    @Test func recordsLieOverTheTurnOverTheStore() throws {
        let state = TaskState(backend: MemoryStateBackend())
        for key in ["a", "b", "c"] { try state.put(table, StateKey(key), TextRow("store")) }
        state.acceptRecord()
        try state.commitTurn(checkpoint(1))
        try state.put(table, StateKey("b"), TextRow("turn"))
        state.acceptRecord()
        try state.put(table, StateKey("c"), TextRow("record"))
        try state.delete(table, StateKey("a"))
        #expect(try rows(state) == ["b": "turn", "c": "record"])
        #expect(try state.get(table, StateKey("a"), as: TextRow.self) == nil)
        state.rejectRecord()
        #expect(try rows(state) == ["a": "store", "b": "turn", "c": "store"])
        try state.rollbackTurn()
        #expect(try rows(state) == ["a": "store", "b": "store", "c": "store"])
    }

    @Test func keysAreReadOfRowsThatOnlyMemoryHasToo() throws {
        let lag = StoreLag(rows: .max, bytes: .max, milliseconds: .max)
        let state = TaskState(backend: MemoryStateBackend(), lag: lag)
        for (turn, text) in ["short", "of some length", "longer than some"].enumerated() {
            try state.put(table, StateKey(text), TextRow(text))
            state.acceptRecord()
            try state.commitTurn(checkpoint(Int64(turn + 1)))
        }
        var found: [StateKey] = []
        var position: StorePosition? = .start
        while let from = position {
            let (keys, next) = try state.keys(table, valuesFrom: 20, after: from, limit: 1)
            found += keys
            position = next
        }
        #expect(Set(found) == [StateKey("of some length"), StateKey("longer than some")])
    }

    @Test func aLimitedScanSeesPastRowsThatTheRecordDeleted() throws {
        let state = TaskState(backend: MemoryStateBackend())
        for key in ["a", "b", "c", "d"] { try state.put(table, StateKey(key), TextRow(key)) }
        state.acceptRecord()
        try state.delete(table, StateKey("a"))
        try state.delete(table, StateKey("b"))
        try state.put(table, StateKey("bb"), TextRow("bb"))
        let found = try state.rows(table, from: StateKey(), upTo: StateKey("d"), limit: 2, as: TextRow.self)
        #expect(found.map(\.row.text) == ["bb", "c"])
    }

    /// With and without scans in between, which write a part of the turn into the store's transaction.
    @Test(arguments: [[], [1], [2], [1, 2]]) func aRowThatCameAndWentInATurnLeavesNoTrace(scansAfter: [Int]) throws {
        let backend = MemoryStateBackend()
        let state = TaskState(backend: backend)
        try state.putNew(table, StateKey("a"), TextRow("one"))
        state.acceptRecord()
        if scansAfter.contains(1) { _ = try rows(state) }
        try state.put(table, StateKey("a"), TextRow("two"))
        state.acceptRecord()
        if scansAfter.contains(2) { _ = try rows(state) }
        try state.delete(table, StateKey("a"))
        state.acceptRecord()
        #expect(state.turnImages().isEmpty)
        try state.commitTurn(checkpoint(1))
        #expect(try rows(state).isEmpty)
    }

    /// A store that is written every turn, every few rows, and only when asked.
    static let lags = [
        StoreLag.none, StoreLag(rows: 5, bytes: .max, milliseconds: .max),
        StoreLag(rows: .max, bytes: .max, milliseconds: .max),
    ]

    @Test(arguments: 0..<60, lags) func anyOperationsActLikeADictionary(seed: UInt64, lag: StoreLag) throws {
        var random = SplitMix64(seed: seed)
        let live = MemoryStateBackend()
        let restored = MemoryStateBackend()
        let state = TaskState(backend: live, lag: lag)
        var (store, turn, current): ([String: String], [String: String], [String: String]) = ([:], [:], [:])
        var turns: Int64 = 0
        for step in 0..<400 {
            let key = "k\(Int.random(in: 0..<12, using: &random))"
            switch Int.random(in: 0..<20, using: &random) {
            case 0..<6:
                let isKnownNew = store[key] == nil && turn[key] == nil && current[key] == nil
                if isKnownNew && Bool.random(using: &random) {
                    try state.putNew(table, StateKey(key), TextRow("\(step)"))
                } else {
                    try state.put(table, StateKey(key), TextRow("\(step)"))
                }
                current[key] = "\(step)"
            case 6..<10:
                try state.delete(table, StateKey(key))
                current[key] = nil
            case 10..<12: #expect(try state.get(table, StateKey(key), as: TextRow.self)?.text == current[key])
            case 12: #expect(try rows(state) == current)
            case 13..<16:
                state.acceptRecord()
                turn = current
            case 16..<18:
                state.rejectRecord()
                current = turn
            case 18:
                state.acceptRecord()
                turns += 1
                let images = state.turnImages()
                try state.commitTurn(checkpoint(turns))
                try restored.begin()
                try restored.apply(images)
                try restored.commit(checkpoint(turns))
                (store, turn) = (current, current)
            default:
                try state.rollbackTurn()
                (turn, current) = (store, store)
            }
        }
        try state.rollbackTurn()
        #expect(try rows(state) == store)
        try state.store()
        #expect(try rows(state) == store)
        #expect(try allRows(live) == allRows(restored))
    }

    /// What a crash takes is what the changelog has after the store's checkpoint.
    @Test func aStoreThatIsBehindStandsWhereItsCheckpointSays() throws {
        let live = MemoryStateBackend()
        let state = TaskState(backend: live, lag: StoreLag(rows: 3, bytes: .max, milliseconds: 1_000))
        func commit(_ turn: Int64, at milliseconds: Int64) throws {
            try state.put(table, StateKey("k\(turn)"), TextRow("\(turn)"))
            state.acceptRecord()
            var checkpoint = checkpoint(turn)
            checkpoint.committedAtMilliseconds = milliseconds
            try state.commitTurn(checkpoint)
        }
        try commit(1, at: 0)
        try commit(2, at: 10)
        #expect(try live.checkpoint() == nil)
        #expect(try rows(state).count == 2)
        try state.rollbackTurn()
        #expect(try rows(state).count == 2)
        try commit(3, at: 20)
        #expect(try live.checkpoint()?.turn == 3)
        try commit(4, at: 30)
        try state.storeIfDue(at: 1_029)
        #expect(try live.checkpoint()?.turn == 3)
        try state.storeIfDue(at: 1_030)
        #expect(try live.checkpoint()?.turn == 4)
        #expect(try allRows(live).count == 4)
        try commit(5, at: 3_600_000)
        #expect(try live.checkpoint()?.turn == 4)
        // The clock was set back by an hour: the store does not wait for it.
        try state.storeIfDue(at: 20)
        #expect(try live.checkpoint()?.turn == 5)
    }

    @Test func theFirstTimerIsKnownWhateverBecomesOfTheRecords() throws {
        let state = TaskState(backend: MemoryStateBackend())
        func put(_ name: String, _ due: Int64, _ payload: String = "") throws {
            try state.schedule(TaskTimer(name: name, due: time(due), payload: payload))
        }
        #expect(try state.firstTimer() == nil)
        try put("b", 20)
        state.acceptRecord()
        #expect(try state.firstTimer()?.timer.name == "b")
        try put("a", 20)
        #expect(try state.firstTimer()?.timer.name == "a")
        state.rejectRecord()
        #expect(try state.firstTimer()?.timer.name == "b")
        try put("b", 20, "again")
        #expect(try state.firstTimer()?.timer.payload == "again")
        state.acceptRecord()
        try state.cancelTimer(named: "b", due: time(20))
        #expect(try state.firstTimer() == nil)
        state.rejectRecord()
        #expect(try state.firstTimer()?.timer.payload == "again")
        try state.rollbackTurn()
        #expect(try state.firstTimer() == nil)
    }

    @Test(arguments: 0..<20) func timersFireInOrderWhateverIsScheduledAndCancelled(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let state = TaskState(backend: MemoryStateBackend())
        var model: Set<TaskTimer> = []
        for step in 0..<300 {
            let timer = TaskTimer(
                name: "t\(Int.random(in: 0..<4, using: &random))",
                due: time(Int64.random(in: 0..<6, using: &random)), payload: "")
            switch step % 3 {
            case 0:
                try state.schedule(timer)
                model.insert(timer)
            case 1:
                try state.cancelTimer(named: timer.name, due: timer.due)
                model.remove(timer)
            default: state.acceptRecord()
            }
            let first = model.min { ($0.due, $0.name) < ($1.due, $1.name) }
            #expect(try state.firstTimer()?.timer == first)
        }
    }
}

/// Every row as text, for comparison.
func allRows(_ backend: any StateBackend) throws -> [String] {
    var rows: [String] = []
    try backend.forEachRow { table, key, value in
        rows.append("\(table.name) \(key) \(String(decoding: value, as: UTF8.self))")
    }
    return rows
}
