import Contracts
import Domain

/// Events as bytes, for the sorter's temporary file. Written and read by one process; nothing else ever sees it.
enum SpilledEvent {
    static func append(_ event: OutgoingEvent, to bytes: inout [UInt8]) {
        let topics = SpilledEvent.topics
        bytes.append(UInt8(topics.firstIndex(of: event.topic) ?? 0))
        bytes.append(event.broadcast == nil ? 0 : 1)
        append(UInt64(bitPattern: event.occurredAt.millisecondsSince1970), to: &bytes)
        for text in [event.key, event.type, event.source, event.id] { append(Array(text.utf8), to: &bytes) }
        append(event.payload, to: &bytes)
        if let broadcast = event.broadcast { append(broadcast, to: &bytes) }
    }

    static func read(_ bytes: ArraySlice<UInt8>) -> OutgoingEvent {
        var reader = Reader(bytes: bytes)
        let topic = topics[Int(reader.byte())]
        let hasBroadcast = reader.byte() == 1
        let time = Timestamp(millisecondsSince1970: Int64(bitPattern: reader.number()))
        return OutgoingEvent(
            topic: topic, key: reader.text(), type: reader.text(), source: reader.text(), id: reader.text(),
            occurredAt: time, payload: reader.field(), broadcast: hasBroadcast ? reader.field() : nil)
    }

    private static let topics: [Topic] = [.program, .referral, .approval, .payout, .notification]

    private static func append(_ field: [UInt8], to bytes: inout [UInt8]) {
        append(UInt64(field.count), to: &bytes)
        bytes += field
    }

    private static func append(_ number: UInt64, to bytes: inout [UInt8]) {
        for shift in stride(from: UInt64(0), to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: number >> shift)) }
    }

    private struct Reader {
        var bytes: ArraySlice<UInt8>

        mutating func byte() -> UInt8 { bytes.removeFirst() }

        mutating func number() -> UInt64 {
            var number: UInt64 = 0
            for index in 0..<8 { number |= UInt64(bytes[bytes.startIndex + index]) << UInt64(index * 8) }
            bytes = bytes.dropFirst(8)
            return number
        }

        mutating func field() -> [UInt8] {
            let count = Int(number())
            defer { bytes = bytes.dropFirst(count) }
            return Array(bytes.prefix(count))
        }

        mutating func text() -> String { String(decoding: field(), as: UTF8.self) }
    }
}
