/// What the tables of domains and countries say about the names in a submission.
package struct ResolvedNames: Sendable, Hashable {
    /// The registrable domain; `nil` where none can be derived.
    package var accountKey: AccountKey?
    /// Why none can be derived, as a noun phrase: `a malformed domain`.
    package var domainFound: String
    /// Whether mailboxes of the domain are given to anybody.
    package var isFreeMail: Bool
    /// Whether the contact's e-mail address is well-formed.
    package var isEmailWellFormed: Bool
    /// Registrable domain of the contact's e-mail address.
    package var contactDomain: String?
    package var isCountryKnown: Bool

    package init(
        accountKey: AccountKey?, domainFound: String, isFreeMail: Bool, isEmailWellFormed: Bool, contactDomain: String?,
        isCountryKnown: Bool
    ) {
        self.accountKey = accountKey
        self.domainFound = domainFound
        self.isFreeMail = isFreeMail
        self.isEmailWellFormed = isEmailWellFormed
        self.contactDomain = contactDomain
        self.isCountryKnown = isCountryKnown
    }
}

/// The rules of intake: a referral that fails one is rejected `invalid`, with every failing field named.
package struct ReferralValidation: Sendable, Hashable {
    /// In the order of the fields.
    package private(set) var problems: [FieldProblem] = []

    /// - Parameters:
    ///   - partner: the register's entry; `nil` where there is none.
    ///   - unacceptedTerms: the terms version in force that the partner has yet to accept; `nil` where there is none.
    ///   - time: judging time.
    ///
    /// What is only read is borrowed: the parameters of an initialiser are copied otherwise.
    package init(
        of submission: borrowing ReferralSubmission, names: borrowing ResolvedNames, program: borrowing Program,
        partner: borrowing Partner?, unacceptedTerms: TermsReference?, at time: Timestamp
    ) {
        checkPartner(partner, program: program)
        check(submission.account, names: names)
        check(submission.contact, names: names)
        check(submission.deal, productLines: program.productLines)
        if let registration = submission.registration {
            check(registration, unacceptedTerms: unacceptedTerms, at: time)
        }
        if !submission.consent { fail("/consent", "the contact's consent (`true`)", "`false`") }
        for field in program.intake.requiredFields where submission.lacks(field) {
            fail(field.pointer, "a value: the programme requires it", "nothing")
        }
    }

    /// One line a field.
    package static func step(_ problems: [FieldProblem], programVersion: Int64) -> ExplanationStep {
        ExplanationStep(
            rule: "validation", programVersion: programVersion,
            text: problems.isEmpty ? "Every field is valid." : problems.map(\.description).joined(separator: "; ") + "."
        )
    }

    /// The type under which a partner refers: its first one that the programme runs. `nil` where it may not refer.
    package static func referringType(of partner: Partner, program: Program) -> PartnerType? {
        partner.types.first { program.partnerTypes.contains($0) }
    }

    private mutating func fail(_ pointer: String, _ expected: String, _ found: String) {
        problems.append(FieldProblem(pointer, expected: expected, found: found))
    }

    private mutating func checkPartner(_ partner: Partner?, program: Program) {
        let pointer = "/partner_id"
        guard let partner else { return fail(pointer, "a partner of the register", "an unknown partner") }
        if partner.status != .active { fail(pointer, "an active partner", "one that is \(partner.status.rawValue)") }
        if Self.referringType(of: partner, program: program) == nil {
            let types = program.partnerTypes.map(\.rawValue).joined(separator: ", ")
            let found = partner.types.map(\.rawValue).joined(separator: ", ")
            fail(pointer, "a partner of a type that the programme runs (\(types))", found.isEmpty ? "none" : found)
        }
    }

    private mutating func check(_ account: ProspectAccount, names: ResolvedNames) {
        if Text.isBlank(account.name) { fail("/account/name", "the company's name", "an empty text") }
        let domain = "a company's domain such as `acme.com`"
        if names.accountKey == nil {
            fail("/account/domain", domain, names.domainFound)
        } else if names.isFreeMail {
            fail("/account/domain", domain, "the domain of a mail provider")
        }
        if let country = account.country, !names.isCountryKnown {
            fail("/account/country", "an ISO 3166-1 country code such as DE", Text.quoted(country))
        }
        if let employees = account.employees, employees < 0 {
            fail("/account/employees", "a number of at least 0", "\(employees)")
        }
        check(account.annualRevenue, at: "/account/annual_revenue")
    }

    private mutating func check(_ contact: ProspectContact, names: ResolvedNames) {
        // The address itself is personal data: what is wrong with it is all that is said.
        if !names.isEmailWellFormed {
            fail(
                "/contact/email", "an e-mail address such as `jo@acme.com`",
                Text.isBlank(contact.email) ? "an empty text" : "a malformed address")
        }
    }

    private mutating func check(_ deal: ProspectDeal, productLines: [String]) {
        if productLines.isEmpty {
            if Text.isBlank(deal.productLine) { fail("/deal/product_line", "a product line", "an empty text") }
        } else if !productLines.contains(deal.productLine) {
            let known = productLines.map { "`\($0)`" }.joined(separator: ", ")
            fail("/deal/product_line", "one of \(known)", Text.quoted(deal.productLine))
        }
        check(deal.firstYearValue, at: "/deal/first_year_value")
        check(deal.totalValue, at: "/deal/total_value")
        if let first = deal.firstYearValue?.money, let total = deal.totalValue?.money, first.currency != total.currency
        {
            fail(
                "/deal/total_value/currency", "the currency of the first-year value (\(first.currency))",
                total.currency.code)
        }
    }

    private mutating func check(_ amount: StatedAmount?, at pointer: String) {
        guard let amount else { return }
        if amount.minor < 0 { fail(pointer + "/minor", "an amount of at least 0", "\(amount.minor)") }
        if amount.money == nil {
            fail(pointer + "/currency", "an ISO 4217 currency code such as EUR", Text.quoted(amount.currencyCode))
        }
    }

    private mutating func check(
        _ registration: RegistrationRequest, unacceptedTerms: TermsReference?, at time: Timestamp
    ) {
        if let terms = unacceptedTerms {
            fail(
                "/registration", "a partner that has accepted its terms (\(terms.id), version \(terms.version))",
                "no acceptance of that version")
        }
        for (index, evidence) in registration.evidence.enumerated() where evidence.occurredAt > time {
            fail(
                "/registration/evidence/\(index)/occurred_at", "a time not after the submission (\(time))",
                "\(evidence.occurredAt)")
        }
        guard registration.stage == .unregisteredClaim else { return }
        if registration.opportunity == nil {
            fail("/registration/opportunity_id", "the opportunity that the unregistered claim is about", "nothing")
        }
        if registration.evidence.isEmpty {
            fail("/registration/evidence", "evidence dated before the close", "none")
        }
    }
}

