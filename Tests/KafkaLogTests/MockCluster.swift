import CRdkafka
import EventLog

@testable import KafkaLog

/// librdkafka's mock cluster: speaks the protocol over loopback and answers with errors on demand. It neither hides
/// aborted records nor fences, so nothing about exactly-once is tested on it.
///
/// Safe because both pointers live from `init` to `close`.
@safe final class MockCluster {
    /// Requests by their number in the protocol.
    enum Request: Int16 {
        case produce = 0
        case fetch = 1
        case listOffsets = 2
        case initProducerId = 22
        case endTransaction = 26
        case transactionOffsets = 28
    }

    private let owner: OpaquePointer
    private let cluster: OpaquePointer

    init(brokers: Int32 = 1) throws {
        unsafe owner = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), nil, 0)!
        unsafe rd_kafka_set_log_level(owner, 0)
        unsafe cluster = rd_kafka_mock_cluster_new(owner, brokers)!
    }

    var bootstrap: String { unsafe String(cString: rd_kafka_mock_cluster_bootstraps(cluster)) }

    func createTopic(_ name: String, partitions: Int32) {
        unsafe rd_kafka_mock_topic_create(cluster, name, partitions, 1)
    }

    /// The next requests of this kind fail so.
    func fail(_ request: Request, with code: rd_kafka_resp_err_t, times: Int = 1) {
        let codes = Array(repeating: code, count: times)
        unsafe rd_kafka_mock_push_request_errors_array(cluster, request.rawValue, codes.count, codes)
    }

    func recover(_ request: Request) {
        unsafe rd_kafka_mock_clear_request_errors(cluster, request.rawValue)
    }

    /// What the cluster says of a topic from now on, in its metadata.
    func setTopic(_ name: String, _ code: rd_kafka_resp_err_t) {
        unsafe rd_kafka_mock_topic_set_error(cluster, name, code)
    }

    func setBroker(_ number: Int32 = 1, up: Bool) {
        _ = unsafe up ? rd_kafka_mock_broker_set_up(cluster, number) : rd_kafka_mock_broker_set_down(cluster, number)
    }

    /// -1 is nobody.
    func setLeader(of topic: String, _ partition: Int32, _ number: Int32) {
        unsafe rd_kafka_mock_partition_set_leader(cluster, topic, partition, number)
    }

    func log(_ properties: [String: String] = [:], timeout: Duration = .seconds(10)) throws -> KafkaLog {
        try KafkaLog(bootstrap: bootstrap, properties: properties, timeout: timeout)
    }

    func close() {
        unsafe rd_kafka_mock_cluster_destroy(cluster)
        unsafe rd_kafka_destroy(owner)
    }
}
