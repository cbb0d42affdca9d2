import Domain

/// Makes the rows of a sample's stories, in the order of the table; times are put in order when they are written.
struct SampleStories {
    static let lines = ["platform", "analytics", "support"]
    /// In which a deal may be; CHF has no rate in the example register.
    static let currencies = ["EUR", "EUR", "EUR", "EUR", "USD", "USD", "GBP", "JPY"]

    let size: SampleSize
    let partners: [Partner]
    /// Partners that take part in everything that is drawn by lot.
    private let pool: [Partner]
    private let first: CalendarDate
    private let last: CalendarDate
    private var random: SampleRandom
    private var accounts = 0
    private(set) var referrals: [SampleReferral] = []
    private(set) var deals: [SampleDeal] = []
    private(set) var touches: [SampleTouch] = []
    /// Wins inside a window with nothing unusual about them: deal and partner.
    private(set) var plainWins: [(deal: SampleDeal, partner: String)] = []
    /// Rows of each scenario's stories.
    private(set) var told: [SampleScenario: Int] = [:]

    init(seed: UInt64, size: SampleSize, partners: [Partner]) {
        self.size = size
        self.partners = partners
        random = SampleRandom(seed: seed)
        pool = partners.filter { !SamplePlan.smallPartners.contains($0.id.text) }
        first = CalendarDate(iso8601: SamplePlan.firstDay) ?? CalendarDate(dayNumber: 0)
        last = CalendarDate(iso8601: SamplePlan.lastDay) ?? CalendarDate(dayNumber: 0)
    }

    mutating func tell() {
        for scenario in SampleScenario.allCases where scenario != .direct {
            let count = (SampleScenario.counts[scenario] ?? 0) * size.percent / 100
            for index in 0..<max(count, 1) { tell(scenario, index) }
        }
        while deals.count < size.opportunities { tell(.direct, deals.count) }
        fillReferrals()
    }

    private mutating func tell(_ scenario: SampleScenario, _ index: Int) {
        told[scenario, default: 0] += 1
        switch scenario {
        case .registeredWin: registered(won: true)
        case .registeredLoss: registered(won: false)
        case .registeredOpen: registeredOpen()
        case .windowEnded: windowEnded()
        case .downgrade: downgrade()
        case .missingRate: registered(won: true, currency: "CHF")
        case .strangeContact: registered(won: true, isStrange: true)
        case .lateRegistration: lateRegistration()
        case .smallPayout: smallPayout(index)
        case .contestedWin: contested(hasWin: true)
        case .contested: contested(hasWin: false)
        case .contestedByDirect: contestedByDirect(hasWin: index % 2 == 0)
        case .introduction: introduction(index)
        case .unregisteredClaim: unregisteredClaim()
        case .partnerMotion: partnerMotion(index)
        case .influenced: influenced(kind: "meeting")
        case .assisted: influenced(kind: index % 2 == 0 ? "demo" : "integration")
        case .direct: direct(index)
        }
    }

    // MARK: Parts

    private mutating func account(fit: Int = 2) -> SampleAccount {
        accounts += 1
        let number = accounts - 1
        let name =
            "\(SampleNames.first[number % SampleNames.first.count]) "
            + "\(SampleNames.second[number / SampleNames.first.count % SampleNames.second.count]) \(number + 1)"
        let domain = name.lowercased().split(separator: " ").joined(separator: "-") + ".example"
        switch fit {
        case 2:
            return SampleAccount(
                name: name, domain: domain, country: random.pick(SampleNames.goodCountries),
                employees: random.number(200...1900), industry: random.pick(SampleNames.goodIndustries),
                revenue: random.number(12...400) * 1_000_000)
        case 1:
            return SampleAccount(
                name: name, domain: domain, country: random.pick(SampleNames.middlingCountries),
                employees: random.number(25...190), industry: random.pick(SampleNames.middlingIndustries),
                revenue: random.number(1...30) * 1_000_000)
        default:
            return SampleAccount(
                name: name, domain: domain, country: random.pick(SampleNames.poorCountries),
                employees: random.number(2...18), industry: random.pick(SampleNames.poorIndustries),
                revenue: random.number(100...900) * 1_000)
        }
    }

