import Domain
import Testing

private let euro = Currency(code: "EUR")!
private let dollar = Currency(code: "USD")!
private let yen = Currency(code: "JPY")!
private let dinar = Currency(code: "KWD")!

func time(_ text: String) -> Timestamp { Timestamp(rfc3339: text)! }

/// A won deal of 48,000.00 EUR that the partner registered before contact; tests change what they are about.
func credit(
    firstYear: Int64 = 4_800_000, currency: Currency = Currency(code: "EUR")!, share: Int64 = 10_000,
    creditClass: CreditClass = .sourced, kind: OpportunityType = .new, trigger: PlanLine.Trigger = .closedWon,
    stage: RegistrationStage? = .beforeContact, isClaimed: Bool = true, duties: [String] = [],
    registeredAt: String? = nil, flags: [FraudHint] = []
) -> CommissionTrigger {
    CommissionTrigger(
        partner: PartnerID("ptr_one")!, partnerType: .referral,
        account: AccountReference(key: AccountKey(unchecked: "acme.example"), name: nil), productLine: "core",
        opportunity: OpportunityID("opp_1")!, referral: ReferralID("ref_1")!, trigger: trigger, revision: 1,
        attribution: AttributionID("atr_1")!, registration: isClaimed ? RegistrationID("reg_1")! : nil,
        creditClass: creditClass, share: BasisPoints(share), firstYear: Money(minor: firstYear, currency: currency),
        total: Money(minor: firstYear * 2, currency: currency), stage: stage, duties: duties, settlement: .payout,
        tier: .silver, kind: kind, terms: TermsReference(id: TermsID("trm_1")!, version: 1), programVersion: 3,
        registeredAt: registeredAt.map(time), closedAt: time("2026-03-10T12:00:00Z"), flags: flags)
}

func line(
    _ price: PlanLine.Price, trigger: PlanLine.Trigger = .closedWon, base: PlanLine.Base = .firstYear,
    classes: [CreditClass] = [.sourced], kinds: [OpportunityType] = [.new], caps: [Currency: Int64] = [:],
    minimums: [Currency: Int64] = [:], onWinWithoutRegistration: Int64? = nil, creditsFee: Bool = false
) -> PlanLine {
    PlanLine(
        name: "line", trigger: trigger, base: base, price: price, settlement: .payout, classes: classes, kinds: kinds,
        range: nil, caps: caps, minimums: minimums,
        onWinWithoutRegistration: onWinWithoutRegistration.map { BasisPoints($0) }, creditsFee: creditsFee)
}

let stageRates = PlanLine.Price.stageRates([
    .beforeContact: BasisPoints(2500), .afterFirstMeeting: BasisPoints(2000), .lateStage: BasisPoints(1500),
    .unregisteredClaim: BasisPoints(1000),
])

private let tierRates = PlanLine.Price.tierRates([.silver: BasisPoints(200), .gold: BasisPoints(300)])

struct PriceCase: Sendable, CustomTestStringConvertible {
    var name: String
    var line: PlanLine
    var credit: CommissionTrigger
    var currency: Currency = Currency(code: "EUR")!
    var fx: FXRate?
    var rounding: RoundingMode = .halfEven
    var fee: Int64 = 0
    var amount: Int64

    var testDescription: String { name }

    init(
        _ name: String, _ line: PlanLine, _ credit: CommissionTrigger, currency: Currency = Currency(code: "EUR")!,
        fx: String? = nil, rounding: RoundingMode = .halfEven, fee: Int64 = 0, _ amount: Int64
    ) {
        self.name = name
        self.line = line
        self.credit = credit
        self.currency = currency
        self.fx = fx.map {
            FXRate(
                from: credit.firstYear.currency, to: currency, date: CalendarDate(iso8601: "2026-03-10")!, rate: $0,
                source: "ecb")
        }
        self.rounding = rounding
        self.fee = fee
        self.amount = amount
    }
}

