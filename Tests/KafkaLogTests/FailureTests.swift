import CRdkafka
import EventLog
import Testing

@testable import KafkaLog

@Suite struct FailureTests {
    @Test(arguments: [
        (true, true, true, LogError.Class.fatal), (true, false, false, .fatal), (false, true, true, .abortable),
        (false, true, false, .abortable), (false, false, true, .retriable), (false, false, false, .fatal),
    ])
    func theClassesAreTestedInTheirOrder(
        isFatal: Bool, requiresAbort: Bool, isRetriable: Bool, expected: LogError.Class
    ) {
        let failure = KafkaFailure(
            code: RD_KAFKA_RESP_ERR_UNKNOWN, isFatal: isFatal, requiresAbort: requiresAbort, isRetriable: isRetriable,
            text: "text")
        let error = failure.logError(during: "committing")
        #expect(error.errorClass == expected)
        #expect(error.message == "committing: text")
    }

    @Test(arguments: [
        (RD_KAFKA_RESP_ERR__FENCED.rawValue, LogError.Code.producerFenced),
        (RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH.rawValue, .producerFenced),
        (RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID.rawValue, .fenced),
        (RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION.rawValue, .ownershipLost),
        (RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID.rawValue, .ownershipLost),
        (RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN.rawValue, .timedOut),
        (RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE.rawValue, .recordTooLarge),
        (RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART.rawValue, .unknownTopic),
        (RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET.rawValue, .offsetOutOfRange),
        (RD_KAFKA_RESP_ERR__AUTHENTICATION.rawValue, .refused),
        (RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED.rawValue, .refused),
        (RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR.rawValue, .storage),
        (RD_KAFKA_RESP_ERR__STATE.rawValue, .invalidState),
        (RD_KAFKA_RESP_ERR_UNKNOWN.rawValue, .other),
    ])
    func aCodeOfTheClientHasAStableName(code: Int32, expected: LogError.Code) {
        #expect(KafkaFailure.code(of: rd_kafka_resp_err_t(rawValue: code)) == expected)
    }

    @Test func aBareCodeIsRetriableOnlyWhereItPasses() {
        #expect(
            KafkaFailure(code: RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS).logError(during: "x").errorClass
                == .retriable)
        #expect(KafkaFailure(code: RD_KAFKA_RESP_ERR__INVALID_ARG).logError(during: "x").errorClass == .fatal)
    }

    @Test(arguments: [
        (RD_KAFKA_RESP_ERR__TRANSPORT.rawValue, nil),
        (RD_KAFKA_RESP_ERR__RESOLVE.rawValue, nil),
        (RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED.rawValue, nil),
        (RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN.rawValue, LogError.Class.retriable),
        (RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART.rawValue, .retriable),
        (RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET.rawValue, .fatal),
        (RD_KAFKA_RESP_ERR__AUTHENTICATION.rawValue, .fatal),
        (RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID.rawValue, .fatal),
    ])
    func aConsumerEndsACallOnlyForWhatItCannotRepair(code: Int32, expected: LogError.Class?) {
        let error = ConsumerErrors.failure(of: rd_kafka_resp_err_t(rawValue: code), text: "text", place: "in/3")
        #expect(error?.errorClass == expected)
        #expect(error.map { $0.message.hasPrefix("reading in/3: ") } ?? true)
    }
}
