import CRdkafka

/// A consumer's group metadata at one moment: group, generation, member.
///
/// Safe because the pointer is owned alone and freed with the value.
@safe final class GroupMetadata {
    let pointer: OpaquePointer

    /// What the consumer is a member of now; `nil` where it is no member.
    init?(of handle: KafkaHandle) {
        guard let pointer = unsafe rd_kafka_consumer_group_metadata(handle.pointer) else { return nil }
        unsafe self.pointer = pointer
        if unsafe tributary_is_member(pointer) == 0 { return nil }
    }

    /// Whether both are of the same member in the same generation.
    func isSameMember(as other: GroupMetadata) -> Bool {
        unsafe tributary_is_same_member(pointer, other.pointer) != 0
    }

    deinit { unsafe rd_kafka_consumer_group_metadata_destroy(pointer) }
}
