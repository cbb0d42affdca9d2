import Synchronization

/// Holds the values of all metrics and writes them in the Prometheus text format 0.0.4. Any thread may use it.
package final class MetricRegistry: Sendable {
    /// How many series one metric may have; more are dropped, so that a mistake costs no memory.
    static let maximumSeries = 4_096

    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    private struct Histogram {
        /// Not cumulative; one more than there are bounds, for +Inf.
        var counts: [UInt64]
        var sum = 0.0
    }

    private struct Family {
        var values: [[String]: Double] = [:]
        var histograms: [[String]: Histogram] = [:]
    }

    private let families = Mutex<[MetricName: Family]>([:])

    package init() {}

    // MARK: Writing

    /// Adds to a counter. `labels` are values in the order of the metric's names.
    package func add(_ metric: MetricName, _ labels: [String], _ amount: Int = 1) {
        precondition(metric.kind == .counter && labels.count == metric.labels.count, "\(metric.rawValue) is misused")
        precondition(amount >= 0, "a counter only grows")
        update(metric) { family in
            if MetricRegistry.hasRoom(family.values, labels) { family.values[labels, default: 0] += Double(amount) }
        }
    }

    /// Sets a gauge.
    package func set(_ metric: MetricName, _ labels: [String], _ value: Double) {
        precondition(metric.kind == .gauge && labels.count == metric.labels.count, "\(metric.rawValue) is misused")
        update(metric) { family in
            if MetricRegistry.hasRoom(family.values, labels) { family.values[labels] = value }
        }
    }

    /// Takes a gauge's series away: what it was about is not here any more.
    package func remove(_ metric: MetricName, where isGone: ([String]) -> Bool) {
        update(metric) { family in
            for labels in family.values.keys where isGone(labels) { family.values[labels] = nil }
        }
    }

    /// Adds `count` observations of the same value, in seconds.
    package func observe(_ metric: MetricName, _ labels: [String], _ value: Double, count: Int = 1) {
        guard case .histogram(let bounds) = metric.kind, labels.count == metric.labels.count else {
            preconditionFailure("\(metric.rawValue) is misused")
        }
        update(metric) { family in
            guard MetricRegistry.hasRoom(family.histograms, labels) else { return }
            let bucket = bounds.firstIndex { value <= $0 } ?? bounds.count
            var histogram =
                family.histograms[labels] ?? Histogram(counts: Array(repeating: 0, count: bounds.count + 1))
            histogram.counts[bucket] += UInt64(count)
            histogram.sum += value * Double(count)
            family.histograms[labels] = histogram
        }
    }

    private func update(_ metric: MetricName, _ change: (inout Family) -> Void) {
        families.withLock { change(&$0[metric, default: Family()]) }
    }

    private static func hasRoom<Value>(_ series: [[String]: Value], _ labels: [String]) -> Bool {
        series.count < maximumSeries || series[labels] != nil
    }

    // MARK: Reading

    /// The value of a counter's or gauge's series; `nil` where it has none.
    package func value(_ metric: MetricName, _ labels: [String]) -> Double? {
        families.withLock { $0[metric]?.values[labels] }
    }

    /// All series, metrics in the order of their declaration, labels sorted.
    package var text: String {
        let families = self.families.withLock { $0 }
        var text = ""
        for metric in MetricName.allCases {
            guard let family = families[metric], !family.values.isEmpty || !family.histograms.isEmpty else { continue }
            text += "# HELP \(metric.rawValue) \(MetricRegistry.escaped(help: metric.help))\n"
            text += "# TYPE \(metric.rawValue) \(metric.kind.text)\n"
            for (labels, value) in family.values.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
                text += MetricRegistry.line(metric.rawValue, zip(metric.labels, labels).map { ($0, $1) }, value)
            }
            guard case .histogram(let bounds) = metric.kind else { continue }
            for (labels, histogram) in family.histograms.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
                text += MetricRegistry.lines(
                    metric.rawValue, zip(metric.labels, labels).map { ($0, $1) }, histogram, bounds)
            }
        }
        return text
    }

    private static func lines(
        _ name: String, _ labels: [(String, String)], _ histogram: Histogram, _ bounds: [Double]
    ) -> String {
        var text = ""
        var total: UInt64 = 0
        for (bound, count) in zip(bounds.map { number($0) } + ["+Inf"], histogram.counts) {
            total += count
            text += line("\(name)_bucket", labels + [("le", bound)], Double(total))
        }
        return text + line("\(name)_sum", labels, histogram.sum) + line("\(name)_count", labels, Double(total))
    }

    private static func line(_ name: String, _ labels: [(String, String)], _ value: Double) -> String {
        let list = labels.map { "\($0.0)=\"\(escaped(label: $0.1))\"" }.joined(separator: ",")
        return "\(name)\(list.isEmpty ? "" : "{\(list)}") \(number(value))\n"
    }

    /// Whole numbers without a fraction, as counters are read by people too.
    private static func number(_ value: Double) -> String {
        if value == value.rounded(), abs(value) < 1e15 { return "\(Int64(value))" }
        return "\(value)"
    }

    private static func escaped(label text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\"": escaped += "\\\""
            case "\n": escaped += "\\n"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    private static func escaped(help text: String) -> String {
        text.split(separator: "\\", omittingEmptySubsequences: false).joined(separator: "\\\\")
            .split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\\n")
    }
}
