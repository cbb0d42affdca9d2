package import Contracts
import Domain
package import EventLog
import JSON

/// Checks a whole installation by a second route: the log alone, record by record, never the tables that the numbers were
/// printed from.
package struct Verification {
    /// One line for each law, with how much it was held against.
    package private(set) var checks: [String] = []
    /// What breaks a law, with its ids; empty where all is well.
    package private(set) var failures: [String] = []
    private var counts = ScenarioCounts()

    /// Reads every topic from its start.
    package init(log: any EventLog, catalogue: TopicCatalogue) throws {
        let walk = LogWalk(log: log, catalogue: catalogue)
        var facts = LastFacts()
        try walk.each(.outcome) { try facts.take($0) }
        try checkOutcomes(walk, facts)
        checkRevenue(facts)
        checkLedger(facts)
        checkStatements(facts)
        checkPayouts(facts)
        checkArithmetic(facts)
        try checkNotifications(walk)
        checkDeadLetters(facts)
        counts.count(facts)
    }

    package var scenarioTable: String { counts.text }

    /// What the sample promises and lacks.
    package var lackingScenarios: [String] { counts.lacking }

    private mutating func conclude(_ law: String, _ count: Int, _ broken: [String]) {
        checks.append("\(broken.isEmpty ? "holds" : "BROKEN (\(broken.count))"): \(law) (\(count))")
        failures += broken.map { "\(law): \($0)" }
    }

    // MARK: Laws

    /// Each referral that was handed in has exactly one of: an outcome, a duplicate, a dead letter.
    private mutating func checkOutcomes(_ walk: LogWalk, _ facts: LastFacts) throws {
        var byOrigin: [String: Int] = [:]
        for referral in facts.referrals.values {
            byOrigin["\(referral.referral.origin.source)\u{0}\(referral.referral.origin.eventID)", default: 0] += 1
        }
        var broken = byOrigin.filter { $0.value > 1 }.map { "\($0.key) has \($0.value) referrals" }
        var seen: Set<String> = []
        var (total, duplicates, dead) = (0, 0, 0)
        try walk.each(.referral) { record in
            let place = walk.position(of: record)
            let isDead = facts.deadLetters[place] != nil
            guard let type = record.headerText(HeaderName.type) else {
                total += 1
                if isDead { dead += 1 } else { broken.append("\(place) is no event and no dead letter") }
                return
            }
            guard type == ReferralSubmitted.type else { return }
            let forwardedTo = record.headerText(HeaderName.forwarded) == nil && walk.isElsewhere(record)
            if forwardedTo && !isDead { return }
            total += 1
            let origin = "\(record.headerText(HeaderName.source) ?? "")\u{0}\(record.headerText(HeaderName.id) ?? "")"
            if isDead {
                dead += 1
            } else if !seen.insert(origin).inserted {
                duplicates += 1
            } else if byOrigin[origin] != 1 {
                broken.append("\(place) has \(byOrigin[origin] ?? 0) outcomes")
            }
        }
        conclude(
            "each referral has exactly one outcome, or is a duplicate (\(duplicates)) or a dead letter (\(dead))",
            total,
            broken)
    }

    /// Sourced, influenced and direct revenue add up to what was won.
    private mutating func checkRevenue(_ facts: LastFacts) {
        var won: [Currency: Int64] = [:]
        var classed: [Currency: Int64] = [:]
        var deals = 0
        for fact in facts.opportunities.values where fact.opportunity.stage == .closedWon {
            deals += 1
            won[fact.opportunity.firstYearValue.currency, default: 0] += fact.opportunity.firstYearValue.minor
        }
        for fact in facts.attributions.values where fact.attribution.state != .void {
            classed[fact.attribution.firstYearValue.currency, default: 0] += fact.attribution.firstYearValue.minor
        }
        let broken = Set(won.keys).union(classed.keys).filter { won[$0] != classed[$0] }.map {
            "\($0): won \(won[$0] ?? 0), classed \(classed[$0] ?? 0) minor units"
        }
        conclude("sourced + influenced + direct = won revenue", deals, broken)
    }

    private mutating func checkLedger(_ facts: LastFacts) {
        var broken: [String] = []
        for fact in facts.ledger.values {
            let debits = fact.postings.filter { $0.side == .debit }.reduce(Int64(0)) { $0 + $1.amount }
            let credits = fact.postings.filter { $0.side == .credit }.reduce(Int64(0)) { $0 + $1.amount }
            if debits != credits || fact.postings.contains(where: { $0.amount < 0 }) {
                broken.append("\(fact.id): debits \(debits), credits \(credits)")
            }
        }
        conclude("every posting balances in its currency", facts.ledger.count, broken)
    }

    private mutating func checkStatements(_ facts: LastFacts) {
        var broken = facts.statements.values.filter { !$0.statement.holds }.map { "\($0.statement.id): its equation" }
        let series = Dictionary(grouping: facts.statements.values) {
            "\($0.statement.partner) \($0.statement.currency)"
        }
        for (name, statements) in series {
            let ordered = statements.map(\.statement).sorted { $0.movement.period < $1.movement.period }
            for (earlier, later) in zip(ordered, ordered.dropFirst())
            where earlier.movement.closing != later.movement.opening {
                broken.append("\(name): \(later.id) does not open where \(earlier.id) closed")
            }
        }
        conclude("each statement's equation holds, and opens where the last one closed", facts.statements.count, broken)
    }

    /// Each paid commission is in exactly one confirmed payout, and each payout is the sum of its lines.
    private mutating func checkPayouts(_ facts: LastFacts) {
        var confirmed: [CommissionID: Int] = [:]
        var broken: [String] = []
        for fact in facts.payouts.values {
            let payout = fact.payout
            let gross = payout.lines.reduce(Int64(0)) { $0 + $1.amount }
            let kept = payout.clawbacks.reduce(Int64(0)) { $0 + $1.amount }
            if gross != payout.gross || gross - kept != payout.net {
                broken.append("\(payout.id): lines \(gross) less \(kept) are not \(payout.net)")
            }
            if payout.state == .confirmed { for line in payout.lines { confirmed[line.commission, default: 0] += 1 } }
        }
        var paid = 0
        for fact in facts.commissions.values where fact.commission.state == .paid {
            paid += 1
            let count = confirmed[fact.commission.id] ?? 0
            if count != 1 { broken.append("\(fact.commission.id) is paid and in \(count) confirmed payouts") }
        }
        conclude("each paid commission is in exactly one confirmed payout, which is the sum of its lines", paid, broken)
    }

    /// The arithmetic that is printed gives, evaluated from its own text, what it says.
    private mutating func checkArithmetic(_ facts: LastFacts) {
        var broken: [String] = []
        var count = 0
        for (id, texts) in facts.arithmetic {
            for text in texts {
                count += 1
                do {
                    if try !ArithmeticText.holds(text) { broken.append("\(id): \(text)") }
                } catch {
                    broken.append("\(id): \(text) cannot be read: \(error)")
                }
            }
        }
        for fact in facts.commissions.values where !fact.commission.amount.isZero {
            let amount = String(fact.commission.amount.minor.magnitude)
            let results = (facts.arithmetic[fact.commission.id.text] ?? []).compactMap { $0.split(separator: "=").last }
            if !results.contains(where: { $0.filter(\.isNumber) == amount }) {
                broken.append("\(fact.commission.id): no arithmetic gives \(amount)")
            }
        }
        conclude("every commission's arithmetic gives its result", count, broken)
    }

    /// Each message has one report that it was sent. An event that was appended again under its source and id is the same
    /// one.
    private mutating func checkNotifications(_ walk: LogWalk) throws {
        var sent: [NotificationID: Int] = [:]
        var events: Set<String> = []
        try walk.each(.notification) { record in
            guard record.headerText(HeaderName.type) == NotificationSent.type, let value = record.value else { return }
            let name = "\(record.headerText(HeaderName.source) ?? "")\u{0}\(record.headerText(HeaderName.id) ?? "")"
            guard events.insert(name).inserted else { return }
            for message in try JSONDocument.decode(NotificationSent.self, from: value).messages {
                sent[message.notification, default: 0] += 1
            }
        }
        conclude(
            "no notification was sent twice", sent.count,
            sent.filter { $0.value > 1 }.map { "\($0.key): \($0.value) times" })
    }

    /// What one worker sends another accepts: only events from outside may be refused.
    private mutating func checkDeadLetters(_ facts: LastFacts) {
        let broken = facts.deadLetters.values.filter {
            ($0.source ?? "").hasPrefix("/tributary/") && $0.source?.contains("-worker/") == true
        }
        conclude(
            "no worker refuses what another worker sent", facts.deadLetters.count,
            broken.map { "\($0.entityID): \($0.reason)" })
    }
}
