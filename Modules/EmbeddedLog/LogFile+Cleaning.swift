import SQLite

extension LogFile {
    /// Where a partition ends, kept beside its records.
    struct Floor {
        var end: Int64
        var appendTime: Int64
    }

    func setFloor(of partition: Int64, first: Int64?, _ floor: Floor) throws(SQLiteError) {
        let update = try connection.statement(
            "UPDATE partition SET first_offset = coalesce(?2, first_offset), end_offset = ?3, append_time = ?4 "
                + "WHERE id = ?1")
        try update.bind(1, partition)
        try update.bind(2, first)
        try update.bind(3, floor.end)
        try update.bind(4, floor.appendTime)
        try update.run()
    }

    func setClean(_ partition: Int64, upTo offset: Int64, records: Int64) throws(SQLiteError) {
        let update = try connection.statement(
            "UPDATE partition SET clean_offset = ?2, clean_records = ?3 WHERE id = ?1")
        try update.bind(1, partition)
        try update.bind(2, offset)
        try update.bind(3, records)
        try update.run()
    }

    /// Writes a batch anew, or deletes it where no record is left.
    func replace(_ batch: CompactionScan.Changed, in partition: Int64) throws(SQLiteError) {
        let table = Self.batchTable(partition)
        guard batch.records.count > 0 else {
            let delete = try connection.statement("DELETE FROM \(table) WHERE base_offset = ?1")
            try delete.bind(1, batch.base)
            return try delete.run()
        }
        let update = try connection.statement(
            "UPDATE \(table) SET record_count = ?2, unpacked_bytes = ?3, records = ?4 WHERE base_offset = ?1")
        try update.bind(1, batch.base)
        try update.bind(2, Int64(batch.records.count))
        try update.bind(3, Int64(batch.records.unpackedBytes))
        try update.run(binding: batch.records.bytes, at: 4)
    }
}
