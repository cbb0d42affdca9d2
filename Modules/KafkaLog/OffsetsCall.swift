import CRdkafka
import Dispatch
import EventLog
import Synchronization

/// One call that adds positions to a transaction, on a thread of its own.
///
/// In this library version it returns when the coordinator has answered, whatever time it is given: not at all while the
/// broker is away. Its caller can leave it behind; then it ends the client itself, once it has returned and the caller has let
/// the client go.
///
/// Safe because the list is a copy of its own, freed with it, and the client and the metadata outlive it.
@safe final class OffsetsCall: @unchecked Sendable {
    private enum State {
        case running, left
        /// With what came of it; `nil` where it went well.
        case returned(KafkaFailure?)
    }

    private let handle: KafkaHandle
    private let positions: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>
    private let metadata: GroupMetadata
    private let state = Mutex(State.running)
    private let hasReturned = DispatchSemaphore(value: 0)
    private let isReleased = DispatchSemaphore(value: 0)

    init(
        _ handle: KafkaHandle, _ positions: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>,
        _ metadata: GroupMetadata
    ) {
        self.handle = handle
        unsafe self.positions = rd_kafka_topic_partition_list_copy(positions)
        self.metadata = metadata
    }

    deinit { unsafe rd_kafka_topic_partition_list_destroy(positions) }

    /// How much earlier the library is to give up than its caller: it looks at the time with each answer, which it asks for
    /// every half second.
    static let margin = Duration.seconds(1)

    /// Begins the call. It does not resume: what is answered behind its time is thrown away.
    func start(_ wait: ClusterWait) throws(LogError) {
        _ = try BlockingThread.trying { [self] in
            let time = max(1, (wait.end.remaining - Self.margin).milliseconds)
            let error = unsafe rd_kafka_send_offsets_to_transaction(
                handle.pointer, positions, metadata.pointer, time)
            let failure = unsafe error.map { unsafe KafkaFailure(consuming: $0) }
            let isLeft = state.withLock { state in
                if case .left = state { return true }
                state = .returned(failure)
                return false
            }
            hasReturned.signal()
            guard isLeft else { return }
            isReleased.wait()
            handle.close(within: .milliseconds(1))
        }
    }

    /// Waits for its end; `false` where that did not come, and the call is left behind.
    func wait(_ wait: ClusterWait) -> Bool {
        while hasReturned.wait(timeout: .now() + .milliseconds(Int(wait.slice()))) == .timedOut {
            guard wait.isOver else { continue }
            return state.withLock { state in
                if case .returned = state { return true }
                state = .left
                return false
            }
        }
        return true
    }

    /// What came of it, when it has returned; `nil` where it went well.
    var outcome: KafkaFailure? {
        state.withLock { if case .returned(let failure) = $0 { failure } else { nil } }
    }

    /// Lets the client go, for a call that was left behind. Its queues and topic handles must be gone.
    func release() { isReleased.signal() }
}
