import Contracts
import Domain
import Hashing
import JSON
import YAML

/// Turns the rows of one file into events, by a map or by the kind's own layout.
package struct RowMapper: Sendable {
    /// Columns that every layout knows beside the fields.
    static let eventIDColumn = "event_id"
    static let eventTypeColumn = "event_type"
    /// Of partners: `trm_agency/2; trm_referral/1`.
    static let acceptedTermsColumn = "accepted_terms"

    private let kind: ImportKind
    private let file: String
    private let source: String
    private let context: ImportContext
    private let joins: [JoinTable]
    private let joinKeys: [(column: ColumnReference, join: ImportMap.Join)]
    private let skips: [(condition: CompiledCondition, reason: String)]
    /// By event type; of a map all under the empty name.
    private let layouts: [String: [EventLayout]]
    private let typeColumn: ColumnReference?
    private let idField: CompiledField?
    private let acceptedTerms: ColumnReference?

    /// What to make of a row, and in which line it stands.
    func outcome(of row: UnreadRow) -> (line: Int, outcome: RowOutcome) {
        switch row.read() {
        case .failure(let problem): (problem.line, .broken([problem]))
        case .success(let row): (row.line, outcome(of: row))
        }
    }

    private func outcome(of row: InputRow) -> RowOutcome {
        var joined: [CSVRow?] = []
        for (index, key) in joinKeys.enumerated() {
            let value = key.column.text(row, joined)
            let match = joins[index][value]
            joined.append(match)
        }
        for skip in skips where skip.condition.holds(row, joined) { return .skipped(skip.reason) }
        for (index, key) in joinKeys.enumerated() where key.join.isRequired && joined[index] == nil {
            let value = key.column.text(row, joined)
            return broken(row, key.join.on, "a row in \(key.join.file) with that \(key.join.key)", "\"\(value)\"")
        }
        let name = typeColumn?.text(row, joined) ?? ""
        guard let layouts = layouts[name] ?? layouts[shortName(name)] else {
            let known = kind.targets.map(\.name).joined(separator: ", ")
            return broken(row, RowMapper.eventTypeColumn, "one of \(known)", name.isEmpty ? "nothing" : "\"\(name)\"")
        }
        return events(row, joined, layouts)
    }

    private func shortName(_ name: String) -> String { kind.target(named: name)?.name ?? name }

    private func broken(_ row: InputRow, _ field: String, _ expected: String, _ found: String) -> RowOutcome {
        .broken([LineProblem(file: file, line: row.line, field: field, expected: expected, found: found)])
    }

    private func events(_ row: InputRow, _ joined: [CSVRow?], _ layouts: [EventLayout]) -> RowOutcome {
        let id: String
        do throws(FieldIssue) {
            id = try idField?.value(row, joined)?.stringValue ?? hash(of: row)
        } catch {
            return broken(row, RowMapper.eventIDColumn, error.expected, error.found)
        }
        var events: [OutgoingEvent] = []
        for (index, layout) in layouts.enumerated() where layout.conditions.allSatisfy({ $0.holds(row, joined) }) {
            switch encode(row, joined, layout) {
            case .failure(let problems): return .broken(problems.problems)
            case .success(let encoded):
                events.append(
                    event(encoded, layout.target, id: layouts.count == 1 ? id : "\(id)#\(index + 1)"))
            }
        }
        if let acceptedTerms {
            switch acceptances(acceptedTerms.text(row, joined), of: events.first, row, id: id) {
            case .failure(let problems): return .broken(problems.problems)
            case .success(let accepted): events += accepted
            }
        }
        guard !events.isEmpty else { return .skipped("no event of the map is meant for the row") }
        return .events(events)
    }

    private func hash(of row: InputRow) -> String { Hexadecimal.text(Hashing.first64(of: row.bytes)) }

    private func event(_ encoded: EncodedPayload, _ target: ImportTarget, id: String) -> OutgoingEvent {
        OutgoingEvent(
            topic: target.topic, key: encoded.key, type: target.type, source: source, id: id + target.idEnding,
            occurredAt: encoded.occurredAt, payload: encoded.payload, broadcast: encoded.broadcast)
    }

    private func encode(
        _ row: InputRow, _ joined: [CSVRow?], _ layout: EventLayout
    ) -> Result<EncodedPayload, RowProblems> {
        let data: [UInt8]
        if layout.fields.isEmpty, case .json(let value, let text) = row.content {
            data = RowMapper.isEventData(value, layout.target) ? text : RowMapper.eventData(value, layout.target).text
        } else {
            switch layout.data(row, joined, file: file) {
            case .failure(let problems): return .failure(problems)
            case .success(let bytes): data = bytes
            }
        }
        do throws(JSONFailure) {
            return .success(try layout.target.encode(data, context))
        } catch {
            let problems = error.problems.map {
                LineProblem(
                    file: file, line: row.line, field: layout.blame($0), expected: $0.expected, found: $0.found)
            }
            return .failure(RowProblems(problems: problems))
        }
    }

    /// Whether the row can be read as the event's data without being made anew: reading passes over what it does not know.
    private static func isEventData(_ row: JSONValue, _ target: ImportTarget) -> Bool {
        guard case .object(let members) = row, target.defaults.isEmpty else { return false }
        return members.allSatisfy { $0.1 != .null }
    }

    /// The data of an event that a JSON row holds as it is: without the layout's own members, with what may be left out.
    private static func eventData(_ row: JSONValue, _ target: ImportTarget) -> JSONValue {
        guard case .object(let all) = row else { return row }
        var members = all.filter {
            $0.0 != eventIDColumn && $0.0 != eventTypeColumn && $0.0 != acceptedTermsColumn && $0.1 != .null
        }
        for value in target.defaults where target.root.isEmpty {
            guard !members.contains(where: { $0.0 == value.path }) else { continue }
            switch value.value {
            case .constant(let text):
                switch target.fields[value.path]?.form {
                case .integer: members.append((value.path, .integer(Int64(text) ?? 0)))
                case .boolean: members.append((value.path, .bool(text == "true")))
                default: members.append((value.path, .string(text)))
                }
            case .field(let other):
                if let copy = members.first(where: { $0.0 == other }) { members.append((value.path, copy.1)) }
            }
        }
        return .object(members)
    }

    /// The terms that a partner's row says it accepted.
    private func acceptances(
        _ text: String, of partner: OutgoingEvent?, _ row: InputRow, id: String
    ) -> Result<[OutgoingEvent], RowProblems> {
        guard let partner, let target = kind.target(named: "terms.accepted") else { return .success([]) }
        var events: [OutgoingEvent] = []
        do throws(JSONFailure) {
            let updated = try JSONDocument.decode(PartnerUpdated.self, from: partner.payload)
            for part in text.split(separator: ";") {
                let words = part.filter { $0 != " " }.split(separator: "/")
                guard words.count == 2, let terms = TermsID(String(words[0])), let version = Int64(words[1]) else {
                    return .failure(
                        RowProblems(problems: [
                            LineProblem(
                                file: file, line: row.line, field: RowMapper.acceptedTermsColumn,
                                expected: "terms and version such as trm_agency/2", found: "\"\(part)\"")
                        ]))
                }
                let acceptance = TermsAcceptance(
                    partner: updated.partner.id, terms: terms, version: version,
                    acceptedBy: updated.partner.contact.name, acceptedAt: updated.partner.effectiveAt)
                let encoded = try target.encode(JSONEncoding.encode(TermsAccepted(acceptance: acceptance)), context)
                events.append(event(encoded, target, id: "\(id)#\(terms)/\(version)"))
            }
        } catch {
            let problem = error.problems.first
            return .failure(
                RowProblems(problems: [
                    LineProblem(
                        file: file, line: row.line, field: RowMapper.acceptedTermsColumn,
                        expected: problem?.expected ?? "terms", found: problem?.found ?? "something else")
                ]))
        }
        return .success(events)
    }
}

