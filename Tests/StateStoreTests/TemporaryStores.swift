import Foundation
import TaskRuntime
import Testing

@testable import StateStore

/// Slots of one test, whose stores go with it.
final class TemporaryStores {
    private let parent = FileManager.default.temporaryDirectory.appending(path: "store-\(UUID())")
    private let tables: [StateTable]

    init(_ tables: [StateTable]) { self.tables = tables }

    deinit { try? FileManager.default.removeItem(at: parent) }

    func directory(of slot: String) -> String { parent.appending(path: slot).path }

    func provider(of slot: String, bootID: String = "boot-1") throws -> SQLiteStateBackendProvider {
        try SQLiteStateBackendProvider(
            directory: directory(of: slot), tables: tables, schemaVersion: 1, bootID: bootID)
    }
}

extension SQLiteStateBackendProvider {
    /// The store of the first partition.
    func openStore() throws -> SQLiteStateBackend { try #require(try open(partition: 0) as? SQLiteStateBackend) }
}
