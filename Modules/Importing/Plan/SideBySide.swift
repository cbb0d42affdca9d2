internal import Dispatch
internal import Foundation
internal import Synchronization

extension Array where Element: Sendable {
    /// Fewer are not worth other threads.
    private static var worthwhileCount: Int { 64 }

    /// As `map`, on all cores.
    func mapSideBySide<Result: Sendable>(_ body: @Sendable (Element) -> Result) -> [Result] {
        let pieces = ProcessInfo.processInfo.activeProcessorCount
        guard count >= Self.worthwhileCount, pieces > 1 else { return map(body) }
        let results = Mutex([[Result]](repeating: [], count: pieces))
        DispatchQueue.concurrentPerform(iterations: pieces) { piece in
            let part = self[count * piece / pieces..<count * (piece + 1) / pieces].map(body)
            results.withLock { $0[piece] = part }
        }
        return results.withLock { Array<Result>($0.joined()) }
    }
}
