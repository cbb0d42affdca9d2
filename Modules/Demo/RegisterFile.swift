import Contracts
package import Domain
import DomainNames
import Importing
import JSON

/// Reads the partners of a register file, as the sample needs them.
package enum RegisterFile {
    /// In the file's order; the last version of each.
    ///
    /// - Throws: what is wrong with the file, broken rows included.
    package static func partners(in path: String, temporaryDirectory: String) throws -> [Partner] {
        var broken: LineProblem?
        let plan = try ImportPlan(
            [ImportInput(kind: .partners, path: path)], context: ImportContext(domains: RegistrableDomains()),
            temporaryDirectory: temporaryDirectory,
            notice: { notice in if case .broken(let problem) = notice { broken = broken ?? problem } })
        if let broken { throw broken }
        var partners: [PartnerID: Partner] = [:]
        while let batch = try plan.next() {
            for event in batch.events where event.type == PartnerUpdated.type {
                let partner = try JSONDocument.decode(PartnerUpdated.self, from: event.payload).partner
                partners[partner.id] = partner
            }
        }
        return partners.values.sorted { $0.id < $1.id }
    }
}