@Suite struct CommissionPriceTests {
    static let cases: [PriceCase] = [
        PriceCase("25 % before contact", line(stageRates), credit(), 1_200_000),
        PriceCase("20 % after the first meeting", line(stageRates), credit(stage: .afterFirstMeeting), 960_000),
        PriceCase("15 % in a late stage", line(stageRates), credit(stage: .lateStage), 720_000),
        PriceCase("10 % for an unregistered claim", line(stageRates), credit(stage: .unregisteredClaim), 480_000),
        PriceCase(
            "an introduction's win without a registration pays the unregistered claim's rate", line(stageRates),
            credit(stage: nil, isClaimed: false), 480_000),
        PriceCase(
            "or what the line says", line(stageRates, onWinWithoutRegistration: 500),
            credit(stage: nil, isClaimed: false), 240_000),
        PriceCase(
            "which does not touch a registered win", line(stageRates, onWinWithoutRegistration: 500), credit(),
            1_200_000),
        PriceCase("one rate of the total", line(.rate(BasisPoints(2000)), base: .total), credit(), 1_920_000),
        PriceCase(
            "duties add", line(.dutyRates(base: BasisPoints(2000), perDuty: ["support": BasisPoints(500)])),
            credit(duties: ["support", "unknown"]), 1_200_000),
        PriceCase(
            "each once", line(.dutyRates(base: BasisPoints(2000), perDuty: ["support": BasisPoints(500)])),
            credit(duties: ["support", "support"]), 1_200_000),
        PriceCase("a tier's bonus", line(tierRates), credit(), 96_000),
        PriceCase("within the line's cap", line(tierRates, caps: [euro: 90_000]), credit(), 90_000),
        PriceCase(
            "a flat fee in the partner's currency", line(.flat([dollar: 50_000])), credit(), currency: dollar, 50_000),
        PriceCase("is shared like the deal", line(.flat([euro: 50_001])), credit(share: 5000), 25_000),
        PriceCase("half-even at a tie", line(.rate(BasisPoints(5000))), credit(firstYear: 5), 2),
        PriceCase("half-up at a tie", line(.rate(BasisPoints(5000))), credit(firstYear: 5), rounding: .halfUp, 3),
        PriceCase("down", line(.rate(BasisPoints(9999))), credit(firstYear: 9), rounding: .down, 8),
        PriceCase(
            "converted unrounded, rounded once", line(.rate(BasisPoints(2500))), credit(firstYear: 4_800_001),
            currency: dollar, fx: "1.0842105263", 1_301_053),
        PriceCase(
            "yen have no decimals", line(.rate(BasisPoints(2500))), credit(), currency: yen, fx: "163.25", 1_959_000),
        PriceCase(
            "dinars have three", line(.rate(BasisPoints(2500))), credit(), currency: dinar, fx: "0.33", 3_960_000),
        PriceCase("the minimum", line(stageRates, minimums: [euro: 50_000]), credit(firstYear: 100), 50_000),
        PriceCase("the cap", line(stageRates, caps: [euro: 1_000_000]), credit(), 1_000_000),
        PriceCase(
            "the minimum before the cap", line(stageRates, caps: [euro: 40_000], minimums: [euro: 50_000]),
            credit(firstYear: 100), 40_000),
        PriceCase("a fee earned is deducted", line(stageRates, creditsFee: true), credit(), fee: 50_000, 1_150_000),
        PriceCase("never below zero", line(stageRates, creditsFee: true), credit(firstYear: 100), fee: 50_000, 0),
        PriceCase("only where the line says so", line(stageRates), credit(), fee: 50_000, 1_200_000),
        PriceCase(
            "a credit taken back is worth nothing, whatever the minimum", line(stageRates, minimums: [euro: 50_000]),
            credit(firstYear: 0, share: 0), 0),
        PriceCase(
            "a deal of nothing pays no minimum", line(stageRates, minimums: [euro: 50_000]), credit(firstYear: 0), 0),
    ]

    @Test(arguments: cases)
    func `prices`(_ test: PriceCase) throws {
        let price = try test.line.price(
            test.credit, currency: test.currency, fx: test.fx, rounding: test.rounding, feeEarned: test.fee)
        #expect(price.amount == Money(minor: test.amount, currency: test.currency))
        #expect(!price.steps.isEmpty)
        for arithmetic in price.steps.compactMap(\.arithmetic) {
            #expect(try ArithmeticText.holds(arithmetic), "\(arithmetic)")
        }
        if test.amount > 0 {
            let last = try #require(price.steps.compactMap(\.arithmetic).last)
            #expect(last.hasSuffix(" = \(test.amount)"))
        }
    }

    @Test(
        arguments: [
            (line(tierRates), credit(), true), (line(.tierRates([.gold: BasisPoints(200)])), credit(), false),
            (line(.tierRates([.silver: BasisPoints(0)]), minimums: [euro: 100]), credit(), false),
            (line(stageRates), credit(), true), (line(stageRates), credit(creditClass: .influenced), false),
            (line(stageRates, classes: [.influenced]), credit(creditClass: .influenced), true),
            (line(stageRates), credit(kind: .renewal), false),
            (line(stageRates, kinds: [.renewal]), credit(kind: .renewal), true),
            (line(stageRates), credit(trigger: .qualifiedIntroduction), false),
            (line(stageRates, trigger: .qualifiedIntroduction), credit(trigger: .qualifiedIntroduction), true),
        ] as [(PlanLine, CommissionTrigger, Bool)])
    func `a line pays its trigger, classes and kinds only`(line: PlanLine, credit: CommissionTrigger, pays: Bool) {
        #expect(line.pays(credit) == pays)
    }

