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
    private let thread = NotificationSenderThread()
    private let producer: any LogProducer

    init(log: any EventLog, options: EngineOptions, identity: String) throws {
        let session = Hexadecimal.text(Hashing.randomBytes(count: 6))
        let catalogue = options.catalogue
        let producer = try log.producer(identity: "\(catalogue.prefix).notification-sender.\(identity).\(session)")
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

    /// Waits so long, in seconds, for a message that is under way.
    func stop(within timeout: TimeInterval) {
        _ = thread.stop(within: Int(timeout.rounded(.up)))
        producer.close()
    }
}
