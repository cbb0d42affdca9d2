import Domain
import Hashing
import Testing

@Suite struct LedgerPropertyTests {
    private static let euro = Currency(code: "EUR")!
    private static let partner = PartnerID("ptr_one")!

    private static func balance() -> LedgerBalance {
        LedgerBalance(
            partner: partner, currency: euro,
            period: StatementPeriod(containing: Timestamp(rfc3339: "2026-03-15T00:00:00Z")!))
    }

    /// What each rule does to the four accounts of the partner, in the order pending, payable, in transit, receivable.
    @Test(
        arguments: [
            (PostingRule.accrued, [100, 0, 0, 0]), (.eligible, [-100, 100, 0, 0]), (.reversedPending, [-100, 0, 0, 0]),
            (.reversedPayable, [0, -100, 0, 0]), (.clawedBack, [0, 0, 0, 100]), (.submitted, [0, -100, 100, 0]),
            (.confirmed, [0, 0, -100, 0]), (.failed, [0, 100, -100, 0]), (.returned, [0, 100, 0, 0]),
            (.repaid, [0, 0, 0, -100]), (.writtenOff, [0, 0, 0, -100]),
        ])
    func `every rule moves its two accounts`(rule: PostingRule, expected: [Int64]) throws {
        var balance = Self.balance()
        try balance.post(.of(rule, amount: Money(minor: 100, currency: Self.euro)))
        #expect(Self.partnerSide(balance) == expected)
    }

    @Test func `a submitted payout nets clawbacks out of payable, and failing undoes it`() throws {
        var balance = Self.balance()
        try balance.post(.of(.submitted, amount: Money(minor: 70, currency: Self.euro), netted: 30))
        #expect(Self.partnerSide(balance) == [0, -100, 70, -30])
        try balance.post(.of(.failed, amount: Money(minor: 70, currency: Self.euro), netted: 30))
        #expect(Self.partnerSide(balance) == [0, 0, 0, 0])
    }

    private static func partnerSide(_ balance: LedgerBalance) -> [Int64] {
        [balance[.pending], balance[.payable], balance[.inTransit], balance[.clawbackReceivable]]
    }

    @Test(arguments: 0..<50)
    func `after any sequence the postings balance and the statement's equation holds`(seed: UInt64) throws {
        var random = SplitMix64(seed: seed &+ 0x9e37_79b9_7f4a_7c15)
        var balance = Self.balance()
        var openings: [Int64] = []
        for _ in 0..<200 {
            let rule = PostingRule.allCases.randomElement(using: &random)!
            let netted = rule == .submitted || rule == .failed ? Int64.random(in: 0...1_000, using: &random) : 0
            let transaction = try LedgerTransaction.of(
                rule, amount: Money(minor: .random(in: 0...1_000_000, using: &random), currency: Self.euro),
                netted: netted)
            let debits = transaction.postings.filter { $0.side == .debit }.map(\.amount).reduce(0, +)
            let credits = transaction.postings.filter { $0.side == .credit }.map(\.amount).reduce(0, +)
            #expect(debits == credits)
            #expect(transaction.postings.allSatisfy { $0.amount >= 0 })
            try balance.post(transaction)
            #expect(balance.movement.closing == balance.closing)
            // All accounts together: what the programme spent and paid is what the partner has to get.
            #expect(balance.closing == balance[.expense] + balance[.cash])
            if Int.random(in: 0..<40, using: &random) == 0 {
                openings.append(balance.closing)
                balance.begin(StatementPeriod(containing: balance.movement.period.end))
                #expect(balance.movement.opening == openings.last)
                #expect(!balance.movement.hasMovement)
            }
        }
    }

    @Test func `postings that do not balance or are negative are refused`() {
        #expect(throws: LedgerTransaction.Problem.unbalanced) {
            try LedgerTransaction(
                rule: .accrued, currency: Self.euro,
                postings: [
                    Posting(account: .expense, side: .debit, amount: 2),
                    Posting(account: .pending, side: .credit, amount: 1),
                ])
        }
        #expect(throws: LedgerTransaction.Problem.negative) {
            try LedgerTransaction.of(.accrued, amount: Money(minor: -1, currency: Self.euro))
        }
        #expect(throws: LedgerTransaction.Problem.unbalanced) {
            try LedgerTransaction.of(.confirmed, amount: Money(minor: 1, currency: Self.euro), netted: 1)
        }
        var balance = Self.balance()
        #expect(throws: LedgerTransaction.Problem.unbalanced) {
            try balance.post(.of(.accrued, amount: Money(minor: 1, currency: Currency(code: "USD")!)))
        }
    }

    @Test func `a balance that overflows is refused`() throws {
        var balance = Self.balance()
        try balance.post(.of(.accrued, amount: Money(minor: .max, currency: Self.euro)))
        #expect(throws: LedgerTransaction.Problem.overflow) {
            try balance.post(.of(.accrued, amount: Money(minor: 1, currency: Self.euro)))
        }
    }

    @Test func `balances that only add up beyond what can be counted are refused, too`() throws {
        var balance = Self.balance()
        try balance.post(.of(.accrued, amount: Money(minor: .max, currency: Self.euro)))
        try balance.post(.of(.eligible, amount: Money(minor: .max, currency: Self.euro)))
        #expect(balance.closing == .max && balance.movement.closing == .max)
        #expect(throws: LedgerTransaction.Problem.overflow) {
            try balance.post(.of(.accrued, amount: Money(minor: 1, currency: Self.euro)))
        }
    }

    @Test(
        arguments: [
            ("2026-03-31T23:59:59.999Z", "2026-03", "2026-04-01T00:00:00Z"),
            ("2026-12-01T00:00:00Z", "2026-12", "2027-01-01T00:00:00Z"),
        ])
    func `a period is a calendar month in UTC`(time: String, text: String, end: String) {
        let period = StatementPeriod(containing: Timestamp(rfc3339: time)!)
        #expect(period.description == text)
        #expect(period.end == Timestamp(rfc3339: end)!)
        #expect(StatementPeriod(text: text) == period)
    }
}

@Suite struct StatementTests {
    @Test func `a statement holds its equation, prints it, and is hashed over every number`() throws {
        let euro = Currency(code: "EUR")!
        var balance = LedgerBalance(
            partner: PartnerID("ptr_one")!, currency: euro,
            period: StatementPeriod(containing: Timestamp(rfc3339: "2026-03-15T00:00:00Z")!))
        for (rule, amount) in [
            (PostingRule.accrued, 1000), (.eligible, 900), (.reversedPending, 100), (.submitted, 500),
            (.confirmed, 500), (.clawedBack, 80), (.repaid, 30),
        ] as [(PostingRule, Int64)] {
            try balance.post(.of(rule, amount: Money(minor: amount, currency: euro)))
        }
        let statement = Statement(
            id: StatementID("stm_1")!, of: balance, issuedAt: Timestamp(rfc3339: "2026-04-01T00:00:00Z")!)
        #expect(statement.holds)
        #expect(statement.balance == 350)
        #expect(statement.explanation.compactMap(\.arithmetic).count == 2)
        for step in statement.explanation { #expect(try ArithmeticText.holds(step.arithmetic ?? "")) }
        var other = statement
        other.clawbackReceivable += 1
        #expect(!other.holds)
        #expect(other.canonicalText != statement.canonicalText)
    }
}
