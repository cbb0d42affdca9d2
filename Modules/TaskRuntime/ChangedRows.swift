/// What became of a row: its new bytes, or its deletion.
enum RowImage {
    case row([UInt8])
    case deleted

    var bytes: [UInt8]? {
        switch self {
        case .row(let bytes): bytes
        case .deleted: nil
        }
    }

    var isDeletion: Bool { bytes == nil }
}

/// A table's changed rows in their three layers (see `TaskState`), in the order in which they were first changed.
struct ChangedRows {
    private struct ChangedRow {
        let key: [UInt8]
        /// As of the last committed turn; `nil` where none since the store was written changed it.
        var committed: RowImage?
        /// As of this turn's finished records; `nil` where none of them changed it.
        var turn: RowImage?
        /// As of the current record; `nil` where it did not change it.
        var record: RowImage?
        /// The store has no such row, so that a deletion leaves no trace there.
        var isNew: Bool
        /// As `isNew`, by the current record.
        var isNewByRecord = false
        /// The store's open transaction holds some earlier value of it, which a deletion must take out.
        var isInTransaction = false
        /// The last value of finished records is not in the store's open transaction yet.
        var isUnwritten = false

        init(key: [UInt8]) {
            self.key = key
            isNew = false
        }

        /// Its record succeeded; whether it has to be written, and did not before.
        mutating func accept() -> Bool {
            isNew = isNewByRecord
            turn = record
            record = nil
            if turn?.isDeletion == true, isNew, committed == nil, !isInTransaction {
                // It never was, and need not be written.
                turn = nil
                return false
            }
            defer { isUnwritten = true }
            return !isUnwritten
        }

        /// What of it goes into the store; `nil` where nothing has to.
        var unwrittenImage: RowImage? {
            guard let image = turn ?? committed else { return nil }
            return image.isDeletion && isNew && !isInTransaction ? nil : image
        }
    }

    private var rows: [ChangedRow] = []
    private var places: [RowKey: Int] = [:]
    /// Rows that the current record changed.
    private var touched: [Int] = []
    /// Rows that this turn's finished records changed.
    private var changed: [Int] = []
    /// Rows whose last value the store's open transaction does not hold yet.
    private var unwritten: [Int] = []

    // MARK: Reading

    /// The row's last image; `nil` where it is as the store has it.
    func image(of key: RowKey) -> RowImage? {
        guard let place = places[key] else { return nil }
        return rows[place].record ?? rows[place].turn ?? rows[place].committed
    }

    /// What the current record made of rows from a key on, below another.
    func imagesOfRecord(from: [UInt8], upTo: [UInt8]?) -> [RowKey: RowImage] {
        var images: [RowKey: RowImage] = [:]
        for place in touched {
            let key = rows[place].key
            if !key.precedes(from), upTo.map({ key.precedes($0) }) ?? true { images[RowKey(key)] = rows[place].record }
        }
        return images
    }

    /// How many rows the turn's finished records changed at most.
    var changedCount: Int { changed.count }

    /// Each row that the turn changed once, as it is now.
    func turnImages(of table: StateTable, into images: inout [RowChange]) {
        // One that came, went and came again is listed twice.
        var seen: Set<Int> = []
        seen.reserveCapacity(changed.count)
        for place in changed where seen.insert(place).inserted {
            guard let image = rows[place].turn else { continue }
            // Neither the store nor the changelog ever had it.
            if image.isDeletion, rows[place].isNew, rows[place].committed == nil { continue }
            images.append(RowChange(table: table, key: rows[place].key, value: image.bytes))
        }
    }

    // MARK: Records

    /// Changes a row; whether it is the record's first change here.
    mutating func set(_ key: [UInt8], _ image: RowImage, isNew: Bool) -> Bool {
        let rowKey = RowKey(key)
        let place: Int
        if let known = places[rowKey] {
            place = known
        } else {
            place = rows.count
            places[rowKey] = place
            rows.append(ChangedRow(key: key))
        }
        guard rows[place].record == nil else {
            rows[place].record = image
            return false
        }
        touched.append(place)
        // Only the first change can tell what the store holds.
        let isFirst = rows[place].turn == nil && rows[place].committed == nil
        rows[place].isNewByRecord = isFirst ? isNew : rows[place].isNew
        rows[place].record = image
        return touched.count == 1
    }

    /// The current record succeeded: its changes become the turn's.
    mutating func acceptRecord() {
        for place in touched {
            if rows[place].turn == nil { changed.append(place) }
            if rows[place].accept() { unwritten.append(place) }
        }
        touched.removeAll(keepingCapacity: true)
    }

    /// The current record failed: none of its changes remain.
    mutating func rejectRecord() {
        for place in touched { rows[place].record = nil }
        touched.removeAll(keepingCapacity: true)
    }

    // MARK: Turns

    /// The turn is committed: its changes stay. How many rows and bytes, keys and values, they are.
    mutating func commitTurn() -> (rows: Int, bytes: Int) {
        var size = (rows: 0, bytes: 0)
        for place in changed {
            guard let image = rows[place].turn else { continue }
            size.rows += 1
            size.bytes += rows[place].key.count + (image.bytes?.count ?? 0)
            rows[place].committed = image
            rows[place].turn = nil
        }
        changed.removeAll(keepingCapacity: true)
        return size
    }

    /// Forgets the turn; the store's transaction is rolled back with it.
    mutating func rollbackTurn() {
        touched.removeAll(keepingCapacity: true)
        changed.removeAll(keepingCapacity: true)
        unwritten.removeAll(keepingCapacity: true)
        for place in rows.indices {
            rows[place].record = nil
            rows[place].turn = nil
            rows[place].isInTransaction = false
            rows[place].isUnwritten = rows[place].committed != nil
            if rows[place].isUnwritten { unwritten.append(place) }
        }
    }

    // MARK: The store

    var isWritten: Bool { unwritten.isEmpty }

    /// What finished records changed and the store's open transaction does not hold yet: it does from now on.
    mutating func takeUnwritten(of table: StateTable) -> [RowChange] {
        var images: [RowChange] = []
        images.reserveCapacity(unwritten.count)
        for place in unwritten {
            rows[place].isUnwritten = false
            guard let image = rows[place].unwrittenImage else { continue }
            let isNew = rows[place].isNew && !rows[place].isInTransaction
            rows[place].isInTransaction = true
            images.append(RowChange(table: table, key: rows[place].key, value: image.bytes, isNew: isNew))
        }
        unwritten.removeAll(keepingCapacity: true)
        return images
    }

    /// The store has it all.
    mutating func forget() {
        rows.removeAll(keepingCapacity: true)
        places.removeAll(keepingCapacity: true)
        touched.removeAll(keepingCapacity: true)
        changed.removeAll(keepingCapacity: true)
        unwritten.removeAll(keepingCapacity: true)
    }
}
