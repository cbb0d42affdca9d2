// A client of the log that is none of ours: appends records as they are, for `scripts/bad-inputs`.
//
//   foreign-client DATA_DIR|kafka://HOST:PORT < records.ndjson
//
// A line is {"topic": "tributary.referral.v1", "key": "acme.example", "headers": {"ce_id": "1"}, "value": "..."}; instead of
// `value`, `value_bytes` makes one of that length. `partition` is the key's where it is left out.
import EventLog
import Foundation
import JSON
import WorkerService

func record(_ line: String, on log: any EventLog) throws -> OutgoingRecord {
    let value = try JSONDocument.parse(Array(line.utf8))
    let topic = value["topic"]?.stringValue ?? ""
    let key = value["key"]?.stringValue
    let own = try Partitioner.partition(of: key ?? "", count: log.partitionCount(of: topic))
    var headers: [LogHeader] = []
    if case .object(let members) = value["headers"] {
        headers = members.map { LogHeader($0.0, $0.1.stringValue ?? "") }
    }
    let body =
        value["value"]?.stringValue.map { Array($0.utf8) }
        ?? value["value_bytes"]?.integerValue.map { [UInt8](repeating: UInt8(ascii: "x"), count: Int($0)) }
    return OutgoingRecord(
        topic: topic, partition: value["partition"]?.integerValue.map { Int32(truncatingIfNeeded: $0) } ?? own,
        key: key.map { Array($0.utf8) }, value: body, headers: LogHeaders(headers))
}

let place = CommandLine.arguments.dropFirst().first ?? ""
let location = place.hasPrefix("kafka://") ? LogLocation(text: place) : .embedded
guard let location, !place.isEmpty else {
    FileHandle.standardError.write(Data("usage: foreign-client DATA_DIR|kafka://HOST:PORT < records.ndjson\n".utf8))
    exit(2)
}
do {
    let log = try location.open(dataDirectory: place).log
    defer { log.close() }
    let producer = try log.producer(identity: "foreign-client")
    defer { producer.close() }
    while let line = readLine() {
        try producer.append([try record(line, on: log)])
    }
} catch {
    FileHandle.standardError.write(Data("foreign-client: \(error)\n".utf8))
    exit(1)
}
