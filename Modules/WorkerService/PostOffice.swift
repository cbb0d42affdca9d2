import Contracts
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

    /// How long a partition that starts waits for the log to bring what is in it.
    private static let readingPatience = Duration.seconds(10)

    init(log: any EventLog, options: EngineOptions, identity: String) throws {
        let session = Hexadecimal.text(Hashing.randomBytes(count: 6))
        let catalogue = options.catalogue
        self.log = log
        topic = catalogue.name(of: WorkerName.notification.input)
        let producer = LastingProducer(
            log: log, identity: "\(catalogue.prefix).notification-sender.\(identity).\(session)")
        self.producer = producer
        let sink: any MessageSink =
            switch options.mail.sink {
            case .files: EMLDirectorySink(directory: "\(options.dataDirectory)/mail")
            case .null: NullSink()
            case .smtp(let settings): try SMTPSink(settings: settings)
            }
        let thread = self.thread
        sender = NotificationSender(
            settings: NotificationSenderSettings(
                session: session, sender: MessageSender(email: options.mail.sender),
                sendsHistory: options.mail.sendsHistory),
            sink: sink, publish: { try producer.append($0.map { $0.record(in: catalogue) }) },
            wallClock: { Timestamp(millisecondsSince1970: Int64(Date().timeIntervalSince1970 * 1000)) },
            wake: { thread.wake() })
        let observe = options.observer
        thread.start(sender) {
            observe(
                .notification,
                .fault(
                    TurnFault(.outside, code: "results_waiting", "results of messages are not in the log yet: \($0)")))
        }
    }

    /// What lies in a partition of the worker's input from an offset to the present end, to be read.
    func input(of partition: Int32, from position: Int64) throws(LogError) -> ReadThrough {
        let place = TopicPartition(topic, partition)
        let end = try log.endOffsets(of: topic)[Int(partition)]
        return ReadThrough(
            from: [place: position], to: [place: end], patience: Self.readingPatience, open: log.reader)
    }

    /// Waits so long, in seconds, for what is under way: a message, or results on their way to a broker that is away.
    ///
    /// - Returns: `false` where it still is; then its producer stays open, as the thread uses it.
    func stop(within timeout: TimeInterval) -> Bool {
        guard thread.stop(within: Int(timeout.rounded(.up))) else { return false }
        producer.close()
        return true
    }
}

/// A producer that is made when it is needed, and anew after a fault that ended it, such as a broker that was away for
/// longer than a transaction may take. Used by the sender's thread, and closed when that has ended.
private final class LastingProducer {
    private let log: any EventLog
    private let identity: String
    private var producer: (any LogProducer)?

    init(log: any EventLog, identity: String) {
        self.log = log
        self.identity = identity
    }

    /// - Throws: what the producer throws; after a fatal error the next call makes another one.
    func append(_ records: [OutgoingRecord]) throws(LogError) {
        let current: any LogProducer
        if let producer {
            current = producer
        } else {
            current = try log.producer(identity: identity)
            producer = current
        }
        do throws(LogError) {
            _ = try current.append(records)
        } catch {
            if error.errorClass == .fatal { close() }
            throw error
        }
    }

    func close() {
        producer?.close()
        producer = nil
    }
}
