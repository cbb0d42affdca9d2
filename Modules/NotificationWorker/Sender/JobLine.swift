/// Jobs that wait for the sender, in the order in which they came.
struct JobLine: Sendable {
    struct Entry: Sendable {
        var job: NotificationJob
        var partition: Int32
    }

    private var entries: [Entry] = []
    /// The first entry that is not taken; those before it are gone.
    private var head = 0
    private var counts: [Int32: Int] = [:]

    var count: Int { entries.count - head }

    var isEmpty: Bool { count == 0 }

    func count(of partition: Int32) -> Int { counts[partition, default: 0] }

    mutating func append(_ job: NotificationJob, of partition: Int32) {
        entries.append(Entry(job: job, partition: partition))
        counts[partition, default: 0] += 1
    }

    mutating func take(_ maximum: Int) -> [Entry] {
        let taken = Array(entries[head...].prefix(maximum))
        head += taken.count
        for entry in taken { counts[entry.partition]? -= 1 }
        if isEmpty {
            entries.removeAll(keepingCapacity: true)
            head = 0
        } else if head >= entries.count / 2 {
            entries.removeSubrange(..<head)
            head = 0
        }
        return taken
    }

    /// Takes the one that comes before all others, of several the first.
    mutating func take(by precedes: (Entry, Entry) -> Bool) -> Entry? {
        guard let index = (head..<entries.count).min(by: { precedes(entries[$0], entries[$1]) }) else { return nil }
        if index == head { return take(1).first }
        let taken = entries.remove(at: index)
        counts[taken.partition]? -= 1
        return taken
    }

    /// Takes those out, wherever they stand.
    mutating func remove(where isGone: (Entry) -> Bool) -> [Entry] {
        let gone = entries[head...].filter(isGone)
        guard !gone.isEmpty else { return [] }
        entries = entries[head...].filter { !isGone($0) }
        head = 0
        for entry in gone { counts[entry.partition]? -= 1 }
        return gone
    }
}
