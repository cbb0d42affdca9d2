import Domain
import DomainNames

/// Asks the tables of domains, mail providers and countries about the names in a submission.
struct NameResolver {
    private let domains: RegistrableDomains
    /// The mail providers of the last programme version asked for.
    private var freeMail: (version: Int64, domains: FreeMailDomains)?
    /// The domain asked for last, and its key: a referral's is asked for again and again, and its contact's is mostly the
    /// same.
    private var last: (domain: String, key: Result<String, DomainNameError>)?

    init(domains: RegistrableDomains) { self.domains = domains }

    /// The account key of a domain as written; `nil` where none can be derived.
    mutating func accountKey(of domain: String) -> AccountKey? {
        switch key(of: domain) {
        case .success(let key): AccountKey(unchecked: key)
        case .failure: nil
        }
    }

    private mutating func key(of domain: String) -> Result<String, DomainNameError> {
        if let last, last.domain == domain { return last.key }
        let key = Result { () throws(DomainNameError) in try domains.accountKey(fromDomain: domain) }
        last = (domain, key)
        return key
    }

    mutating func resolve(_ submission: ReferralSubmission, program: Program) -> ResolvedNames {
        let email = EmailAddress(submission.contact.email)
        var names = ResolvedNames(
            accountKey: nil, domainFound: "", isFreeMail: false, isEmailWellFormed: email != nil,
            contactDomain: email.flatMap { accountKey(of: $0.domain)?.text },
            isCountryKnown: submission.account.country.map(CountryCode.isKnown) ?? true)
        switch key(of: submission.account.domain) {
        case .success(let key):
            names.accountKey = AccountKey(unchecked: key)
            names.isFreeMail = freeMailDomains(of: program).contains(key)
        case .failure(let error): names.domainFound = error.found
        }
        return names
    }

    private mutating func freeMailDomains(of program: Program) -> FreeMailDomains {
        if let freeMail, freeMail.version == program.version { return freeMail.domains }
        let domains = FreeMailDomains.standard.adding(program.intake.freeMailDomains)
        freeMail = (program.version, domains)
        return domains
    }
}
