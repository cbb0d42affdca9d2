package import Contracts
package import Domain
import TaskRuntime

extension Register {
    private static let entries: [String: @Sendable (Event) throws(EventProblem) -> any EventPayload] = Dictionary(
        uniqueKeysWithValues: EventCatalogue.events(on: .program).map { ($0.type, $0.decode) })

    /// The entry in an event; `nil` where it is no event of the register.
    ///
    /// - Throws: `DeadLetter` where the data does not fit its type.
    package static func decode(_ event: Event) throws -> (any EventPayload)? {
        guard let read = entries[event.type] else { return nil }
        do {
            return try read(event)
        } catch {
            throw DeadLetter(DeadLetter.Code(rawValue: error.code.rawValue), error.reason)
        }
    }

    /// Stores an entry of the register. `false` for any other payload.
    ///
    /// The same entry again changes nothing.
    ///
    /// - Parameter time: the judging time of the entry.
    /// - Throws: `DeadLetter` with code `refused` where a version would change after it was published, or would take effect
    ///   before what was judged already.
    package func apply(_ payload: any EventPayload, at time: Timestamp) throws -> Bool {
        switch payload {
        case let entry as ProgramPublished: try store(entry.program, at: time)
        case let entry as PartnerUpdated:
            try check(partnerVersions.store(entry.partner, in: state), entry.registerKey)
        case let entry as PersonUpdated:
            try check(personVersions.store(entry.person, in: state), entry.registerKey)
        case let entry as PayeeUpdated:
            // One without details gets them from the first that has them: the same row, imported by a later version.
            try check(
                payeeVersions.store(entry.payee, inPlaceOf: entry.payee.withoutDetails, in: state), entry.registerKey)
        case let entry as TermsAccepted: try store(entry.acceptance, at: time)
        case let entry as FXPublished: try store(entry.rate)
        default: return false
        }
        return true
    }

    private func check(_ stored: Bool?, _ key: String) throws {
        if stored == nil { throw DeadLetter(.refused, "\(key) is in the register already, with other content") }
    }

    private func store(_ program: Program, at time: Timestamp) throws {
        let key = "\(program.id)/\(program.version)"
        let versions = try allPrograms().map(\.program)
        if let present = versions.first(where: { $0.version == program.version && $0.id == program.id }) {
            guard present == program else {
                throw DeadLetter(.refused, "\(key) is published already, and never changes")
            }
            return
        }
        if let latest = versions.last {
            guard latest.id == program.id else {
                throw DeadLetter(
                    .refused, "\(key): the register holds the programme \(latest.id), and takes no second one")
            }
            guard program.version > latest.version, program.effectiveFrom > latest.effectiveFrom else {
                throw DeadLetter(
                    .refused, "\(key) does not follow \(latest.id)/\(latest.version) in number and time of effect")
            }
            guard program.effectiveFrom > time else {
                throw DeadLetter(
                    .refused,
                    "\(key) takes effect at \(program.effectiveFrom), before what was judged already (\(time))")
            }
        }
        for terms in program.terms {
            guard let known = try self.terms(terms.id, version: terms.version), known != terms else { continue }
            throw DeadLetter(
                .refused, "\(key): \(terms.id)/\(terms.version) is published already, and never changes")
        }
        try state.put(Register.programTable, StateKey(program.id.text).appending(program.version), program)
        programs = nil
    }

    private func store(_ acceptance: TermsAcceptance, at time: Timestamp) throws {
        let key = StateKey(acceptance.partner.text, acceptance.terms.text).appending(acceptance.version)
        // The first acceptance counts: a repeated one must not move it.
        guard
            try self.acceptance(of: acceptance.terms, version: acceptance.version, by: acceptance.partner) == nil
        else { return }
        var acceptance = acceptance
        // It holds from its judging time: the sender's own date would let a claim be paid by terms not accepted then.
        acceptance.acceptedAt = time
        try state.put(Register.termsAcceptanceTable, key, acceptance)
        acceptances[
            AcceptanceKey(partner: acceptance.partner, terms: acceptance.terms, version: acceptance.version)] = nil
    }

    private func store(_ rate: FXRate) throws {
        let key = StateKey(rate.from.code, rate.to.code).appending(Int64(rate.date.dayNumber))
        if let present = try state.get(Register.fxRateTable, key, as: FXRate.self) {
            guard present.rate == rate.rate else {
                throw DeadLetter(
                    .refused, "the rate \(rate.from)/\(rate.to) of \(rate.date) is published already, and never changes"
                )
            }
            return
        }
        try state.put(Register.fxRateTable, key, rate)
        rates.removeAll()
    }
}
