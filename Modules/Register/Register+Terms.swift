package import Domain
import TaskRuntime

extension Register {
    struct AcceptanceKey: Hashable {
        var partner: PartnerID
        var terms: TermsID
        var version: Int64
    }

    /// The terms version that holds for a partner of a type at a time: the partner's own terms before those of its
    /// type, the latest in effect first, and of those that need acceptance only a version that the partner accepted by
    /// then. An older version stays in force until the newer one is accepted.
    package func terms(for partner: Partner, type: PartnerType, at time: Timestamp) throws -> TermsVersion? {
        guard let program = try program(at: time) else { return nil }
        let own = program.terms.filter { $0.partner == partner.id }
        let ofType = program.terms.filter { $0.partner == nil && $0.partnerType == type }
        for candidates in [own, ofType] where !candidates.isEmpty {
            if let terms = try accepted(by: partner.id, of: candidates, at: time) { return terms }
        }
        return nil
    }

    /// An exact version, from whatever programme version holds it.
    package func terms(_ id: TermsID, version: Int64) throws -> TermsVersion? {
        for program in try allPrograms().reversed() {
            if let terms = program.terms.first(where: { $0.id == id && $0.version == version }) { return terms }
        }
        return nil
    }

    private func accepted(by partner: PartnerID, of candidates: [TermsVersion], at time: Timestamp) throws
        -> TermsVersion?
    {
        let newestFirst = candidates.filter { $0.effectiveFrom <= time }.sorted(by: isNewer)
        for terms in newestFirst {
            if try isAccepted(terms, by: partner, at: time) { return terms }
        }
        guard newestFirst.contains(where: \.acceptanceRequired) else { return nil }
        return try earlierVersions(of: Set(newestFirst.map(\.id)), at: time)
            .first { try isAccepted($0, by: partner, at: time) }
    }

    /// What earlier programme versions said under the same terms ids, newest first.
    private func earlierVersions(of ids: Set<TermsID>, at time: Timestamp) throws -> [TermsVersion] {
        try allPrograms().filter { $0.effectiveFrom <= time }.flatMap(\.terms)
            .filter { ids.contains($0.id) && $0.effectiveFrom <= time }.sorted(by: isNewer)
    }

    private func isNewer(_ left: TermsVersion, _ right: TermsVersion) -> Bool {
        (left.effectiveFrom, left.version) > (right.effectiveFrom, right.version)
    }

    private func isAccepted(_ terms: TermsVersion, by partner: PartnerID, at time: Timestamp) throws -> Bool {
        guard terms.acceptanceRequired else { return true }
        guard let acceptance = try acceptance(of: terms.id, version: terms.version, by: partner) else { return false }
        return acceptance.acceptedAt <= time
    }

    /// The partner's acceptance of an exact version.
    package func acceptance(of terms: TermsID, version: Int64, by partner: PartnerID) throws -> TermsAcceptance? {
        let key = AcceptanceKey(partner: partner, terms: terms, version: version)
        if let known = acceptances[key] { return known }
        let row = try state.get(
            Register.termsAcceptanceTable, StateKey(partner.text, terms.text).appending(version),
            as: TermsAcceptance.self)
        if acceptances.count >= RegisterCache.maximumEntries { acceptances.removeAll() }
        acceptances[key] = row
        return row
    }
}
