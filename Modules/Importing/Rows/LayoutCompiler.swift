import Contracts
import JSON
import YAML

/// Resolves a map's rules, or a kind's own layout, against the columns of a file; every column that is missing is one
/// problem with its place in the map.
struct LayoutCompiler {
    let kind: ImportKind
    let map: ImportMap?
    let scope: ColumnScope
    let file: String
    private var problems: [YAMLProblem] = []

    init(kind: ImportKind, map: ImportMap?, scope: ColumnScope, file: String) {
        self.kind = kind
        self.map = map
        self.scope = scope
        self.file = file
    }

    func finish() throws(YAMLFailure) {
        if !problems.isEmpty { throw YAMLFailure(problems: problems) }
    }

    private mutating func report(_ pointer: String, expected: String, found: String) {
        guard let document = map?.document else { return }
        let problem = document.locate(JSONProblem(pointer: pointer, expected: expected, found: found))
        if !problems.contains(problem) { problems.append(problem) }
    }

    private mutating func column(_ name: String, at pointer: String) -> ColumnReference {
        if let found = scope.find(name) { return found }
        report(pointer, expected: "a column of \(file) (\(scope.known))", found: "`\(name)`")
        return ColumnReference(name: name, place: .member(name), aliases: [:])
    }

    // MARK: Parts of a map

    mutating func joinKeys() -> [(column: ColumnReference, join: ImportMap.Join)] {
        (map?.joins ?? []).enumerated().map { index, join in (column(join.on, at: "/join/\(index)/on"), join) }
    }

    mutating func skips() -> [(condition: CompiledCondition, reason: String)] {
        (map?.skips ?? []).enumerated().map { index, skip in
            (condition(skip.when, isNegated: false, at: "/skip/\(index)/when"), skip.reason)
        }
    }

    mutating func idField() -> CompiledField? {
        let field = ImportField(
            path: RowMapper.eventIDColumn, location: [RowMapper.eventIDColumn], form: .text, isRequired: false)
        if let rule = map?.eventID { return compile(field, rule, at: "/event_id") }
        guard map == nil, let column = scope.find(RowMapper.eventIDColumn) else { return nil }
        return CompiledField(
            field: field, source: .column(column), rule: FieldRule(column: column.name), conditions: [])
    }

    private mutating func condition(
        _ condition: RowCondition, isNegated: Bool, at pointer: String
    ) -> CompiledCondition {
        var columns: [(reference: ColumnReference, texts: Set<String>)] = []
        for (name, texts) in condition.columns {
            columns.append((column(name, at: JSONProblem.pointer(pointer, appending: name)), texts))
        }
        return CompiledCondition(columns: columns, isNegated: isNegated)
    }

    private mutating func conditions(
        _ when: RowCondition?, _ unless: RowCondition?, at pointer: String
    ) -> [CompiledCondition] {
        var conditions: [CompiledCondition] = []
        if let when { conditions.append(condition(when, isNegated: false, at: "\(pointer)/when")) }
        if let unless { conditions.append(condition(unless, isNegated: true, at: "\(pointer)/unless")) }
        return conditions
    }

    private mutating func compile(_ field: ImportField, _ rule: FieldRule, at pointer: String) -> CompiledField {
        let source: CompiledField.Source
        if let name = rule.column {
            source = .column(column(name, at: "\(pointer)/column"))
        } else if let text = rule.template, let template = ValueTemplate(text) {
            var columns: [String: ColumnReference] = [:]
            for name in template.columns { columns[name] = column(name, at: "\(pointer)/template") }
            source = .template(template, columns)
        } else {
            source = .constant(rule.constant ?? "")
        }
        let currency = rule.currencyColumn.map { column($0, at: "\(pointer)/currency_column") }
        return CompiledField(
            field: field, source: source, rule: rule, currencyColumn: currency,
            conditions: conditions(rule.when, rule.unless, at: pointer))
    }

    // MARK: Layouts

    mutating func layouts() throws -> [String: [EventLayout]] {
        guard let map else { return try defaultLayouts() }
        var layouts: [EventLayout] = []
        let rules = map.events.isEmpty ? [ImportMap.EventRule()] : map.events
        for (index, rule) in rules.enumerated() {
            guard let target = kind.target(named: rule.type) else { continue }
            let place = "/events/\(index)"
            var fields: [CompiledField] = []
            let own = Set(rule.fields.map(\.0))
            for (path, field) in map.fields where !own.contains(path) && !rule.without.contains(path) {
                guard let known = target.fields[path] else { continue }
                fields.append(compile(known, field, at: JSONProblem.pointer("/fields", appending: path)))
            }
            for (path, field) in rule.fields {
                guard let known = target.fields[path] else { continue }
                fields.append(compile(known, field, at: JSONProblem.pointer("\(place)/fields", appending: path)))
            }
            layouts.append(
                try layout(target, fields, conditions(rule.when, rule.unless, at: place)))
        }
        return ["": layouts]
    }