extension ReferralField {
    /// Where the field is in a submission.
    var pointer: String { "/" + rawValue.split(separator: ".").joined(separator: "/") }
}

extension ReferralSubmission {
    func lacks(_ field: ReferralField) -> Bool {
        switch field {
        case .country: Text.isBlank(account.country)
        case .employees: account.employees == nil
        case .industry: Text.isBlank(account.industry)
        case .annualRevenue: account.annualRevenue == nil
        case .contactName: Text.isBlank(contact.name)
        case .contactTitle: Text.isBlank(contact.title)
        case .need: Text.isBlank(need)
        case .intent: intent == nil
        case .firstYearValue: deal.firstYearValue == nil
        case .totalValue: deal.totalValue == nil
        case .expectedClose: deal.expectedClose == nil
        }
    }
}

/// Small questions about texts from outside.
private enum Text {
    static func isBlank(_ text: String?) -> Bool {
        guard let text, let first = text.utf8.first else { return true }
        // Nearly every text begins with what is no space.
        if first > UInt8(ascii: " "), first < 0x7f { return false }
        return text.allSatisfy(\.isWhitespace)
    }

    /// For messages, cut to a readable length.
    static func quoted(_ text: String) -> String { text.count > 40 ? "`\(text.prefix(40))…`" : "`\(text)`" }
}