    /// A time in business hours of a day.
    private mutating func time(_ date: CalendarDate) -> Timestamp {
        date.startOfDay + .seconds(random.number(7 * 3600...18 * 3600))
    }

    private mutating func day(from start: Int, to end: Int) -> CalendarDate {
        first + random.number(start...end)
    }

    private mutating func amount(currency: String? = nil) -> SampleAmount {
        let code = currency ?? random.pick(SampleStories.currencies)
        let units = random.number(60...900) * 100
        return code == "JPY"
            ? SampleAmount(minor: units * 150, currency: code) : SampleAmount(minor: units * 100, currency: code)
    }

    private mutating func partner() -> String { random.pick(pool).id.text }

    private mutating func partner(other: String) -> String {
        var name = partner()
        while name == other { name = partner() }
        return name
    }

    private mutating func refer(
        _ account: SampleAccount, _ partner: String, at date: CalendarDate, line: String, value: SampleAmount,
        stage: String?, intent: String? = nil, fitTitle: Bool = true
    ) -> SampleReferral {
        let name = "\(random.pick(SampleNames.people)) \(random.pick(SampleNames.families))"
        let mailbox = name.lowercased().split(separator: " ").joined(separator: ".")
        return SampleReferral(
            partner: partner, accountName: account.name, domain: account.domain, country: account.country,
            employees: account.employees, industry: account.industry, revenue: account.revenue, contactName: name,
            email: "\(mailbox)@\(account.domain)",
            title: fitTitle ? random.pick(SampleNames.goodTitles) : random.pick(SampleNames.otherTitles),
            need: random.pick(SampleNames.needs), intent: intent ?? random.pick(["urgent", "budgeted"]),
            productLine: line, value: value, expectedClose: date + random.number(30...85), stage: stage,
            occurredAt: time(date))
    }

    private mutating func deal(
        _ account: SampleAccount, line: String, value: SampleAmount, created: CalendarDate, closed: CalendarDate?,
        won: Bool
    ) -> SampleDeal {
        let isClosed = closed.map { $0 <= last } ?? false
        let stage = isClosed ? (won ? "closed_won" : "closed_lost") : random.pick(["discovery", "proposal"])
        let number = String(deals.count + 10_001)
        return SampleDeal(
            id: "OPP-\(number)", domain: account.domain, accountName: account.name, productLine: line, stage: stage,
            value: value,
            total: random.chance(50) ? SampleAmount(minor: value.minor * 3, currency: value.currency) : nil,
            createdAt: time(created), closedAt: isClosed ? closed.map { $0.startOfDay + .hours(20) } : nil,
            lostReason: isClosed && !won ? random.pick(SampleNames.lostReasons) : nil,
            salesRep: random.pick(SampleNames.salesPeople))
    }

    private mutating func touch(
        _ account: SampleAccount, _ party: String, _ kind: String, at date: CalendarDate, line: String? = nil
    ) {
        touches.append(
            SampleTouch(
                id: "TCH-\(touches.count + 10_001)", domain: account.domain, party: party, kind: kind,
                productLine: line, confirmedBy: party == "direct" ? nil : random.pick(SampleNames.salesPeople),
                minutes: random.number(2...18) * 10, occurredAt: time(date)))
    }

    // MARK: Claims

    private mutating func registered(won: Bool, currency: String? = nil, isStrange: Bool = false) {
        let account = account()
        let line = random.pick(SampleStories.lines)
        let value = amount(currency: currency)
        let date = day(from: 1, to: 260)
        var referral = refer(account, partner(), at: date, line: line, value: value, stage: "before_contact")
        if isStrange { referral.email = "office@elsewhere-\(accounts).example" }
        referrals.append(referral)
        let created = date + random.number(5...25)
        if random.chance(10) { touch(account, referral.partner, "meeting", at: created, line: line) }
        let made = deal(
            account, line: line, value: value, created: created, closed: created + random.number(15...50), won: won)
        deals.append(made)
        if won && currency == nil && !isStrange { plainWins.append((made, referral.partner)) }
    }

    private mutating func registeredOpen() {
        let account = account()
        let line = random.pick(SampleStories.lines)
        let value = amount()
        let date = day(from: 250, to: 340)
        referrals.append(
            refer(account, partner(), at: date, line: line, value: value, stage: "before_contact"))
        deals.append(deal(account, line: line, value: value, created: date + 10, closed: nil, won: false))
    }

