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
    package func terms(for partner: PartnerID, type: PartnerType, at time: Timestamp) throws -> TermsVersion? {
        guard let terms = try inForce(at: time)?.program.terms else { return nil }
        return try accepted(by: partner, of: terms, at: time) { owner, _ in owner == partner }
            ?? accepted(by: partner, of: terms, at: time) { owner, ofType in owner == nil && ofType == type }
    }

    /// An exact version, from whatever programme version holds it.
    package func terms(_ id: TermsID, version: Int64) throws -> TermsVersion? {
        for published in try allPrograms().reversed() {
            if let terms = published.program.terms.first(where: { $0.id == id && $0.version == version }) {
                return terms
            }
        }
        return nil
    }

    /// The newest of the candidates that holds; where none does, of what earlier programme versions said under their ids.
    private func accepted(
        by partner: PartnerID, of terms: [TermsVersion], at time: Timestamp,
        isCandidate: (_ owner: PartnerID?, _ ofType: PartnerType?) -> Bool
    ) throws -> TermsVersion? {
        var newest: Int?
        var missing: Set<TermsID> = []
        // Looked at in their places: a copy of terms retains all that they say.
        for index in terms.indices
        where terms[index].effectiveFrom <= time && isCandidate(terms[index].partner, terms[index].partnerType) {
            if let newest, !isNewer(terms[index], terms[newest]) { continue }
            if try isAccepted(terms[index], by: partner, at: time) {
                newest = index
            } else {
                missing.insert(terms[index].id)
            }
        }
        if let newest { return terms[newest] }
        guard !missing.isEmpty else { return nil }
        return try earlierVersions(of: missing, at: time).first { try isAccepted($0, by: partner, at: time) }
    }

    /// What earlier programme versions said under the same terms ids, newest first.
    private func earlierVersions(of ids: Set<TermsID>, at time: Timestamp) throws -> [TermsVersion] {
        try allPrograms().filter { $0.program.effectiveFrom <= time }.flatMap(\.program.terms)
            .filter { ids.contains($0.id) && $0.effectiveFrom <= time }.sorted(by: isNewer)
    }

    private func isNewer(_ left: borrowing TermsVersion, _ right: borrowing TermsVersion) -> Bool {
        (left.effectiveFrom, left.version) > (right.effectiveFrom, right.version)
    }

    private func isAccepted(
        _ terms: borrowing TermsVersion, by partner: PartnerID, at time: Timestamp
    ) throws -> Bool {
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
