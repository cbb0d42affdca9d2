package import EventLog

/// Records that every partition of a topic gets a copy of. To be appended in one transaction.
package enum Broadcast {
    /// A topic by its full name, and how many partitions it has.
    package typealias Target = (topic: String, partitions: Int32)

    /// One record for each partition of each topic, all with the same event id.
    ///
    /// - Parameters:
    ///   - data: the event's, encoded.
    ///   - envelope: becomes a broadcast one; its key, if it has one, places nothing: the partition is explicit.
    package static func records(of data: [UInt8], envelope: EventEnvelope, to targets: [Target]) -> [OutgoingRecord] {
        var envelope = envelope
        envelope.isBroadcast = true
        return targets.flatMap { topic, partitions in
            (0..<partitions).map {
                CloudEventCodec.encode(envelope, data: data, topic: topic, partition: $0)
            }
        }
    }

    /// As above, to as many partitions as the log has of each topic: a catalogue may say another number than was created.
    package static func records(
        of data: [UInt8], envelope: EventEnvelope, to topics: [String], on log: any EventLog
    ) throws(LogError) -> [OutgoingRecord] {
        var targets: [Target] = []
        for topic in topics { targets.append((topic, try log.partitionCount(of: topic))) }
        return records(of: data, envelope: envelope, to: targets)
    }
}
