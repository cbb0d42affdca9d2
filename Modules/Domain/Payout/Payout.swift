/// One transfer to one partner in one currency, with frozen lines.
package struct Payout: Sendable, Hashable {
    package enum State: String, Sendable, CaseIterable {
        case planned, approved, submitted, confirmed, failed, returned
        /// Contradicting results: a person decides.
        case disputed
        /// Planned again for money of a disputed payout, and taken back before it was submitted.
        case cancelled
    }

    /// A commission that is paid, or a clawback that is kept, with its amount in minor units (positive).
    package struct Line: Sendable, Hashable {
        package var commission: CommissionID
        package var amount: Int64

        package init(commission: CommissionID, amount: Int64) {
            self.commission = commission
            self.amount = amount
        }
    }

    package var id: PayoutID
    package var run: PayoutRunID
    package var partner: PartnerID
    package var currency: Currency
    package var state: State
    package var lines: [Line]
    /// Clawbacks kept, oldest first.
    package var clawbacks: [Line]
    /// Sum of the lines, in minor units.
    package var gross: Int64
    /// What is transferred.
    package var net: Int64
    /// The payee version that the file must use.
    package var payeeVersion: Int64
    /// The fingerprint of that version's account, of its holder and bank code too, as the worker knew it at planning: the file
    /// pays no other account and says no other details of it. `nil` in payouts of versions that did not name it.
    package var accountFingerprint: String?
    package var rail: PayoutRules.Rail
    package var executionDate: CalendarDate
    package var plannedAt: Timestamp
    package var plannedBy: Actor
    package var approvedAt: Timestamp?
    package var approvedBy: Actor?
    package var submittedAt: Timestamp?
    package var fileSHA256: String?
    /// The last final result.
    package var settledAt: Timestamp?
    package var valueDate: CalendarDate?
    package var reason: String?
    /// The state before the contradicting result.
    package var disputedFrom: State?
    /// Results that said nothing new.
    package var repeatedResults: Int64

    package init(
        id: PayoutID, run: PayoutRun, partner: PartnerID, currency: Currency, lines: [Line], clawbacks: [Line],
        gross: Int64, net: Int64, payeeVersion: Int64, accountFingerprint: String? = nil, plannedAt: Timestamp
    ) {
        self.id = id
        self.run = run.id
        self.partner = partner
        self.currency = currency
        state = .planned
        self.lines = lines
        self.clawbacks = clawbacks
        self.gross = gross
        self.net = net
        self.payeeVersion = payeeVersion
        self.accountFingerprint = accountFingerprint
        rail = run.rail
        executionDate = run.executionDate
        self.plannedAt = plannedAt
        plannedBy = run.requestedBy
        repeatedResults = 0
    }

    /// Kept for clawbacks, in minor units.
    package var netted: Int64 { gross - net }
}

