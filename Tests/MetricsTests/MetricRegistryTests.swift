import Testing

@testable import Metrics

@Suite struct MetricRegistryTests {
    private let registry = MetricRegistry()

    @Test func `writes counters, gauges and histograms in the text format`() {
        registry.add(.duplicates, ["referral"], 3)
        registry.add(.duplicates, ["referral"])
        registry.set(.lagSeconds, ["tributary.referral.v1", "0"], 1.5)
        registry.observe(.commit, ["payout"], 0.004, count: 2)
        registry.observe(.commit, ["payout"], 60)
        let lines = registry.text.split(separator: "\n").map(String.init)
        #expect(lines.contains("# TYPE tributary_duplicates_total counter"))
        #expect(lines.contains("tributary_duplicates_total{worker=\"referral\"} 4"))
        #expect(lines.contains("# TYPE tributary_consumer_lag_seconds gauge"))
        #expect(
            lines.contains("tributary_consumer_lag_seconds{topic=\"tributary.referral.v1\",partition=\"0\"} 1.5"))
        #expect(lines.contains("# TYPE tributary_commit_seconds histogram"))
        #expect(lines.contains("tributary_commit_seconds_bucket{worker=\"payout\",le=\"0.0025\"} 0"))
        #expect(lines.contains("tributary_commit_seconds_bucket{worker=\"payout\",le=\"0.005\"} 2"))
        #expect(lines.contains("tributary_commit_seconds_bucket{worker=\"payout\",le=\"30\"} 2"))
        #expect(lines.contains("tributary_commit_seconds_bucket{worker=\"payout\",le=\"+Inf\"} 3"))
        #expect(lines.contains("tributary_commit_seconds_sum{worker=\"payout\"} 60.008"))
        #expect(lines.contains("tributary_commit_seconds_count{worker=\"payout\"} 3"))
    }

    @Test func `a bucket holds its own bound`() {
        registry.observe(.commit, ["payout"], 0.005)
        #expect(registry.text.contains("tributary_commit_seconds_bucket{worker=\"payout\",le=\"0.005\"} 1\n"))
        #expect(registry.text.contains("tributary_commit_seconds_bucket{worker=\"payout\",le=\"0.0025\"} 0\n"))
    }

    @Test func `escapes label values`() {
        registry.set(.buildInfo, ["a\"b\\c\nd"], 1)
        #expect(registry.text.contains("tributary_build_info{version=\"a\\\"b\\\\c\\nd\"} 1\n"))
    }

    @Test func `takes series away that are about nothing any more`() {
        registry.set(.lagRecords, ["t", "0"], 1)
        registry.set(.lagRecords, ["t", "1"], 2)
        registry.remove(.lagRecords) { $0[1] == "0" }
        #expect(registry.value(.lagRecords, ["t", "0"]) == nil)
        #expect(registry.value(.lagRecords, ["t", "1"]) == 2)
    }

    @Test func `keeps to its bound of series`() {
        for number in 0..<(MetricRegistry.maximumSeries + 10) { registry.set(.buildInfo, ["\(number)"], 1) }
        registry.set(.buildInfo, ["0"], 2)
        #expect(registry.text.split(separator: "\n").count == MetricRegistry.maximumSeries + 2)
        #expect(registry.value(.buildInfo, ["0"]) == 2)
    }

    @Test(arguments: MetricName.allCases) func `follows the conventions of Prometheus`(metric: MetricName) {
        let name = metric.rawValue
        #expect(name.hasPrefix("tributary_"))
        #expect(name.allSatisfy { $0.isLowercase || $0 == "_" })
        #expect((metric.kind == .counter) == name.hasSuffix("_total"))
        #expect(!metric.help.isEmpty)
        if case .histogram(let bounds) = metric.kind {
            #expect(name.hasSuffix("_seconds"))
            #expect(bounds == bounds.sorted() && Set(bounds).count == bounds.count)
        }
    }

    @Test func `nobody's id is a label`() {
        let labels = Set(MetricName.allCases.flatMap(\.labels))
        #expect(
            labels == ["worker", "type", "outcome", "topic", "partition", "code", "kind", "version"],
            "a new label must have few values")
    }
}
