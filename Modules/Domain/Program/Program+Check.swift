extension Program {
    /// What is wrong or doubtful with this version, in the order of the document. Without an error it may be published.
    package func check(against context: ProgramCheckContext = ProgramCheckContext()) -> [ProgramProblem] {
        var check = ProgramCheck(program: self, context: context)
        check.run()
        return check.problems
    }
}

/// One check of one programme version.
struct ProgramCheck {
    /// A programme should focus on two or three types of partner.
    static let focusedTypes = 3

    let program: Program
    let context: ProgramCheckContext
    /// The programme's own currency and those of the partners.
    let currencies: [Currency]
    private(set) var problems: [ProgramProblem] = []

    init(program: Program, context: ProgramCheckContext) {
        self.program = program
        self.context = context
        currencies = Set(context.partners.map(\.currency) + [program.currency]).sorted()
    }

    mutating func run() {
        checkIdentity()
        checkEffect()
        checkHypothesis()
        checkAreas()
        checkTypes()
        checkProductLines()
        checkIntake()
        checkScoring(program.scoring.fit, "/scoring/fit")
        checkScoring(program.scoring.intent, "/scoring/intent")
        checkRouting()
        checkPerson(program.handoff.contact, "/handoff/contact")
        checkReview()
        checkProtection()
        checkUsual(program.salesCompensation.sourcedOther, "/sales_compensation")
        checkPlays()
        checkTerms()
        checkPayout()
    }

    mutating func error(_ pointer: String, _ text: String) {
        problems.append(ProgramProblem(.error, pointer, text))
    }

    mutating func warn(_ pointer: String, _ text: String) {
        problems.append(ProgramProblem(.warning, pointer, text))
    }

    // MARK: Identity and effect

    private mutating func checkIdentity() {
        if program.name.isBlank { error("/name", "the programme needs a name") }
        guard let latest = context.published.last else { return }
        if program.id != latest.id {
            error("/program_id", "the published programme is \(latest.id); a second one needs topics of its own prefix")
        }
        if program.version <= latest.version {
            error(
                "/version",
                "version \(latest.version) is published already; the next one is \(latest.version + 1) or higher")
        }
    }

    private mutating func checkEffect() {
        guard let latest = context.published.last else { return }
        let pointer = "/effective_from"
        if program.effectiveFrom <= latest.effectiveFrom {
            error(
                pointer,
                "must be later than \(latest.effectiveFrom), from which version \(latest.version) is in effect")
        }
        if let now = context.now, program.effectiveFrom < now + ProgramCheckContext.minimumLead {
            error(
                pointer, "must be at least 60 seconds ahead of now (\(now)): later versions never take effect backwards"
            )
        }
        if let judged = context.judgedUpTo, program.effectiveFrom <= judged {
            error(pointer, "must be later than \(judged), up to which records are judged already")
        }
    }

    // MARK: Purpose and owners

    private mutating func checkHypothesis() {
        let hypothesis = program.hypothesis
        if !program.partnerTypes.contains(hypothesis.partnerType) {
            error(
                "/hypothesis/partner_type",
                "the hypothesis is about \(hypothesis.partnerType.rawValue), which is not among the partner types")
        }
        for (name, text) in [("sends", hypothesis.sends), ("why", hypothesis.why), ("gets", hypothesis.gets)]
        where text.isBlank {
            error("/hypothesis/\(name)", "must say something")
        }
    }

    private mutating func checkAreas() {
        var seen: Set<OperatingArea.Area> = []
        for (index, area) in program.areas.enumerated() {
            if !seen.insert(area.area).inserted {
                error("/areas/\(index)/area", "\(area.area.rawValue) has an owner already; each area has exactly one")
            }
            checkPerson(area.owner, "/areas/\(index)/owner")
            if area.definition.isBlank { error("/areas/\(index)/definition", "must say what the area covers") }
        }
        for area in OperatingArea.Area.allCases where !seen.contains(area) {
            error("/areas", "\(area.rawValue) has no owner; each of the five areas has exactly one")
        }
    }

    /// The register may get its people after the programme, so that an unknown one is doubtful, not wrong.
    private mutating func checkPerson(_ id: PersonID, _ pointer: String) {
        guard !context.people.isEmpty else { return }
        guard let person = context.people.first(where: { $0.id == id }) else {
            warn(pointer, "the register has no person \(id)")
            return
        }
        if !person.isActive { warn(pointer, "\(id) is not active") }
        if person.partner != nil {
            error(pointer, "\(id) belongs to a partner; the programme is run by the vendor's people")
        }
    }

    private mutating func checkTypes() {
        let pointer = "/partner_types"
        if program.partnerTypes.isEmpty { error(pointer, "a programme needs at least one partner type") }
        for (index, type) in program.partnerTypes.enumerated() where program.partnerTypes[..<index].contains(type) {
            error("\(pointer)/\(index)", "\(type.rawValue) is named twice")
        }
        if Set(program.partnerTypes).count > ProgramCheck.focusedTypes {
            warn(
                pointer,
                "\(Set(program.partnerTypes).count) partner types are active; focus on two or three that the hypothesis is about"
            )
        }
    }