/// A payout run as one partition has it.
package struct PayoutRun: Sendable, Hashable {
    package enum State: String, Sendable, CaseIterable {
        case planned, approved, submitted
    }

    /// Who pays, as the programme said when the run was asked for.
    package struct Debtor: Sendable, Hashable {
        package var name: String
        package var account: String

        package init(name: String, account: String) {
            self.name = name
            self.account = account
        }
    }

    package var id: PayoutRunID
    package var state: State
    /// Commissions eligible later than this wait for the next run.
    package var cutOff: Timestamp
    package var rail: PayoutRules.Rail
    package var executionDate: CalendarDate
    package var requestedBy: Actor
    package var requestedAt: Timestamp
    package var partition: Int64
    /// `nil` in runs of versions that did not name it.
    package var debtor: Debtor?
    /// The number of payouts planned here.
    package var count: Int64
    /// Net amounts by currency.
    package var totals: [Currency: Int64]
    /// SHA-256 (hex) over the part's canonical text.
    package var sha256: String
    package var rolledOver: [RolledOver]
    package var approvedBy: Actor?
    package var approvedAt: Timestamp?
    package var fileSHA256: String?
    /// What the recorded file pays of every part, hashed, by partition; empty where its record did not say.
    package var fileParts: [String]
    package var submittedAt: Timestamp?

    package init(
        id: PayoutRunID, cutOff: Timestamp, rail: PayoutRules.Rail, executionDate: CalendarDate, requestedBy: Actor,
        requestedAt: Timestamp, partition: Int64
    ) {
        self.id = id
        state = .planned
        self.cutOff = cutOff
        self.rail = rail
        self.executionDate = executionDate
        self.requestedBy = requestedBy
        self.requestedAt = requestedAt
        self.partition = partition
        count = 0
        totals = [:]
        sha256 = ""
        rolledOver = []
        fileParts = []
    }

    /// What this part is hashed over: who pays, and payouts in order of their ids, each with its account and everything
    /// that is paid by it.
    package func canonicalText(of payouts: [Payout]) -> String {
        var text = "\(id)|\(partition)\n"
        if let debtor { text += "=\(debtor.account)|\(debtor.name)\n" }
        for payout in payouts.sorted(by: { $0.id < $1.id }) {
            text += "\(payout.id)|\(payout.partner)|\(payout.currency)|\(payout.net)|\(payout.payeeVersion)"
            if let account = payout.accountFingerprint { text += "|\(account)" }
            text += "\n"
            for line in payout.lines { text += "+\(line.commission)|\(line.amount)\n" }
            for line in payout.clawbacks { text += "-\(line.commission)|\(line.amount)\n" }
        }
        return text
    }

    /// Why a decision about the run is refused.
    package enum Refusal: Error, Sendable, Hashable, CustomStringConvertible {
        case state(PayoutRunID, State)
        case makerIsChecker(Actor)
        case hashMissing(String)
        case otherFile(recorded: String)
        case otherPayouts(partition: Int64)

        package var description: String {
            switch self {
            case .state(let run, let state): "\(run) is \(state.rawValue)"
            case .makerIsChecker(let actor): "\(actor) asked for the run; another person must approve it"
            case .hashMissing(let hash): "the approval does not name this part's hash \(hash)"
            case .otherFile(let recorded): "a file with the hash \(recorded) is recorded for the run already"
            case .otherPayouts(let partition):
                "the file does not pay what is approved in partition \(partition): a payout was taken back since it "
                    + "was made; export again"
            }
        }
    }

    /// A second person approves the whole: the hash of every part must be named. `false` where the same person has done
    /// so before.
    @discardableResult
    package mutating func approve(parts: [String], by actor: Actor, at time: Timestamp) throws(Refusal) -> Bool {
        if state == .approved, approvedBy == actor, parts.contains(sha256) { return false }
        guard state == .planned else { throw .state(id, state) }
        guard actor != requestedBy else { throw .makerIsChecker(actor) }
        guard parts.contains(sha256) else { throw .hashMissing(sha256) }
        state = .approved
        approvedBy = actor
        approvedAt = time
        return true
    }

    /// The first file counts, if it pays just what this part pays. `false` where the same one was recorded before.
    ///
    /// Another file follows only one that can never become visible. A part pays for ever what it first submitted, so no
    /// two files that differ in what they pay of any part are both taken by every part.
    ///
    /// - Parameters:
    ///   - parts: what the file pays of every part, hashed, by partition; empty in records that do not say.
    ///   - paid: the hash of what this part pays: its canonical text without what was taken back.
    package mutating func recordFile(
        _ hash: String, parts: [String], paid: String, at time: Timestamp
    ) throws(Refusal) -> Bool {
        guard fileSHA256 != hash else { return false }
        if let fileSHA256 {
            guard !fileParts.isEmpty, fileParts.count == parts.count, fileParts != parts else {
                throw .otherFile(recorded: fileSHA256)
            }
        } else {
            guard state == .approved else { throw .state(id, state) }
        }
        guard parts.isEmpty || parts.indices.contains(Int(partition)) && parts[Int(partition)] == paid else {
            throw .otherPayouts(partition: partition)
        }
        state = .submitted
        fileSHA256 = hash
        fileParts = parts
        submittedAt = submittedAt ?? time
        return true
    }
}

/// Money that stays for a later run, and why.
package struct RolledOver: Sendable, Hashable {
    package enum Reason: String, Sendable, CaseIterable {
        case belowMinimum = "below_minimum"
        /// Clawbacks take all of it: nothing is allocated.
        case netNotPositive = "net_not_positive"
        case blocked
        case noPayee = "no_payee"
        /// The programme has no minimum in this currency, which its check refuses.
        case noMinimum = "no_minimum"
    }

    package var partner: PartnerID
    package var amount: Money
    package var reason: Reason

    package init(partner: PartnerID, amount: Money, reason: Reason) {
        self.partner = partner
        self.amount = amount
        self.reason = reason
    }
}
