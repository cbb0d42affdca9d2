import Domain
import Testing

@testable import TaskRuntime

@Suite struct HeldEventTests {
    @Test func `at one time a worker's outputs are applied in the order in which it made them`() {
        let time = Timestamp(millisecondsSince1970: 1_000)
        let accepted = HeldEvent.key(judgingTime: time, source: "/tributary/approval/1", sequence: 9, id: "f")
        let converted = HeldEvent.key(judgingTime: time, source: "/tributary/approval/1", sequence: 10, id: "a")
        #expect(accepted.bytes.lexicographicallyPrecedes(converted.bytes))
        let earlier = HeldEvent.key(
            judgingTime: time - .seconds(1), source: "/tributary/approval/1", sequence: 11, id: "a")
        #expect(earlier.bytes.lexicographicallyPrecedes(accepted.bytes))
        let outside = ["a", "b"].map { HeldEvent.key(judgingTime: time, source: "/crm", sequence: nil, id: $0) }
        #expect(outside[0].bytes.lexicographicallyPrecedes(outside[1].bytes), "what comes from outside goes by its id")
    }
}
