package import Foundation

extension Thread {
    /// Blocks the calling thread.
    package static func sleep(for duration: Duration) {
        let (seconds, attoseconds) = duration.components
        sleep(forTimeInterval: Double(seconds) + Double(attoseconds) / 1e18)
    }
}