    private mutating func windowEnded() {
        let account = account()
        let line = random.pick(SampleStories.lines)
        let value = amount()
        let date = day(from: 1, to: 200)
        referrals.append(
            refer(account, partner(), at: date, line: line, value: value, stage: "before_contact"))
        deals.append(
            deal(
                account, line: line, value: value, created: date + random.number(30...60),
                closed: date + random.number(128...145), won: true))
    }

    private mutating func downgrade() {
        let account = account()
        let line = random.pick(SampleStories.lines)
        let value = amount()
        let date = day(from: 30, to: 240)
        touch(account, "direct", "demo", at: date + -random.number(5...25), line: line)
        referrals.append(
            refer(account, partner(), at: date, line: line, value: value, stage: "before_contact"))
        deals.append(
            deal(
                account, line: line, value: value, created: date + 6, closed: date + random.number(25...70), won: true))
    }

    private mutating func lateRegistration() {
        let account = account()
        let line = random.pick(SampleStories.lines)
        let value = amount()
        let date = day(from: 30, to: 300)
        deals.append(
            deal(account, line: line, value: value, created: date + -20, closed: date + random.number(3...6), won: true)
        )
        referrals.append(
            refer(account, partner(), at: date, line: line, value: value, stage: "after_first_meeting"))
    }

    private mutating func smallPayout(_ index: Int) {
        let account = account()
        let value = SampleAmount(minor: 9_000 + index * 500, currency: "EUR")
        let date = day(from: 30, to: 200)
        let name = SamplePlan.smallPartners[index % SamplePlan.smallPartners.count]
        referrals.append(
            refer(account, name, at: date, line: "support", value: value, stage: "before_contact"))
        var small = deal(account, line: "support", value: value, created: date + 5, closed: date + 30, won: true)
        small.total = nil
        deals.append(small)
    }

    private mutating func contested(hasWin: Bool) {
        let account = account()
        let line = random.pick(SampleStories.lines)
        let value = amount()
        let date = day(from: 1, to: hasWin ? 250 : 330)
        let one = partner()
        let two = partner(other: one)
        referrals.append(refer(account, one, at: date, line: line, value: value, stage: "before_contact"))
        let second = date + random.number(1...6)
        referrals.append(refer(account, two, at: second, line: line, value: value, stage: "before_contact"))
        guard hasWin else { return }
        deals.append(
            deal(
                account, line: line, value: value, created: date + random.number(10...25),
                closed: date + random.number(40...80), won: true))
    }

    private mutating func contestedByDirect(hasWin: Bool) {
        let account = account()
        let line = random.pick(SampleStories.lines)
        let value = amount()
        let date = day(from: 40, to: 250)
        touch(account, "direct", random.pick(["email", "call"]), at: date + -random.number(10...60), line: line)
        referrals.append(
            refer(account, partner(), at: date, line: line, value: value, stage: "before_contact"))
        guard hasWin else { return }
        deals.append(
            deal(
                account, line: line, value: value, created: date + 12, closed: date + random.number(35...75), won: true)
        )
    }

    // MARK: Deals without a registration

    private mutating func introduction(_ index: Int) {
        let account = account()
        let line = random.pick(SampleStories.lines)
        let value = amount()
        let date = day(from: 1, to: 260)
        let introducers = pool.filter { $0.types.contains(.referral) }
        let name = index % 2 == 0 && !introducers.isEmpty ? random.pick(introducers).id.text : partner()
        referrals.append(refer(account, name, at: date, line: line, value: value, stage: nil))
        deals.append(
            deal(
                account, line: line, value: value, created: date + random.number(3...40),
                closed: date + random.number(50...90), won: random.chance(50)))
    }

    private mutating func unregisteredClaim() {
        let account = account()
        let line = random.pick(SampleStories.lines)
        let value = amount()
        let date = day(from: 30, to: 250)
        let won = deal(account, line: line, value: value, created: date, closed: date + 30, won: true)
        deals.append(won)
        var claim = refer(
            account, partner(), at: date + 30 + random.number(5...60), line: line, value: value,
            stage: "unregistered_claim")
        claim.opportunity = won.id
        claim.evidence =
            #"[{"kind":"meeting","occurred_at":"\#(time(date + 10))","reference":"calendar entry \#(accounts)"}]"#
        referrals.append(claim)
    }

