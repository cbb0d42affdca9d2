import Contracts
package import Domain
package import TaskRuntime

/// The register as one partition knows it: programme versions, partners, people, accepted terms, payees and exchange
/// rates, in the order in which their broadcast entries came.
///
/// Everything is effective-dated: an entry counts from its own time on, never before. Reads are cached; the cache is
/// good until an entry changes it, or the state is reset under it. Used by one thread.
package final class Register {
    package static let programTable = StateTable("program")
    package static let partnerTable = StateTable("partner")
    package static let personTable = StateTable("person")
    package static let termsAcceptanceTable = StateTable("terms_acceptance")
    package static let payeeTable = StateTable("payee")
    package static let fxRateTable = StateTable("fx_rate")

    /// To be added to the tables of every worker that reads the register.
    package static let tables: [StateTable] = [
        programTable, partnerTable, personTable, termsAcceptanceTable, payeeTable, fxRateTable,
    ]

    package let state: TaskState
    private var now = Timestamp.distantFuture
    var programs: [PublishedProgram]?
    var partnerVersions: VersionedRows<Partner>
    var personVersions: VersionedRows<Person>
    var payeeVersions: VersionedRows<Payee>
    var acceptances: [AcceptanceKey: TermsAcceptance?] = [:]
    var rates: [RateQuestion: FXRate?] = [:]

    package init(state: TaskState) {
        self.state = state
        partnerVersions = VersionedRows(table: Register.partnerTable)
        personVersions = VersionedRows(table: Register.personTable)
        payeeVersions = VersionedRows(table: Register.payeeTable)
    }

    /// Tells the judging time of the record or timer that is being processed: partners, people and payees are answered
    /// as of it. Called first by every handler; without it entries count at once, even those of the future.
    package func advance(to now: Timestamp) { self.now = now }

    /// Drops what was cached. To be called whenever the state was rolled back or restored.
    package func reset() {
        programs = nil
        partnerVersions.reset()
        personVersions.reset()
        payeeVersions.reset()
        acceptances.removeAll()
        rates.removeAll()
    }

    // MARK: Programme

    /// The version in force at a time: the latest that took effect at or before it; `nil` before the first.
    package func program(at time: Timestamp) throws -> Program? { try inForce(at: time)?.program }

    /// As `program`, without a copy of it.
    package func inForce(at time: Timestamp) throws -> PublishedProgram? {
        try allPrograms().last { $0.program.effectiveFrom <= time }
    }

    /// A version by its number, whether in force or not.
    package func program(version: Int64) throws -> Program? {
        try allPrograms().first { $0.program.version == version }?.program
    }

    /// By time of effect.
    func allPrograms() throws -> [PublishedProgram] {
        if let programs { return programs }
        let loaded = try state.rows(Register.programTable, prefix: StateKey(), as: Program.self).map(\.row)
            .sorted { ($0.effectiveFrom, $0.version) < ($1.effectiveFrom, $1.version) }.map(PublishedProgram.init)
        programs = loaded
        return loaded
    }

    // MARK: Partners, people, payees

    package func partner(_ id: PartnerID) throws -> Partner? {
        try partnerVersions.version(of: id.text, at: now, in: state)
    }

    /// Since when the partner has not been a member, without a break; `nil` while it is one.
    package func membershipEnd(of id: PartnerID) throws -> Timestamp? {
        try partnerVersions.versions(of: id.text, upTo: now, in: state).reversed()
            .prefix { $0.status == .ended || $0.status == .endedForCause }
            .map(\.effectiveAt).min()
    }

    package func person(_ id: PersonID) throws -> Person? {
        try personVersions.version(of: id.text, at: now, in: state)
    }

    package func payee(_ id: PartnerID) throws -> Payee? {
        try payeeVersions.version(of: id.text, at: now, in: state)
    }

    /// Every partner as of now, by id.
    package func partners() throws -> [Partner] {
        let now = now
        return try partnerVersions.all(in: state).compactMap { versions in versions.last { $0.effectiveAt <= now } }
    }

    /// Every payee as of now, by partner id.
    package func payees() throws -> [Payee] {
        let now = now
        return try payeeVersions.all(in: state).compactMap { versions in versions.last { $0.effectiveAt <= now } }
    }

    // MARK: Exchange rates

    struct RateQuestion: Hashable {
        var from: Currency
        var to: Currency
        var date: CalendarDate
        var maximumAgeDays: Int64
    }

    /// The latest rate of the pair that is dated at or before a day, and at most so many days before it. A currency in
    /// itself is worth 1. The inverse of a pair is never computed: it would not be a published rate.
    package func fxRate(
        from: Currency, to: Currency, on date: CalendarDate, maximumAgeDays: Int64
    ) throws -> FXRate? {
        guard from != to else { return FXRate(from: from, to: to, date: date, rate: "1", source: "identity") }
        let question = RateQuestion(from: from, to: to, date: date, maximumAgeDays: maximumAgeDays)
        if let known = rates[question] { return known }
        let pair = StateKey(from.code, to.code)
        let rate = try state.rows(
            Register.fxRateTable, from: pair.appending(Int64(date.dayNumber) - maximumAgeDays),
            upTo: pair.appending(Int64(date.dayNumber) + 1), limit: .max, as: FXRate.self
        ).last?.row
        if rates.count >= RegisterCache.maximumEntries { rates.removeAll() }
        rates[question] = rate
        return rate
    }
}

/// A programme version that is handed on by reference: a copy of a programme retains some sixty texts and tables.
package final class PublishedProgram: Sendable {
    package let program: Program

    init(_ program: Program) { self.program = program }
}

/// Bounds of what a register caches.
enum RegisterCache {
    /// Entities, acceptances or answers of one kind; beyond it the cache starts anew.
    static let maximumEntries = 50_000
}