    /// The layout whose columns are named as the fields. JSON rows are the events' data as they are.
    private mutating func defaultLayouts() throws -> [String: [EventLayout]] {
        var layouts: [String: [EventLayout]] = [:]
        guard let columns = scope.columns else {
            for target in kind.targets { layouts[target.name] = [try layout(target, [], [])] }
            layouts[""] = kind.target(named: nil).flatMap { layouts[$0.name] }
            return layouts
        }
        try checkColumns(columns)
        for target in kind.targets {
            if target.name == "opportunity.updated", columns.position(of: "revision") == nil {
                layouts[target.name] = try opportunityLayouts(target, columns)
            } else {
                layouts[target.name] = [try layout(target, fields(of: target, columns), [])]
            }
        }
        layouts[""] = kind.target(named: nil).flatMap { layouts[$0.name] }
        return layouts
    }

    private func checkColumns(_ columns: CSVColumns) throws(InputError) {
        var known: Set<String> = [RowMapper.eventIDColumn, RowMapper.eventTypeColumn]
        if kind == .partners { known.insert(RowMapper.acceptedTermsColumn) }
        for target in kind.targets { known.formUnion(target.fields.fields.map(\.path)) }
        let unknown = columns.names.filter { !known.contains($0) }
        guard !unknown.isEmpty else { return }
        throw InputError(
            .header, file: file,
            message: "header: expected columns of \(kind.rawValue) (\(known.sorted().joined(separator: ", "))), found "
                + unknown.map { name in
                    let hint = NearestName.of(name, among: known.sorted()).map { " (did you mean `\($0)`?)" } ?? ""
                    return "`\(name)`\(hint)"
                }.joined(separator: ", ") + "; a map (--map) reads other layouts")
    }

    private mutating func fields(of target: ImportTarget, _ columns: CSVColumns) -> [CompiledField] {
        columns.names.compactMap { name in
            target.fields[name].map { compile($0, FieldRule(column: name), at: "") }
        }
    }

    /// Without a column `revision` a deal with a close is two: as it was created, and as it was closed.
    private mutating func opportunityLayouts(
        _ target: ImportTarget, _ columns: CSVColumns
    ) throws -> [EventLayout] {
        let all = fields(of: target, columns)
        guard let closedAt = scope.find("closed_at"), let stage = target.fields["stage"],
            let revision = target.fields["revision"], let occurredAt = target.fields["occurred_at"]
        else { return [try layout(target, all, [])] }
        let open = CompiledCondition(columns: [(closedAt, [""])], isNegated: false)
        let closed = CompiledCondition(columns: [(closedAt, [""])], isNegated: true)
        func rest(without names: Set<String>) -> [CompiledField] { all.filter { !names.contains($0.field.path) } }
        func constant(_ field: ImportField, _ text: String) -> CompiledField {
            CompiledField(field: field, source: .constant(text), rule: FieldRule(constant: text), conditions: [])
        }
        let created = rest(without: ["closed_at", "lost_reason", "stage", "occurred_at"])
        let atClose = CompiledField(
            field: occurredAt, source: .column(closedAt), rule: FieldRule(column: "closed_at"), conditions: [])
        return [
            try layout(target, rest(without: ["closed_at", "lost_reason"]) + [constant(revision, "1")], [open]),
            try layout(target, created + [constant(revision, "1"), constant(stage, "qualified")], [closed]),
            try layout(target, rest(without: ["occurred_at"]) + [constant(revision, "2"), atClose], [closed]),
        ]
    }

    private mutating func layout(
        _ target: ImportTarget, _ fields: [CompiledField], _ conditions: [CompiledCondition]
    ) throws -> EventLayout {
        var fields = fields
        if !fields.isEmpty { addDefaults(of: target, to: &fields) }
        var clash: String?
        let layout = EventLayout(target: target, fields: fields, conditions: conditions, clash: &clash)
        guard let clash else { return layout }
        guard map != nil else {
            throw InputError(.header, file: file, message: "header: two columns give `\(clash)`")
        }
        report(JSONProblem.pointer("/fields", appending: clash), expected: "one rule for it", found: "two")
        return layout
    }

    private func addDefaults(of target: ImportTarget, to fields: inout [CompiledField]) {
        for value in target.defaults {
            guard let field = target.fields[value.path] else { continue }
            var fallback: CompiledField
            switch value.value {
            case .constant(let text):
                fallback = CompiledField(
                    field: field, source: .constant(text), rule: FieldRule(constant: text), conditions: [])
            case .field(let other):
                guard let source = fields.first(where: { $0.field.path == other }) else { continue }
                fallback = source
                fallback.field = field
                fallback.isCopy = true
                fallback.fallbacks = []
            }
            if let index = fields.firstIndex(where: { $0.field.path == value.path }) {
                fields[index].fallbacks.append(fallback)
            } else {
                fields.append(fallback)
            }
        }
    }
}
