import Foundation
import Testing

@testable import Metrics

/// The alert rules speak of metrics that exist, and each has its section in the handbook.
@Suite struct RulesTests {
    private static func text(_ path: String) throws -> String {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    @Test func `every metric in a rule is one of ours`() throws {
        let known = Set(
            MetricName.allCases.flatMap { metric in
                if case .histogram = metric.kind {
                    ["_bucket", "_sum", "_count"].map { metric.rawValue + $0 }
                } else {
                    [metric.rawValue]
                }
            })
        let rules = try Self.text("Examples/prometheus/tributary.rules.yml")
        let named = Set(rules.matches(of: /\btributary_[a-z_]+/).map { String($0.0) })
        #expect(!named.isEmpty)
        #expect(named.subtracting(known).isEmpty)
    }

    /// A code's series begins with its first count, which `increase` alone does not see; workers emit no zeros before it.
    @Test(arguments: [MetricName.deadLetters, .faults])
    func `an alert about a code counts the first time, too`(metric: MetricName) throws {
        let rules = try Self.text("Examples/prometheus/tributary.rules.yml")
        #expect(rules.contains("\(metric.rawValue) unless \(metric.rawValue) offset"))
        let lines = try Self.text("Examples/prometheus/tributary.rules.test.yml").split(separator: "\n")
        let series = lines.indices.filter { lines[$0].contains("series: '\(metric.rawValue){") }
        #expect(!series.isEmpty)
        for index in series { #expect(lines[index + 1].contains("values: '_ "), "\(lines[index])") }
    }

    @Test func `every alert has a section that says what to do`() throws {
        let rules = try Self.text("Examples/prometheus/tributary.rules.yml")
        let handbook = try Self.text("docs/operations.md")
        let alerts = rules.matches(of: /- alert: (\w+)/).map { String($0.1) }
        #expect(alerts.count == 9)
        for alert in alerts {
            #expect(handbook.contains("\n### \(alert)\n"), "\(alert)")
            #expect(rules.contains("runbook: docs/operations.md#\(alert.lowercased())\n"), "\(alert)")
        }
    }
}
