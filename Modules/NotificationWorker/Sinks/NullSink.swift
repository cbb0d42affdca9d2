/// Takes every message and keeps none: for rehearsals and measurements.
package final class NullSink: MessageSink {
    package let name = "null"
    package let isIdempotent = true
    package private(set) var count = 0

    package init() {}

    package func deliver(_ draft: MessageDraft) -> Delivery {
        count += 1
        return .sent
    }
}
