import Contracts
import Dispatch
import Domain
import EventLog
import Foundation
import Hashing
import NotificationWorker
import TaskRuntime

/// The notification worker's sender with its thread, its sink and its own producer. One for a process.
final class PostOffice {
    let sender: NotificationSender
    private let log: any EventLog
    private let topic: String
    private let thread = NotificationSenderThread()
    private let producer: LastingProducer
    private let limit = SendingLimit()
    private let observe: @Sendable (TurnFault) -> Void
    private var isStarted = false

    /// How long a partition that starts waits for the log to bring what is in it.
    private static let readingPatience = Duration.seconds(10)
    /// How long the relay may take to get the whole message that is under way when the worker is asked to end.
    private static let lastMessagePatience = Duration.seconds(3)
    /// How long it may take to answer, from then on, where it has the whole message: without its answer that is sent once more.
    /// Behind it, and the second after which libcurl looks, the results have to be written while the partitions still wait for
    /// them.
    private static let lastAnswerPatience = Duration.seconds(6)

    /// - Parameters:
    ///   - identity: of this copy of the worker, as that of its turn threads.
    ///   - truce: for so long, in seconds, the identity is left to another process.
    ///   - observe: told of what keeps results from the log; on the sender's thread.
    init(
        log: any EventLog, options: EngineOptions, identity: String, truce: TimeInterval,
        observe: @escaping @Sendable (TurnFault) -> Void
    ) throws {
        let catalogue = options.catalogue
        self.log = log
        self.observe = observe
        topic = catalogue.name(of: WorkerName.notification.input)
        let producer = LastingProducer(
            notBefore: .now + .seconds(truce),
            open: { () throws(LogError) in
                try log.producer(
                    identity: "\(catalogue.prefix).notification-sender.\(identity)",
                    transactionTimeout: options.transactionTimeout)
            })
        self.producer = producer
        let sink: any MessageSink =
            switch options.mail.sink {
            case .files: EMLDirectorySink(directory: "\(options.dataDirectory)/mail")
            case .null: NullSink()
            case .smtp(let settings): try SMTPSink(settings: settings, limit: limit)
            }
        let thread = self.thread
        sender = NotificationSender(
            settings: NotificationSenderSettings(
                session: Hexadecimal.text(Hashing.randomBytes(count: 6)),
                sender: MessageSender(email: options.mail.sender), sendsHistory: options.mail.sendsHistory,
                ownershipLimit: options.sessionTimeout / 2),
            sink: sink, prepare: { try producer.makeReady() },
            publish: { try producer.append($0.map { $0.record(in: catalogue) }) },
            wallClock: { Timestamp(millisecondsSince1970: Int64(Date().timeIntervalSince1970 * 1000)) },
            wake: { thread.wake() })
    }

    /// Takes the identity up, on the sender's thread, and works until `stop`. Called once.
    func start() {
        isStarted = true
        let observe = observe
        thread.start(sender) {
            observe(
                TurnFault(.outside, code: "results_waiting", "results of messages cannot be written to the log: \($0)"))
        }
    }

    /// Why the sender has given up: another process has its identity.
    var failure: LogError? { producer.failure }

    /// What lies in a partition of the worker's input from an offset to the present end, to be read.
    func input(of partition: Int32, from position: Int64) throws(LogError) -> ReadThrough {
        let place = TopicPartition(topic, partition)
        // A result of this process that lies behind it comes before anything that is announced again.
        let end = try log.endOffset(of: place)
        return ReadThrough(
            from: [place: position], to: [place: end], patience: Self.readingPatience
        ) { [log] () throws(LogError) in PassingReader(try log.reader()) }
    }

    /// The worker is asked to end: no other message is begun, and the one under way gets a short time only.
    func hurry() {
        thread.hurry()
        sender.hurry()
        let now = ContinuousClock.now
        limit.set(now + Self.lastMessagePatience, forAnswer: now + Self.lastAnswerPatience)
    }

    /// Waits so long, in seconds, for what is under way: a message, or results on their way to a broker that is away.
    ///
    /// - Returns: `false` where it still is; then its producer stays open, as the thread uses it.
    func stop(within timeout: TimeInterval) -> Bool {
        guard !isStarted || thread.stop(within: Int(timeout.rounded(.up))) else { return false }
        producer.close()
        return true
    }
}

/// A reader that nobody waits for when it is not needed any more: its client may take seconds to end, and the thread that
/// used it has a group to serve.
///
/// `@unchecked Sendable`: used by one thread, then closed by another.
private final class PassingReader: LogReader, @unchecked Sendable {
    private static let closing = DispatchQueue(label: "tributary.readers-closing")

    private let reader: any LogReader

    init(_ reader: any LogReader) { self.reader = reader }

    func assign(_ positions: [TopicPartition: Int64]) throws(LogError) { try reader.assign(positions) }

    func read(maximum: Int, timeout: Duration) throws(LogError) -> [LogRecord] {
        try reader.read(maximum: maximum, timeout: timeout)
    }

    func positions() throws(LogError) -> [TopicPartition: Int64] { try reader.positions() }

    func close() {
        Self.closing.async { [self] in reader.close() }
    }
}
