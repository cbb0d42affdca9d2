// A referral as a marketplace sends it, read from JSON and written again. Prints microseconds an event, medians of rounds.
//
//     JSONEvents [rounds] [events a round]
import Contracts
import Domain
import JSON

let arguments = CommandLine.arguments
let rounds = arguments.count > 1 ? Int(arguments[1])! : 15
let events = arguments.count > 2 ? Int(arguments[2])! : 20_000

let documents = (0..<events).map { number in
    let account = "acme-\(number)"
    return Array(
        """
        {"partner_id":"ptr_\(100 + number % 40)","account":{"name":"Acme \(number)","domain":"\(account).example",\
        "country":"AT","employees":1200,"industry":"finance"},"contact":{"name":"Person \(number)",\
        "email":"p\(number)@\(account).example","title":"Head of Operations"},\
        "need":"replace the present tool before the contract ends","intent":"urgent","deal":{"product_line":"platform",\
        "first_year_value":{"minor":\(1_000_000 + number),"currency":"EUR"}},"channel":{"name":"marketplace",\
        "reference":"lead-\(number)"},"consent":true,"occurred_at":"2025-01-01T00:00:00.000Z"}
        """.utf8)
}

func microseconds(_ body: () throws -> Void) rethrows -> Double {
    let (seconds, attoseconds) = try ContinuousClock().measure(body).components
    return (Double(seconds) * 1e6 + Double(attoseconds) / 1e12) / Double(events)
}

func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

var reading: [Double] = []
var writing: [Double] = []
var bytes = 0
for _ in 0..<rounds {
    var read: [ReferralSubmitted] = []
    read.reserveCapacity(events)
    reading.append(
        try microseconds {
            for document in documents { read.append(try JSONDocument.decode(ReferralSubmitted.self, from: document)) }
        })
    bytes = 0
    writing.append(microseconds { for event in read { bytes += JSONEncoding.encode(event).count } })
}

func print(_ what: String, _ values: [Double], limit: Double) {
    let figures = [median(values), values.min()!, values.max()!].map { String(Double(Int($0 * 100)) / 100) }
    Swift.print("\(what): \(figures[0]) us an event (\(figures[1]) to \(figures[2])), limit \(limit)")
}

let perEvent = Double(bytes) / Double(events)
Swift.print("\(Int(perEvent)) bytes an event, \(events) events, \(rounds) rounds")
print("in", reading, limit: 3)
print("out, for 500 bytes", writing.map { $0 * 500 / perEvent }, limit: 1)
