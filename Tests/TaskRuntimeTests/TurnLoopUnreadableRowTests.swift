import Contracts
import Domain
import EventLog
import JSON
import Testing

@testable import TaskRuntime

/// Rows that cannot be read: a store that is made anew, or a dead letter.
extension TurnLoopTests {
    /// What the probes told, in order.
    var told: [String] {
        session.outputs.filter { $0.text(HeaderName.type) == Seen.type }.map {
            String(decoding: $0.key ?? [], as: UTF8.self)
        }
    }

    /// Dead letters: offset and code.
    var letters: [String] {
        session.outputs.compactMap { output in
            output.text(HeaderName.errorCode).map { "\(output.text("__connect.errors.offset") ?? "") \($0)" }
        }
    }

    private var discards: Int { session.trace.count { $0.hasPrefix("discard") } }

    private var faultCodes: [String] {
        notices.all.compactMap { if case .fault(let fault) = $0 { fault.code } else { nil } }
    }

    /// Damages the row that probes share, in the store alone.
    private func spoil(_ provider: MemoryProvider) throws {
        let store = try #require(provider.opened[0])
        let checkpoint = try #require(try store.checkpoint())
        try store.begin()
        try store.apply([
            RowChange(table: ProbeProcessor.table, key: ProbeProcessor.shared.bytes, value: Array("{}".utf8))
        ])
        try store.commit(checkpoint)
    }

    @Test func aRowThatTheStoreAloneHasDamagedIsHealedAndItsRecordProcessed() throws {
        let provider = provider
        try run([
            .events([.assigned([0])]), batch(0, 0..<1, behaviour: "share"),
            .act { #expect(throws: Never.self) { try spoil(provider) } },
            batch(0, 1..<2, behaviour: "read"), .events([]), batch(0, 1..<2, behaviour: "read"),
        ])
        #expect(told == ["100:p0", "101:p1"])
        #expect(letters.isEmpty && discards == 1)
        #expect(faultCodes == ["store_corrupt"])
        #expect(session.trace.count { $0 == "abort" } == 1)
    }

    @Test func aRowThatTheChangelogHasSoCostsTheRecordsThatNeedItAndOneRestore() throws {
        try run([
            .events([.assigned([0])]), batch(0, 0..<1, behaviour: "spoil"),
            batch(0, 1..<2, behaviour: "read"), .events([]),
            .events([.records([probe(0, 1, behaviour: "read"), probe(0, 2)])]),
            batch(0, 3..<4, behaviour: "read"), batch(0, 4..<5),
        ])
        #expect(told == ["100:p0", "102:p2", "104:p4"])
        #expect(letters == ["1 processing_failed", "3 processing_failed"])
        #expect(discards == 1 && faultCodes == ["store_corrupt"] && stops.isEmpty)
        #expect(session.positions[0]?.offset == 5)
    }

    /// It was written in the very turn.
    @Test func aRowThatItsOwnTurnSpoiltCostsNoMore() throws {
        let records = [probe(0, 0, behaviour: "spoil"), probe(0, 1, behaviour: "read"), probe(0, 2)]
        try run([
            .events([.assigned([0])]), .events([.records(records)]), .events([]), .events([.records(records)]),
        ])
        #expect(told == ["100:p0", "102:p2"])
        #expect(letters == ["1 processing_failed"] && discards == 1)
    }

    /// The log was away when the store was to be thrown away.
    @Test func aRowIsNotTakenForTheChangelogsBeforeTheStoreWasMadeAnew() throws {
        let (session, provider) = (session, provider)
        try run([
            .events([.assigned([0])]), batch(0, 0..<1, behaviour: "share"),
            .act {
                #expect(throws: Never.self) { try spoil(provider) }
                session.positionFaults[0] = [LogError(.timedOut, .retriable, "asked for")]
            },
            batch(0, 1..<2, behaviour: "read"), .events([]), .events([]), batch(0, 1..<2, behaviour: "read"),
            .events([]), batch(0, 1..<2, behaviour: "read"),
        ])
        #expect(told == ["100:p0", "101:p1"])
        #expect(letters.isEmpty && discards == 1)
        #expect(faultCodes.filter { $0 == "store_corrupt" }.count == 1)
    }

    /// What becomes of one partition's row is no other's business.
    @Test func theOtherPartitionsOfTheTurnKeepTheirStores() throws {
        try run([
            .events([.assigned([0, 1])]), batch(1, 0..<1, behaviour: "spoil"),
            .events([.records([probe(0, 0), probe(1, 1, behaviour: "read")])]), .events([]),
            .events([.records([probe(0, 0), probe(1, 1, behaviour: "read")])]),
        ])
        #expect(session.trace.filter { $0.hasPrefix("discard") } == ["discard 1"])
        #expect(told == ["100:p0", "100:p0"] && letters == ["1 processing_failed"])
    }

    /// Where a partition stands cannot be guessed.
    @Test func aTurnRowThatNobodyCanReadStopsItsPartitionAloneAfterOneRestore() throws {
        let mark = RowChange(table: TurnRow.table, key: TurnRow.key.bytes, value: Array("{}".utf8))
        session.write(changelog: [
            OutgoingRecord(
                topic: "c", partition: 0, key: Changelog.key(of: mark), value: mark.value,
                headers: Changelog.headers(turn: 1))
        ])
        session.positions[0] = CommittedPosition(offset: 7, metadata: "turn=1 epoch=1")
        try run([.events([.assigned([0, 1])]), .events([]), .events([]), batch(1, 0..<1)])
        #expect(stops == ["changelog_unreadable"] && discards == 1)
        let words = "the row of table turn whose key has the hash "
        #expect(toldStops.first?.hasPrefix("0 changelog_unreadable: \(words)") == true)
        #expect(told == ["100:p0"])
    }

    /// Somebody has written into the changelog.
    @Test func aRecordThatIsNoRowOfOursStopsItsPartitionAlone() throws {
        session.write(changelog: [OutgoingRecord(topic: "c", partition: 0, key: [1], value: [2])])
        try run([.events([.assigned([0, 1])]), .events([]), .events([]), batch(1, 0..<1)])
        #expect(toldStops == ["0 changelog_unreadable: c/0/0 is no changelog record of ours"] && discards == 0)
        #expect(told == ["100:p0"])
    }

    /// A row's mark has a byte for the version and eight for the turn.
    @Test(arguments: [nil, 0, 8, 10] as [Int?])
    func aRowWithoutAWholeMarkStopsItsPartitionAlone(byteCount: Int?) throws {
        let whole = try #require(Changelog.headers(turn: 1).value(of: Changelog.header))
        #expect(whole.count == 9)
        var headers = LogHeaders()
        if let byteCount {
            let mark: [UInt8] = Array((whole + [0]).prefix(byteCount))
            headers.append(Changelog.header, mark)
        }
        let row = RowChange(table: ProbeProcessor.table, key: ProbeProcessor.shared.bytes, value: Array("{}".utf8))
        session.write(changelog: [
            OutgoingRecord(
                topic: "c", partition: 0, key: Changelog.key(of: row), value: row.value, headers: headers)
        ])
        try run([.events([.assigned([0, 1])]), .events([]), .events([]), batch(1, 0..<1)])
        #expect(toldStops == ["0 changelog_unreadable: c/0/0 is no changelog record of ours"] && discards == 0)
        #expect(told == ["100:p0"])
    }
}