    private mutating func partnerMotion(_ index: Int) {
        let account = account()
        let line = random.pick(SampleStories.lines)
        let date = day(from: 10, to: 280)
        let resellers = pool.filter { $0.types.contains(.reseller) }
        let isResold = index % 3 != 0 && !resellers.isEmpty
        var sold = deal(
            account, line: line, value: amount(), created: date, closed: date + random.number(15...60), won: true)
        sold.motion = isResold ? "resold" : "partner_closed"
        sold.partner = isResold ? random.pick(resellers).id.text : partner()
        sold.duties = isResold ? ["implementation", "implementation;support", ""][index % 3] : ""
        if isResold && index % 5 == 0 { sold.settlement = "discount" }
        if !isResold && index % 2 == 1 { sold.play = "competitive_displacement" }
        deals.append(sold)
    }

    private mutating func influenced(kind: String) {
        let account = account()
        let line = random.pick(SampleStories.lines)
        let date = day(from: 10, to: 280)
        let won = deal(
            account, line: line, value: amount(), created: date, closed: date + random.number(30...60), won: true)
        touch(account, partner(), kind, at: date + random.number(5...25), line: line)
        deals.append(won)
    }

    private mutating func direct(_ index: Int) {
        let account = account()
        let line = random.pick(SampleStories.lines)
        let date = day(from: 0, to: 330)
        let closes = index % 5 != 0
        var sold = deal(
            account, line: line, value: amount(), created: date, closed: closes ? date + random.number(10...90) : nil,
            won: random.chance(55))
        if index % 11 == 0 { sold.kind = "expansion" }
        if index % 23 == 0 { sold.kind = "renewal" }
        deals.append(sold)
        if index % 4 == 0 { touch(account, "direct", "meeting", at: date + 2, line: line) }
    }

    // MARK: The many

    /// Referrals that no deal comes of: good, middling and poor ones, claims and introductions, until the files are full.
    private mutating func fillReferrals() {
        let repeated = size.referrals * size.repeatedPercent / 100
        let invalid = size.referrals * size.invalidPercent / 100
        let room = size.referrals - repeated - size.brokenLines
        for index in 0..<invalid { referrals.append(invalidReferral(index)) }
        while referrals.count < room {
            let lot = random.number(0...99)
            let account = account(fit: lot < 45 ? 2 : lot < 85 ? 1 : 0)
            let date = day(from: 0, to: 364)
            let isClaim = random.chance(42)
            var referral = refer(
                account, active(on: date), at: date, line: random.pick(SampleStories.lines), value: amount(),
                stage: isClaim ? random.pick(["before_contact", "after_first_meeting"]) : nil, fitTitle: lot < 60)
            if lot >= 45 {
                // Further from a decision: less money, more time.
                referral.intent = random.pick(["researching", "researching", "evaluating", "budgeted"])
                referral.value.minor /= random.pick([1, 5, 20])
                referral.expectedClose = date + random.number(60...280)
            }
            referrals.append(referral)
            // Handed in again within the hour, under another id.
            if lot == 7, referrals.count < room {
                referral.occurredAt = referral.occurredAt + .minutes(40)
                referrals.append(referral)
            }
        }
    }

    /// A partner by lot that is not paused on a day.
    private mutating func active(on date: CalendarDate) -> String {
        let partner = random.pick(partners).id.text
        let isPaused = SamplePlan.pausedPartners.contains(partner) && date.description >= SamplePlan.pauseDay
        return isPaused ? random.pick(SamplePlan.cleanPartners) : partner
    }

    /// Each in its turn fails another rule of intake.
    private mutating func invalidReferral(_ index: Int) -> SampleReferral {
        let account = account()
        var referral = refer(
            account, partner(), at: day(from: 0, to: 330), line: "platform", value: amount(), stage: nil)
        switch index % 7 {
        case 0: referral.domain = "not a domain"
        case 1: referral.domain = "gmail.com"
        case 2: referral.email = "nobody"
        case 3: referral.country = "XX"
        case 4: referral.consent = false
        case 5: referral.partner = "ptr_999"
        default: referral.productLine = "teleporter"
        }
        return referral
    }
}
