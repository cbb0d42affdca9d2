import Contracts
import Domain
import EventLog
import JSON

/// The last fact of every entity, as a walk over `outcome.v1` finds them.
struct LastFacts {
    var referrals: [String: ReferralFact] = [:]
    var registrations: [String: RegistrationFact] = [:]
    var conflicts: [String: ConflictFact] = [:]
    var opportunities: [String: OpportunityFact] = [:]
    var attributions: [String: AttributionFact] = [:]
    var commissions: [String: CommissionFact] = [:]
    /// All arithmetic that the facts of a commission print.
    var arithmetic: [String: [String]] = [:]
    var ledger: [String: LedgerFact] = [:]
    var payouts: [String: PayoutFact] = [:]
    var runParts: [String: PayoutRunPartFact] = [:]
    var statements: [String: StatementFact] = [:]
    var blocks: [String: BlockFact] = [:]
    /// By the position of the record.
    var deadLetters: [String: RecordDeadLettered] = [:]

    mutating func take(_ record: LogRecord) throws {
        guard let type = record.headerText(HeaderName.type), let value = record.value, let key = record.key else {
            return
        }
        let id = String(decoding: key, as: UTF8.self)
        switch type {
        case ReferralFact.type: referrals[id] = try JSONDocument.decode(ReferralFact.self, from: value)
        case RegistrationFact.type: registrations[id] = try JSONDocument.decode(RegistrationFact.self, from: value)
        case ConflictFact.type: conflicts[id] = try JSONDocument.decode(ConflictFact.self, from: value)
        case OpportunityFact.type: opportunities[id] = try JSONDocument.decode(OpportunityFact.self, from: value)
        case AttributionFact.type: attributions[id] = try JSONDocument.decode(AttributionFact.self, from: value)
        case CommissionFact.type:
            let fact = try JSONDocument.decode(CommissionFact.self, from: value)
            arithmetic[id, default: []] += fact.explanation.compactMap(\.arithmetic)
            commissions[id] = fact
        case LedgerFact.type: ledger[id] = try JSONDocument.decode(LedgerFact.self, from: value)
        case PayoutFact.type: payouts[id] = try JSONDocument.decode(PayoutFact.self, from: value)
        case PayoutRunPartFact.type: runParts[id] = try JSONDocument.decode(PayoutRunPartFact.self, from: value)
        case StatementFact.type: statements[id] = try JSONDocument.decode(StatementFact.self, from: value)
        case BlockFact.type: blocks[id] = try JSONDocument.decode(BlockFact.self, from: value)
        case RecordDeadLettered.type: deadLetters[id] = try JSONDocument.decode(RecordDeadLettered.self, from: value)
        default: break
        }
    }
}