extension RowMapper {
    /// Joins map and file.
    ///
    /// - Parameters:
    ///   - map: `nil` for the kind's own layout.
    ///   - columns: of the file; `nil` for JSON.
    ///   - joins: the map's joined files, in its order.
    /// - Throws: `YAMLFailure` for a column that the file lacks, `InputError` for a column that the layout lacks.
    init(
        kind: ImportKind, map: ImportMap?, columns: CSVColumns?, joins: [JoinTable], file: String,
        context: ImportContext
    ) throws {
        let scope = ColumnScope(
            columns: columns, joins: zip(map?.joins ?? [], joins).map { ($0.name, $1.columns) },
            aliases: map?.aliases ?? [:])
        var compiler = LayoutCompiler(kind: kind, map: map, scope: scope, file: file)
        self.kind = kind
        self.file = file
        self.context = context
        self.joins = joins
        source = "/import/\(map?.source ?? kind.rawValue)"
        joinKeys = compiler.joinKeys()
        skips = compiler.skips()
        layouts = try compiler.layouts()
        idField = compiler.idField()
        typeColumn = map == nil ? scope.find(RowMapper.eventTypeColumn) : nil
        acceptedTerms = map == nil && kind == .partners ? scope.find(RowMapper.acceptedTermsColumn) : nil
        try compiler.finish()
    }
}
