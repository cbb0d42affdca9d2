import Glibc

/// A thread of our own for calls that block: such calls may not run on the threads of Swift's concurrency.
///
/// Safe because the handle is used by `join` only, once.
@safe package final class BlockingThread: @unchecked Sendable {
    private final class Body {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    private let handle: pthread_t
    private var isJoined = false

    private init(_ handle: pthread_t) { self.handle = handle }

    /// A thread that must be there.
    package convenience init(_ run: @escaping @Sendable () -> Void) {
        do { self.init(try Self.start(run)) } catch { preconditionFailure(error.message) }
    }

    /// One that its caller can go without.
    ///
    /// - Throws: `other`, abortable, where the system gives no thread.
    package static func trying(_ run: @escaping @Sendable () -> Void) throws(LogError) -> BlockingThread {
        BlockingThread(try start(run))
    }

    private static func start(_ run: @escaping @Sendable () -> Void) throws(LogError) -> pthread_t {
        let body = unsafe Unmanaged.passRetained(Body(run))
        var handle = pthread_t()
        let code = unsafe pthread_create(
            &handle, nil,
            { argument in
                unsafe Unmanaged<Body>.fromOpaque(argument!).takeRetainedValue().run()
                return nil
            }, body.toOpaque())
        guard code == 0 else {
            unsafe body.release()
            throw LogError(.other, .abortable, "no thread can be made: \(unsafe String(cString: strerror(code)))")
        }
        return handle
    }

    /// Waits until the thread has ended. May be called by one other thread, more than once.
    package func join() {
        guard !isJoined else { return }
        isJoined = true
        pthread_join(handle, nil)
    }

    deinit {
        if !isJoined { pthread_detach(handle) }
    }
}
