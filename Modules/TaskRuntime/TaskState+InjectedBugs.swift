#if SIMULATION
    import EventLog
    import JSON

    extension TaskState {
        /// The image of a changed row, with the bug without the fields that did not change.
        func partialImage(_ change: RowChange) throws -> RowChange {
            guard InjectedBug.isActive(.partialRowImages), let value = change.value,
                let earlier = try storedBytes(change.table, change.key),
                case .object(let fields) = try JSONDocument.parse(value),
                case .object(let known) = try JSONDocument.parse(earlier)
            else { return change }
            let changed = fields.filter { field in !known.contains { $0.0 == field.0 && $0.1 == field.1 } }
            return RowChange(table: change.table, key: change.key, value: JSONValue.object(changed).text)
        }
    }
#endif
