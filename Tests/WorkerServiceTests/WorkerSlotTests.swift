import Contracts
import Foundation
import Testing

@testable import WorkerService

@Suite struct WorkerSlotTests {
    private let directory: ScratchDirectory

    init() throws { directory = try ScratchDirectory() }

    private func claim(_ worker: WorkerName = .referral, instance: String? = nil) throws -> WorkerSlot {
        try WorkerSlot(of: worker, dataDirectory: directory.path, instance: instance)
    }

    @Test func `copies take the lowest free slot, and the next copy takes up what one left`() throws {
        let first = try claim()
        var second: WorkerSlot? = try claim()
        let third = try claim()
        #expect([first.name, second?.name, third.name] == ["0", "1", "2"])
        second = nil
        #expect(try claim().name == "1")
    }

    @Test func `workers do not take each other's slots`() throws {
        let referral = try claim(.referral)
        let payout = try claim(.payout)
        #expect(referral.name == "0")
        #expect(payout.name == "0")
    }

    @Test func `a name is for one process at a time`() throws {
        var held: WorkerSlot? = try claim(instance: "blue")
        #expect(held?.name == "blue")
        let failure = try #require(throws: WorkerSlotFailure.self) { try claim(instance: "blue") }
        #expect(failure.description.contains("instance blue"))
        held = nil
        #expect(try claim(instance: "blue").name == "blue")
    }

    @Test func `more copies than slots are refused`() throws {
        let held = try (0..<WorkerSlot.maximumCopies).map { _ in try claim() }
        #expect(held.count == WorkerSlot.maximumCopies)
        withExtendedLifetime(held) { _ = #expect(throws: WorkerSlotFailure.self) { try claim() } }
    }

    @Test(arguments: [("blue-1", true), ("A_b", true), ("", false), ("a/b", false), ("ä", false), ("a.b", false)])
    func `an instance name fits an identity and a file name`(name: String, isValid: Bool) {
        #expect(WorkerSlot.isValid(instance: name) == isValid)
    }

    @Test(.timeLimit(.minutes(5))) func `copies that start together read one node id`() async throws {
        let path = directory.path
        let ids = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<16 { group.addTask { try NodeIdentity(dataDirectory: path).text } }
            return try await group.reduce(into: Set<String>()) { $0.insert($1) }
        }
        #expect(ids.count == 1)
        #expect(try FileManager.default.contentsOfDirectory(atPath: path) == ["node-id"])
    }
}
