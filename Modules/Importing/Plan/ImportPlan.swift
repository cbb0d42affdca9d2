package import Domain
package import Hashing

/// The events of one day, or a part of them, in order of time.
package struct ImportBatch: Sendable {
    package var day: CalendarDate
    package var events: [OutgoingEvent]
    /// The day has no more.
    package var isLastOfDay: Bool
}

/// All files of one import merged by time, in bounded memory: whatever the number of rows, some tens of megabytes are
/// used, and a temporary file.
///
/// Events of one instant keep this order: register entries, then the files in the order given, then the rows.
package final class ImportPlan {
    package struct Progress: Sendable {
        package var file: String
        package var consumedBytes: Int64
        /// `nil` where it is not known.
        package var totalBytes: Int64?
        package var counts: ImportCounts
    }

    /// Events of a batch at most.
    package static let batchEvents = 10_000
    /// Rows that are made into events at once, after which the caller hears of progress.
    private static let rowsPerNotice = 2_000

    private let sorter: SpillSorter
    private var pending: OutgoingEvent?
    /// By file, in the order given.
    package private(set) var counts: [(file: String, kind: ImportKind, counts: ImportCounts)] = []
    /// Of everything that will be sent: equal inputs have equal fingerprints, wherever they lie.
    package private(set) var fingerprint: SHA256Digest
    private var countsByType: [String: Int] = [:]
    /// The money that the events move.
    package private(set) var effect = ImportEffect()
    package private(set) var firstTime: Timestamp?
    package private(set) var lastTime: Timestamp?

    /// Reads all inputs to their end.
    ///
    /// - Parameters:
    ///   - temporaryDirectory: for the sorter's file.
    ///   - notice: hears of each row that is skipped or broken.
    /// - Throws: `InputError` for a file that cannot be read, `YAMLFailure` for a map that does not fit its file. Broken rows
    ///   are no errors.
    package init(
        _ inputs: [ImportInput], context: ImportContext, temporaryDirectory: String,
        bufferBytes: Int = SpillSorter.bufferBytes, progress: (Progress) -> Void = { _ in },
        notice: (RowNotice) -> Void = { _ in }
    ) throws {
        sorter = SpillSorter(directory: temporaryDirectory, bufferBytes: bufferBytes)
        fingerprint = SHA256Digest(of: [])
        // Every input is opened first: a map that does not fit costs nothing.
        var opened: [(input: ImportInput, reader: RowReader, mapper: RowMapper)] = []
        for input in inputs {
            let (reader, mapper) = try input.open(context)
            opened.append((input, reader, mapper))
        }
        var hasher = SHA256Hasher()
        for (index, item) in opened.enumerated() {
            let counts = try read(
                item.input, item.reader, item.mapper, index: index, hasher: &hasher, progress: progress,
                notice: notice)
            self.counts.append((item.input.name, item.input.kind, counts))
        }
        fingerprint = hasher.finish()
    }

    /// Events by their short type: `referral.submitted`.
    package var types: [String: Int] {
        Dictionary(uniqueKeysWithValues: countsByType.map { (ImportTarget.shortName(of: $0.key), $0.value) })
    }

    /// Of all files.
    package var total: ImportCounts { counts.map(\.counts).reduce(ImportCounts(), +) }

    private func read(
        _ input: ImportInput, _ reader: RowReader, _ mapper: RowMapper, index: Int, hasher: inout SHA256Hasher,
        progress: (Progress) -> Void, notice: (RowNotice) -> Void
    ) throws -> ImportCounts {
        var reader = reader
        var counts = ImportCounts()
        let name = input.name
        func tell() {
            progress(
                Progress(file: name, consumedBytes: reader.consumed, totalBytes: reader.size, counts: counts))
        }
        while true {
            let rows = try reader.next(upTo: ImportPlan.rowsPerNotice)
            guard !rows.isEmpty else { break }
            for (line, outcome) in rows.mapSideBySide({ mapper.outcome(of: $0) }) {
                counts.read += 1
                switch outcome {
                case .skipped(let reason):
                    counts.skipped[reason, default: 0] += 1
                    notice(.skipped(file: name, line: line, reason: reason))
                case .broken(let problems):
                    counts.broken += 1
                    for problem in problems { notice(.broken(problem)) }
                case .events(let events):
                    counts.sent += 1
                    for event in events {
                        try add(event, input, index: index, ordinal: counts.events, hasher: &hasher)
                        counts.events += 1
                    }
                }
            }
            tell()
        }
        tell()
        return counts
    }

    private func add(
        _ event: OutgoingEvent, _ input: ImportInput, index: Int, ordinal: Int, hasher: inout SHA256Hasher
    ) throws(InputError) {
        let rank: UInt64 = input.kind.isRegister ? 0 : 1
        let sequence = rank << 63 | UInt64(index & 0x7fff) << 48 | UInt64(ordinal)
        var bytes: [UInt8] = []
        try sorter.add(
            SpillSorter.Key(time: event.occurredAt.millisecondsSince1970, sequence: sequence)
        ) { buffer in
            let start = buffer.count
            SpilledEvent.append(event, to: &buffer)
            bytes = Array(buffer[start...])
        }
        hasher.update(bytes)
        countsByType[event.type, default: 0] += 1
        effect.add(event)
        firstTime = min(firstTime ?? event.occurredAt, event.occurredAt)
        lastTime = max(lastTime ?? event.occurredAt, event.occurredAt)
    }

    /// The next batch; `nil` at the end.
    package func next(maximum: Int = ImportPlan.batchEvents) throws(InputError) -> ImportBatch? {
        guard let first = try take() else { return nil }
        let day = first.occurredAt.date
        var events = [first]
        while let event = try take() {
            guard event.occurredAt.date == day, events.count < maximum else {
                pending = event
                return ImportBatch(day: day, events: events, isLastOfDay: event.occurredAt.date != day)
            }
            events.append(event)
        }
        return ImportBatch(day: day, events: events, isLastOfDay: true)
    }

    private func take() throws(InputError) -> OutgoingEvent? {
        if let event = pending {
            pending = nil
            return event
        }
        return try sorter.next { _, bytes in SpilledEvent.read(bytes) }
    }
}