    private mutating func checkProductLines() {
        for (index, line) in program.productLines.enumerated() {
            let pointer = "/product_lines/\(index)"
            if !line.isName { error(pointer, "expected 1 to 40 of a-z, 0-9, _ and -, found \"\(line)\"") }
            if program.productLines[..<index].contains(line) { error(pointer, "\(line) is named twice") }
        }
    }

    // MARK: Leads and claims

    private mutating func checkIntake() {
        for (index, domain) in program.intake.freeMailDomains.enumerated()
        where domain != domain.lowercased() || !domain.contains(".") || domain.contains("@") {
            error("/intake/free_mail_domains/\(index)", "expected a domain in lower case such as mail.example")
        }
    }

    private mutating func checkRouting() {
        let routing = program.routing
        if routing.rejectBelowFit > routing.acceptFit {
            error("/routing/reject_below_fit", "must not be above accept_fit (\(routing.acceptFit))")
        }
        if routing.acceptTiers.isEmpty {
            warn("/routing/accept_tiers", "is empty: every referral waits for a person")
        }
    }

    private mutating func checkReview() {
        let review = program.review
        if review.priorityHours > review.hours {
            error("/review/priority_hours", "must not be above hours (\(review.hours))")
        }
        if review.reminderAt.value <= 0 || review.reminderAt >= .whole {
            error("/review/reminder_at_bp", "must lie between 0 and 10000: the reminder comes before the deadline")
        }
        if review.rejectReasons.isEmpty { error("/review/reject_reasons", "must name at least one reason") }
        if review.onOverdue == .approve {
            warn("/review/on_overdue", "approve: what nobody looks at in time is accepted")
        }
    }

    private mutating func checkProtection() {
        let protection = program.protection
        let windows =
            [("/protection/days", protection.days)]
            + protection.daysByTier.map { ("/protection/days_by_tier", $0.value) }
            + protection.daysByType.map { ("/protection/days_by_type", $0.value) }
        for (pointer, days) in windows {
            if days < 1 { error(pointer, "a protection window has at least 1 day") }
        }
        let shortest = windows.map(\.1).min() ?? protection.days
        if protection.reminderDays >= shortest {
            warn("/protection/reminder_days", "the reminder comes before the shortest window (\(shortest) days) begins")
        }
        if protection.maximumExtensions > 0, protection.extensionDays < 1 {
            error("/protection/extension_days", "an extension has at least 1 day")
        }
    }

    private mutating func checkUsual(_ sourcedOther: BasisPoints, _ pointer: String) {
        if sourcedOther < BasisPoints(7_500) || sourcedOther > BasisPoints(8_000) {
            warn("\(pointer)/sourced_other_bp", "\(sourcedOther) is outside the usual 75% to 80%")
        }
    }

    private mutating func checkPlays() {
        for (index, play) in program.plays.enumerated() {
            let pointer = "/plays/\(index)"
            if !play.id.isName {
                error("\(pointer)/play_id", "expected 1 to 40 of a-z, 0-9, _ and -, found \"\(play.id)\"")
            }
            if program.plays[..<index].contains(where: { $0.id == play.id }) {
                error("\(pointer)/play_id", "\(play.id) is named twice")
            }
            if play.name.isBlank { error("\(pointer)/name", "the play needs a name") }
            if let share = play.salesCompensation[.sourcedOther] {
                checkUsual(share, "\(pointer)/sales_compensation")
            }
        }
    }

    private mutating func checkPayout() {
        let payout = program.payout
        checkCurrencies(payout.minimums, "/payout/minimums", "smallest payout")
        if payout.rails.isEmpty { error("/payout/rails", "must name at least one way to pay") }
        if payout.debtorName.isBlank { error("/payout/debtor/name", "must say who pays") }
        if payout.debtorAccount.isBlank { error("/payout/debtor/account", "must say from which account is paid") }
    }

    /// A table of amounts needs an entry for every currency in use.
    mutating func checkCurrencies(_ table: [Currency: Int64], _ pointer: String, _ what: String) {
        for currency in currencies where table[currency] == nil {
            let user = currency == program.currency ? "the programme's currency" : "a currency that partners use"
            error(pointer, "has no \(what) in \(currency), \(user)")
        }
    }
}

extension String {
    var isBlank: Bool { allSatisfy(\.isWhitespace) }

    /// 1 to 40 lower-case letters, digits, `_` and `-`.
    var isName: Bool {
        (1...40).contains(utf8.count)
            && utf8.allSatisfy {
                ($0 >= 0x61 && $0 <= 0x7a) || ($0 >= 0x30 && $0 <= 0x39) || $0 == 0x5f || $0 == 0x2d
            }
    }
}
