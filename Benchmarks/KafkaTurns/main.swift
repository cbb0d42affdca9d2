// Consume, transform, produce on a Kafka cluster, without the product's rules: what one turn thread can reach.
import EventLog
import Glibc
import KafkaLog

/// `KafkaTurns HOST:PORT [EVENTS] [RECORDS-A-TURN] [TURN-MS]`
struct Settings {
    var bootstrap = "127.0.0.1:9092"
    var events = 400_000
    var recordsPerTurn = 4_000
    var turnMilliseconds = 100
    var outputsPerEvent = 1
}

func value(_ arguments: [String], _ index: Int, _ fallback: Int) -> Int {
    arguments.count > index ? Int(arguments[index]) ?? fallback : fallback
}

let arguments = CommandLine.arguments.filter { !$0.contains("=") }
let properties = Dictionary(
    uniqueKeysWithValues: CommandLine.arguments.filter { $0.contains("=") }.map { argument in
        let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
        return (parts[0], parts[1])
    })
var settings = Settings()
if arguments.count > 1 { settings.bootstrap = arguments[1] }
settings.events = value(arguments, 2, settings.events)
settings.recordsPerTurn = value(arguments, 3, settings.recordsPerTurn)
settings.turnMilliseconds = value(arguments, 4, settings.turnMilliseconds)
settings.outputsPerEvent = value(arguments, 5, settings.outputsPerEvent)

let suffix = "\(UInt32.random(in: 0...UInt32.max))"
let (input, output, changelog) = ("bench-in-\(suffix)", "bench-out-\(suffix)", "bench-changelog-\(suffix)")
let partitions: Int32 = 8
let headers = LogHeaders((0..<8).map { LogHeader("ce_header_\($0)", "value-of-header-\($0)") })
let log = try KafkaLog(bootstrap: settings.bootstrap, properties: properties)
try log.createTopics([
    TopicSpecification(name: input, partitions: partitions, cleanup: .delete(retentionMilliseconds: nil)),
    TopicSpecification(name: output, partitions: partitions, cleanup: .delete(retentionMilliseconds: nil)),
    TopicSpecification(name: changelog, partitions: partitions, cleanup: .compact(minimumLagMilliseconds: 86_400_000)),
])

func payload(_ index: Int) -> [UInt8] {
    var state = UInt64(index) &* 0x9e37_79b9_7f4a_7c15 | 1
    return (0..<500).map { _ in
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return UInt8(97 + state % 26)
    }
}

let values = (0..<1000).map(payload)
let clock = ContinuousClock()
let producer = try log.producer(identity: "bench-producer-\(suffix)")
var written = 0
let loadStart = clock.now
while written < settings.events {
    let count = min(10_000, settings.events - written)
    try producer.append(
        (written..<written + count).map { index in
            OutgoingRecord(
                topic: input, partition: Int32(index) % partitions, key: Array("account-\(index).example".utf8),
                value: values[index % values.count], headers: headers)
        })
    written += count
}
producer.close()
print("load: \(Double(settings.events) / (clock.now - loadStart).seconds) events/s")

extension Duration {
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}

func processSeconds() -> Double {
    var usage = rusage()
    unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
        + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6
}

func memory() -> String {
    guard let file = unsafe fopen("/proc/self/status", "r") else { return "" }
    defer { unsafe fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    var found: [String] = []
    while unsafe fgets(&line, 256, file) != nil {
        let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        if text.hasPrefix("VmRSS") || text.hasPrefix("VmHWM") { found.append(String(text.dropLast())) }
    }
    return found.joined(separator: " ")
}

let session = try log.session(
    SessionConfiguration(group: "bench-\(suffix)", topic: input, changelogTopic: changelog, identity: "bench-\(suffix)")
)
var owned: [Int32] = []
while owned.isEmpty {
    for case .assigned(let partitions) in try session.poll(maximumRecords: 1, timeout: .seconds(1)) {
        owned = partitions
    }
}
for partition in owned { try session.resume(partition, at: 0) }

var next = [Int64](repeating: 0, count: Int(partitions))
var done = 0
var turns = 0
var waitRead = Duration.zero
var appendTime = Duration.zero
var commitTime = Duration.zero
let cpuStart = processSeconds()
let start = clock.now
while done < settings.events {
    try session.begin()
    turns += 1
    let turnEnd = clock.now + .milliseconds(settings.turnMilliseconds)
    var inTurn = 0
    while inTurn < settings.recordsPerTurn, clock.now < turnEnd, done + inTurn < settings.events {
        let readStart = clock.now
        let events = try session.poll(
            maximumRecords: min(500, settings.recordsPerTurn - inTurn), timeout: .milliseconds(20))
        let appendStart = clock.now
        waitRead += appendStart - readStart
        for case .records(let records) in events {
            inTurn += records.count
            for record in records {
                next[Int(record.partition)] = record.offset + 1
                for _ in 0..<settings.outputsPerEvent {
                    try session.append(
                        OutgoingRecord(
                            topic: output, partition: record.partition, key: record.key, value: record.value,
                            headers: record.headers))
                }
                try session.append(
                    OutgoingRecord(
                        topic: changelog, partition: record.partition, key: record.key, value: record.value))
            }
        }
        appendTime += clock.now - appendStart
    }
    let commitStart = clock.now
    _ = try session.commit(
        owned.map { TurnOffset(partition: $0, offset: next[Int($0)], metadata: "turn=\(turns) epoch=1") },
        deadline: .now + .seconds(10))
    commitTime += clock.now - commitStart
    done += inTurn
}
let elapsed = (clock.now - start).seconds
print(
    "turns: \(turns), \(Int(Double(done) / elapsed)) events/s, cpu \((processSeconds() - cpuStart) / Double(done) * 1e6) us/event; "
        + "read \(waitRead.seconds / elapsed), append \(appendTime.seconds / elapsed), commit \(commitTime.seconds / elapsed) "
        + "(\(commitTime.seconds / Double(turns) * 1000) ms); \(memory())")

let restoreStart = clock.now
var rows = 0
for partition in owned {
    let end = try session.changelogBounds(partition).end
    var position: Int64 = 0
    while position < end {
        let slice = try session.readChangelog(partition, from: position, maximum: 2000, timeout: .milliseconds(200))
        position = slice.position
        rows += slice.records.count
    }
}
print("restore: \(rows) rows, \(Int(Double(rows) / (clock.now - restoreStart).seconds)) rows/s; \(memory())")
session.close(deadline: .now + .seconds(5))
log.close()
