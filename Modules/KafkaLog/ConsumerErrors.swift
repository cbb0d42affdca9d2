import CRdkafka
import EventLog

/// Which error events of a consumer end a call, and with what.
enum ConsumerErrors {
    /// The error to be thrown; `nil` for what the client repairs by itself (a lost connection, an election).
    static func failure(
        of event: borrowing KafkaEvent, on handle: KafkaHandle, place: (partition: TopicPartition, offset: Int64)?
    ) -> LogError? {
        if event.isFatal || event.code == RD_KAFKA_RESP_ERR__FATAL, let fatal = handle.fatalFailure {
            return fatal.logError(during: "reading")
        }
        return failure(of: event.code, text: event.errorText, place: place.map { "\($0.partition)" })
    }

    static func failure(of code: rd_kafka_resp_err_t, text: String, place: String?) -> LogError? {
        let operation = place.map { "reading \($0)" } ?? "reading"
        switch KafkaFailure.code(of: code) {
        case .offsetOutOfRange:
            return LogError(.offsetOutOfRange, .fatal, "\(operation): \(text)")
        case .refused, .fenced, .malformed:
            return KafkaFailure(code: code, isFatal: true, requiresAbort: false, isRetriable: false, text: text)
                .logError(during: operation)
        case .unknownTopic:
            return LogError(.unknownTopic, .retriable, "\(operation): \(text)")
        default:
            guard code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN else { return nil }
            return LogError(.timedOut, .retriable, "\(operation): no broker is reachable (\(text))")
        }
    }
}
