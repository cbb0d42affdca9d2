/// Finds what somebody probably meant.
package enum NearestName {
    /// The known name with the fewest edits, if those are few beside its length.
    package static func of(_ name: String, among known: [String]) -> String? {
        let limit = name.count < 4 ? 1 : max(2, min(name.count, 24) / 3)
        let best = known.map { (name: $0, distance: distance(name, $0)) }.min { $0.distance < $1.distance }
        guard let best, best.distance <= limit else { return nil }
        return best.name
    }

    /// Levenshtein's distance.
    private static func distance(_ left: String, _ right: String) -> Int {
        let left = Array(left.utf8.prefix(64))
        let right = Array(right.utf8.prefix(64))
        var row = Array(0...right.count)
        for (i, a) in left.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, b) in right.enumerated() {
                let replaced = diagonal + (a == b ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(replaced, diagonal + 1, row[j] + 1)
            }
        }
        return row[right.count]
    }
}
