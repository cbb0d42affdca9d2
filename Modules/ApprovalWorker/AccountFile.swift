import Contracts
import Domain
import JSON
import Register
import TaskRuntime

/// Everything known of one account, while one record or timer is processed: entities are read once, written as they change.
final class AccountFile {
    let turn: TurnContext
    let register: Register
    /// The programme version in force at the judging time.
    let program: Program
    private(set) var row: AccountRow
    private let isNew: Bool
    private var isRowChanged = false
    private var touchesRead: [Touch]?

    init(_ account: AccountReference, turn: TurnContext, register: Register) throws {
        guard let program = try register.program(at: turn.now) else {
            throw DeadLetter(.refused, "no programme version is in force at \(turn.now)")
        }
        self.turn = turn
        self.register = register
        self.program = program
        let stored = try turn.state.get(ApprovalTable.account, StateKey(account.key.text), as: AccountRow.self)
        isNew = stored == nil
        row = stored ?? AccountRow(account: account)
        if row.account.name == nil, let name = account.name {
            row.account.name = name
            isRowChanged = true
        }
    }

    var now: Timestamp { turn.now }
    var account: AccountReference { row.account }
    var key: AccountKey { row.account.key }

    /// Writes what of the account itself changed; called last.
    func close() throws {
        guard isRowChanged else { return }
        if isNew {
            try turn.state.putNew(ApprovalTable.account, StateKey(key.text), row)
        } else {
            try turn.state.put(ApprovalTable.account, StateKey(key.text), row)
        }
    }

    func change(_ body: (inout AccountRow) -> Void) {
        body(&row)
        isRowChanged = true
    }

    func nextSequence() -> Int64 {
        change { $0.sequence += 1 }
        return row.sequence
    }

    func entityKey(_ id: String) -> StateKey { StateKey(key.text, id) }

    // MARK: Reading

    func referral(_ id: ReferralID) throws -> ReferralClaim? {
        guard row.referrals.contains(id) else { return nil }
        return try turn.state.get(ApprovalTable.referral, entityKey(id.text), as: ReferralClaim.self)
    }

    func registration(_ id: RegistrationID) throws -> Registration? {
        guard row.registrations.contains(id) else { return nil }
        return try turn.state.get(ApprovalTable.registration, entityKey(id.text), as: Registration.self)
    }

    func conflict(_ id: ConflictID) throws -> Conflict? {
        guard row.conflicts.contains(id) else { return nil }
        return try turn.state.get(ApprovalTable.conflict, entityKey(id.text), as: Conflict.self)
    }

    func opportunity(_ id: OpportunityID) throws -> Opportunity? {
        guard row.opportunities.contains(id) else { return nil }
        return try turn.state.get(ApprovalTable.opportunity, entityKey(id.text), as: Opportunity.self)
    }

    func attribution(of opportunity: OpportunityID) throws -> Attribution? {
        try turn.state.get(ApprovalTable.attribution, entityKey(opportunity.text), as: Attribution.self)
    }

    func referrals() throws -> [ReferralClaim] { try row.referrals.compactMap { try referral($0) } }
    func registrations() throws -> [Registration] { try row.registrations.compactMap { try registration($0) } }
    func conflicts() throws -> [Conflict] { try row.conflicts.compactMap { try conflict($0) } }
    func opportunities() throws -> [Opportunity] { try row.opportunities.compactMap { try opportunity($0) } }

    func registrations(on productLine: String) throws -> [Registration] {
        try registrations().filter { $0.productLine == productLine }
    }

    func touches() throws -> [Touch] {
        guard row.touches > 0 else { return [] }
        if let touchesRead { return touchesRead }
        let read = try turn.state.rows(ApprovalTable.touch, prefix: StateKey(key.text), as: Touch.self).map(\.row)
        touchesRead = read
        return read
    }

    func touch(_ id: TouchID) throws -> Touch? {
        guard row.touches > 0 else { return nil }
        return try turn.state.get(ApprovalTable.touch, entityKey(id.text), as: Touch.self)
    }

    // MARK: Writing

    /// Writes the referral and its one timer.
    func put(_ referral: ReferralClaim) throws {
        var referral = referral
        let isNew = !row.referrals.contains(referral.id)
        if isNew { change { $0.referrals.append(referral.id) } }
        referral.timerDue = try arm(
            .referral, referral.id.text, from: referral.timerDue, to: referral.nextDue(intake: program.intake))
        try write(ApprovalTable.referral, referral.id.text, referral, isNew: isNew)
    }