    @Test func `what the tables lack is a named failure`() {
        #expect(throws: CommissionFailure.noFlatFee(line: "line", euro)) {
            try line(.flat([dollar: 1])).price(credit(), currency: euro, fx: nil, rounding: .halfEven)
        }
        #expect(throws: CommissionFailure.noMinimum(line: "line", euro)) {
            try line(stageRates, minimums: [dollar: 1]).price(credit(), currency: euro, fx: nil, rounding: .halfEven)
        }
        #expect(throws: CommissionFailure.noCap(line: "line", euro)) {
            try line(stageRates, caps: [dollar: 1]).price(credit(), currency: euro, fx: nil, rounding: .halfEven)
        }
        #expect(throws: CommissionFailure.noStageRate(line: "line", .beforeContact)) {
            try line(.stageRates([:])).price(credit(), currency: euro, fx: nil, rounding: .halfEven)
        }
        #expect(throws: CommissionFailure.overflow(line: "line")) {
            try line(.rate(.whole)).price(
                credit(firstYear: .max / 2), currency: yen,
                fx: FXRate(
                    from: euro, to: yen, date: CalendarDate(iso8601: "2026-03-10")!, rate: "99999999.9999999999",
                    source: "x"), rounding: .halfEven)
        }
        for text in ["", "1,5", "-1", "0", "1.12345678901", "1e3"] {
            #expect(throws: CommissionFailure.badRate(text)) {
                try line(.rate(.whole)).price(
                    credit(), currency: dollar,
                    fx: FXRate(
                        from: euro, to: dollar, date: CalendarDate(iso8601: "2026-03-10")!, rate: text, source: "x"),
                    rounding: .halfEven)
            }
        }
    }

    @Test func `the explanation states rule, programme version, rate and exchange rate`() throws {
        let fx = FXRate(
            from: euro, to: dollar, date: CalendarDate(iso8601: "2026-03-09")!, rate: "1.1", source: "ecb")
        let price = try line(stageRates, caps: [dollar: 1_000_000]).price(
            credit(), currency: dollar, fx: fx, rounding: .halfEven)
        #expect(price.steps.map(\.rule) == ["stage_rate", "exchange_rate", "amount", "cap"])
        #expect(price.steps.allSatisfy { $0.programVersion == 3 })
        #expect(price.rate == BasisPoints(2500))
        #expect(price.steps[2].arithmetic == "round_half_even(4800000 x 2500 / 10000 x 1.1) = 1320000")
        #expect(price.steps[3].arithmetic == "min(1320000, 1000000) = 1000000")
    }
}

@Suite struct ReversalRuleTests {
    @Test(
        arguments: [
            (1_200_000, 4_800_000, 0, 1_200_000), (1_200_000, 4_800_000, 2_400_000, 600_000),
            (1_200_000, 4_800_000, 4_800_000, 0), (1_200_000, 4_800_000, 9_999_999, 0), (1_001, 3, 1, 667),
            (5, 2, 1, 2), (7, 2, 1, 4), (0, 100, 50, 0), (100, 0, 0, 100),
            (Int64.max, Int64.max, 1, Int64.max - 1),
        ] as [(Int64, Int64, Int64, Int64)])
    func `due is the original in proportion to what remains, rounded once`(
        original: Int64, base: Int64, reversed: Int64, due: Int64
    ) throws {
        let result = ReversalRule.due(
            original: original, base: base, reversedTotal: reversed, rounding: .halfEven, programVersion: 3)
        #expect(result.minor == due)
        if let arithmetic = result.step?.arithmetic { #expect(try ArithmeticText.holds(arithmetic), "\(arithmetic)") }
    }

    @Test(
        arguments: [
            (0, 100, [], [.earn(100)]),
            (100, 150, [], [.earn(50)]),
            (100, 100, [], []),
            (100, 40, [earning("a", 100, true)], [.net(id("a"), 60)]),
            (150, 20, [earning("a", 100, true), earning("b", 50, true)], [.net(id("b"), 50), .net(id("a"), 80)]),
            (100, 40, [earning("a", 100, false)], [.clawBack(id("a"), 60)]),
            (
                150, 20, [earning("a", 100, false), earning("b", 50, true)],
                [.net(id("b"), 50), .clawBack(id("a"), 80)]
            ),
        ] as [(Int64, Int64, [OpenEarning], [CommissionDifference])])
    func `a lower due nets what is in no payout, newest first, and claws back the rest`(
        posted: Int64, due: Int64, earnings: [OpenEarning], expected: [CommissionDifference]
    ) throws {
        #expect(CommissionDifference.between(posted: posted, due: due, earnings: earnings) == expected)
        let step = CommissionDifference.step(posted: posted, due: due, currency: euro, programVersion: 3)
        #expect(try ArithmeticText.holds(step.arithmetic ?? ""))
    }

    @Test func `nothing is clawed back from an earning that was reversed before any payout`() {
        let reversed = OpenEarning(id: Self.id("b"), open: 0, isUnallocated: false, isReversed: true)
        let earnings = [Self.earning("a", 100, false), reversed]
        #expect(
            CommissionDifference.between(posted: 100, due: 40, earnings: earnings) == [.clawBack(Self.id("a"), 60)])
        #expect(CommissionDifference.between(posted: 100, due: 40, earnings: [reversed]) == [.clawBack(nil, 60)])
    }

    private static func id(_ text: String) -> CommissionID { CommissionID("com_\(text)")! }

    private static func earning(_ text: String, _ open: Int64, _ isUnallocated: Bool) -> OpenEarning {
        OpenEarning(id: id(text), open: open, isUnallocated: isUnallocated)
    }
}
