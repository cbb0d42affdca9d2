package import JSON
package import YAML

/// How somebody else's export is read: which columns, in which form, become which fields of which events.
///
/// A map is a YAML file. Unknown keys, unknown fields and columns that the file does not have are errors that name their
/// place. Rows that a `skip` rule means are counted and listed, never lost silently.
package struct ImportMap: Sendable {
    /// A second file whose columns stand beside the first one's, found by the value of a column.
    package struct Join: Sendable, Hashable, JSONReadable {
        /// Beside the main file, unless the path is absolute.
        package var file: String
        /// In front of its columns: `accounts.sector`.
        package var name: String
        /// The column here.
        package var on: String
        /// The column there; the same name where it is absent.
        package var key: String
        /// Whether a row without a match is broken; otherwise its joined columns are empty.
        package var isRequired: Bool

        package init(reading reader: inout ObjectReader) {
            file = reader.string("file")
            name = reader.string("as")
            on = reader.string("on")
            key = reader.optionalString("key") ?? on
            isRequired = reader.optionalBoolean("required") ?? false
            reader.rejectUnknown()
        }
    }

    /// Rows that are left out, and why.
    package struct Skip: Sendable, Hashable, JSONReadable {
        package var when: RowCondition
        package var reason: String

        package init(reading reader: inout ObjectReader) {
            when = reader.rowCondition("when") ?? RowCondition(columns: [])
            reason = reader.string("reason")
            reader.rejectUnknown()
            if !reader.isRecording && when.columns.isEmpty {
                reader.fail("when", expected: "at least one column", found: "none")
            }
        }
    }

    /// One of the events that a row becomes: the map's fields, with some replaced.
    package struct EventRule: Sendable, JSONReadable {
        package var type: String?
        package var when: RowCondition?
        package var unless: RowCondition?
        package var fields: [(String, FieldRule)]
        /// Fields of the map that this event does not have.
        package var without: [String]

        package init(fields: [(String, FieldRule)] = [], without: [String] = [], unless: RowCondition? = nil) {
            self.fields = fields
            self.without = without
            self.unless = unless
        }

        package init(reading reader: inout ObjectReader) {
            type = reader.optionalString("type")
            when = reader.rowCondition("when")
            unless = reader.rowCondition("unless")
            fields = reader.map("fields", of: FieldRule.self)
            without = reader.strings("without")
            reader.rejectUnknown()
        }
    }

    private struct Fields: JSONReadable {
        var kind: ImportKind
        var source: String
        var file: String?
        var separator: String?
        var joins: [Join]
        var aliases: [String: [String: String]]
        var skips: [Skip]
        var fields: [(String, FieldRule)]
        var events: [EventRule]
        var eventID: FieldRule?

        init(reading reader: inout ObjectReader) {
            kind = reader.enumeration("kind", ImportKind.self)
            source = reader.string("source")
            file = reader.optionalString("file")
            separator = reader.optionalString("separator")
            joins = reader.objects("join", Join.self)
            aliases = reader.textTables("aliases")
            skips = reader.objects("skip", Skip.self)
            fields = reader.map("fields", of: FieldRule.self)
            events = reader.objects("events", EventRule.self)
            eventID = reader.optionalObject("event_id", FieldRule.self)
            reader.rejectUnknown()
        }
    }

    package var kind: ImportKind
    /// Part of the events' source: `/import/<source>`.
    package var source: String
    /// The main file's name where a directory is imported.
    package var file: String?
    package var separator: UInt8
    package var joins: [Join]
    /// By column: what the file says, and what it means; applied wherever the column is read, joins included.
    package var aliases: [String: [String: String]]
    package var skips: [Skip]
    package var fields: [(String, FieldRule)]
    /// One event where there is none.
    package var events: [EventRule]
    /// The row's hash where it is absent.
    package var eventID: FieldRule?
    /// To locate what shows only when the map meets its file.
    let document: YAMLDocument?

    /// A map without a file: fields of the same names as columns.
    init(kind: ImportKind, source: String, fields: [(String, FieldRule)], events: [EventRule], eventID: FieldRule?) {
        self.kind = kind
        self.source = source
        separator = UInt8(ascii: ",")
        joins = []
        aliases = [:]
        skips = []
        self.fields = fields
        self.events = events
        self.eventID = eventID
        document = nil
    }

    /// Reads a map.
    ///
    /// - Parameter file: the name for messages.
    package init(parsing bytes: [UInt8], file name: String) throws(YAMLFailure) {
        let document = try YAMLDocument(parsing: bytes, file: name)
        let read = try document.decode(Fields.self)
        self.document = document
        kind = read.kind
        source = read.source
        file = read.file
        separator = read.separator?.utf8.first ?? UInt8(ascii: ",")
        joins = read.joins
        aliases = read.aliases
        skips = read.skips
        fields = read.fields
        events = read.events
        eventID = read.eventID
        try check(document)
    }

    /// Fields and event types that do not exist, templates that are none.
    private func check(_ document: YAMLDocument) throws(YAMLFailure) {
        var problems: [YAMLProblem] = []
        func problem(_ pointer: String, expected: String, found: String) {
            problems.append(document.locate(JSONProblem(pointer: pointer, expected: expected, found: found)))
        }
        let rules = events.isEmpty ? [EventRule()] : events
        for (index, event) in rules.enumerated() {
            let place = events.isEmpty ? "" : "/events/\(index)"
            guard let target = kind.target(named: event.type) else {
                let known = kind.targets.map(\.name).joined(separator: ", ")
                problem("\(place)/type", expected: "one of \(known)", found: event.type ?? "nothing")
                continue
            }
            let lists = [("/fields", fields), ("\(place)/fields", events.isEmpty ? [] : event.fields)]
            for (base, list) in lists where index == 0 || base != "/fields" {
                for (path, rule) in list {
                    let pointer = JSONProblem.pointer(base, appending: path)
                    if target.fields[path] == nil {
                        problem(pointer, expected: "a field of \(target.name)", found: "`\(path)`")
                    }
                    if let text = rule.template, ValueTemplate(text) == nil {
                        problem(
                            "\(pointer)/template", expected: "text with {column}, {slug(column)} or {lower(column)}",
                            found: "\"\(text)\"")
                    }
                }
            }
        }
        if !problems.isEmpty { throw YAMLFailure(problems: problems) }
    }
}

extension ObjectReader {
    /// `{column: {text: meaning}}`.
    fileprivate mutating func textTables(_ name: StaticString) -> [String: [String: String]] {
        guard let value = json(name), value != .null else { return [:] }
        var tables: [String: [String: String]] = [:]
        guard case .object(let columns) = value else {
            fail(name, expected: "columns with their texts", found: "something else")
            return [:]
        }
        for (column, table) in columns {
            guard case .object(let texts) = table else {
                fail(name, expected: "texts and their meanings for `\(column)`", found: "something else")
                continue
            }
            for (text, meaning) in texts {
                guard let meaning = meaning.stringValue else {
                    fail(name, expected: "a text for `\(text)`", found: "something else")
                    continue
                }
                tables[column, default: [:]][text] = meaning
            }
        }
        return tables
    }
}