    /// Writes the claim, its one timer, and its place in the list of the partner's open claims.
    func put(_ registration: Registration) throws {
        var registration = registration
        let isNew = !row.registrations.contains(registration.id)
        if isNew { change { $0.registrations.append(registration.id) } }
        registration.timerDue = try arm(
            .registration, registration.id.text, from: registration.timerDue,
            to: registration.nextDue(protection: program.protection))
        try write(ApprovalTable.registration, registration.id.text, registration, isNew: isNew)
        try list(registration, isNew: isNew)
    }

    /// Keeps the claim's place in the list of the partner's open claims, and counts those that no deal has moved.
    private func list(_ registration: Registration, isNew: Bool) throws {
        let openKey = StateKey(registration.partner.text, key.text, registration.id.text)
        let before = isNew ? nil : try turn.state.get(ApprovalTable.openClaim, openKey, as: OpenClaimRow.self)
        let isIdle = registration.state.isUndecided || registration.state == .approved
        if !registration.state.isOpen {
            if before != nil { try turn.state.delete(ApprovalTable.openClaim, openKey) }
        } else if before?.isIdle != isIdle {
            let open = OpenClaimRow(account: key, registration: registration.id, isIdle: isIdle)
            try turn.state.put(ApprovalTable.openClaim, openKey, open)
        }
        if (before?.isIdle ?? false) != isIdle {
            try countActivity(of: registration.partner) { $0.open += isIdle ? 1 : -1 }
        }
    }

    func put(_ conflict: Conflict) throws {
        var conflict = conflict
        let isNew = !row.conflicts.contains(conflict.id)
        if isNew { change { $0.conflicts.append(conflict.id) } }
        conflict.timerDue = try arm(.conflict, conflict.id.text, from: conflict.timerDue, to: conflict.nextDue)
        try write(ApprovalTable.conflict, conflict.id.text, conflict, isNew: isNew)
    }

    func put(_ opportunity: Opportunity) throws {
        let isNew = !row.opportunities.contains(opportunity.id)
        if isNew { change { $0.opportunities.append(opportunity.id) } }
        try write(ApprovalTable.opportunity, opportunity.id.text, opportunity, isNew: isNew)
    }

    /// Where the account believes a deal to be; `nil` for one that it never heard of.
    func place(of opportunity: OpportunityID) throws -> OpportunityAccountRow? {
        try turn.state.get(
            ApprovalTable.opportunityAccount, StateKey(opportunity.text), as: OpportunityAccountRow.self)
    }

    func put(_ place: OpportunityAccountRow, of opportunity: OpportunityID) throws {
        try turn.state.put(ApprovalTable.opportunityAccount, StateKey(opportunity.text), place)
    }

    /// The deal is this account's no more.
    func remove(_ opportunity: OpportunityID) throws {
        change { $0.opportunities.removeAll { $0 == opportunity } }
        try turn.state.delete(ApprovalTable.opportunity, entityKey(opportunity.text))
    }

    func put(_ attribution: Attribution) throws {
        try write(
            ApprovalTable.attribution, attribution.opportunity.text, attribution, isNew: attribution.revision == 1)
    }

    func put(_ touch: Touch, isNew: Bool) throws {
        if isNew { change { $0.touches += 1 } }
        touchesRead = nil
        try write(ApprovalTable.touch, touch.id.text, touch, isNew: isNew)
    }

    private func write(_ table: StateTable, _ id: String, _ value: some JSONWritable, isNew: Bool) throws {
        if isNew {
            try turn.state.putNew(table, entityKey(id), value)
        } else {
            try turn.state.put(table, entityKey(id), value)
        }
    }

    // MARK: Timers

    /// Moves an entity's timer; each entity has one, for whatever comes next.
    private func arm(_ kind: TimerKind, _ id: String, from old: Timestamp?, to new: Timestamp?) throws -> Timestamp? {
        guard old != new else { return new }
        let name = kind.name(of: id)
        if let old { try turn.cancelTimer(named: name, due: old) }
        if let new { try turn.schedule(TaskTimer(name: name, due: new, payload: key.text)) }
        return new
    }
}

/// What a timer is for: the entity whose next clock it is.
enum TimerKind: String {
    case referral, registration, conflict
    /// The day's end of a partner's numbers.
    case activity
    /// The time from which a partner's new entry counts.
    case partner

    func name(of id: String) -> String { "\(rawValue):\(id)" }

    static func parse(_ name: String) -> (kind: TimerKind, id: String)? {
        guard let colon = name.firstIndex(of: ":"), let kind = TimerKind(rawValue: String(name[..<colon])) else {
            return nil
        }
        return (kind, String(name[name.index(after: colon)...]))
    }
}
