import EventLog
import Synchronization

/// A producer that is made before it is needed, and anew after a fault that ended it, such as a broker that was away for longer
/// than a transaction may take. Used by one thread.
///
/// Its identity is stable, so that what a process has left open when it was killed ends with the next one's start. Two
/// processes with one identity end each other's producers, until one of them gives up.
final class LastingProducer {
    private let notBefore: ContinuousClock.Instant
    private let now: () -> ContinuousClock.Instant
    private let open: () throws(LogError) -> any LogProducer
    private var producer: (any LogProducer)?
    private var fencing = RepeatedFencing()
    private let lost = Mutex<LogError?>(nil)

    /// - Parameters:
    ///   - notBefore: until then the identity is another process's, and is not taken up in advance.
    ///   - open: makes a producer, and so takes the identity over.
    init(
        notBefore: ContinuousClock.Instant = .now, now: @escaping () -> ContinuousClock.Instant = { .now },
        open: @escaping () throws(LogError) -> any LogProducer
    ) {
        self.notBefore = notBefore
        self.now = now
        self.open = open
    }

    /// Why it has given up: another process has the identity. Any thread may ask.
    var failure: LogError? { lost.withLock { $0 } }

    /// Makes the producer, where there is none.
    func makeReady() throws(LogError) {
        guard producer == nil, now() >= notBefore else { return }
        try withProducer { _ throws(LogError) in }
    }

    /// - Throws: what the producer throws; after a fatal error the next call makes another one. `fenced` where it has given up.
    func append(_ records: [OutgoingRecord]) throws(LogError) {
        try withProducer { producer throws(LogError) in _ = try producer.append(records) }
    }

    private func withProducer(_ body: (any LogProducer) throws(LogError) -> Void) throws(LogError) {
        if let failure { throw failure }
        do throws(LogError) {
            let current: any LogProducer
            if let producer { current = producer } else { current = try open() }
            producer = current
            try body(current)
        } catch {
            if error.errorClass == .fatal { close() }
            do throws(LogError) { try fencing.note(error, at: now()) } catch let failure {
                lost.withLock { $0 = failure }
                throw failure
            }
            throw error
        }
    }

    func close() {
        producer?.close()
        producer = nil
    }
}
