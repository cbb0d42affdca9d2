import Domain
import DomainNames

/// Asks the tables of domains, mail providers and countries about the names in a submission.
struct NameResolver {
    private let domains: RegistrableDomains
    /// The mail providers of the last programme version asked for.
    private var freeMail: (version: Int64, domains: FreeMailDomains)?
    /// The last answer: one submission asks for its account's domain several times.
    private var last: (domain: String, key: Result<String, DomainNameError>)?

    init(domains: RegistrableDomains) { self.domains = domains }

    /// The account key of a domain as written; `nil` where none can be derived.
    mutating func accountKey(of domain: String) -> AccountKey? {
        guard case .success(let key) = answer(for: domain) else { return nil }
        return AccountKey(unchecked: key)
    }

    private mutating func answer(for domain: String) -> Result<String, DomainNameError> {
        if let last, last.domain == domain { return last.key }
        let key: Result<String, DomainNameError>
        do throws(DomainNameError) {
            key = .success(try domains.accountKey(fromDomain: domain))
        } catch {
            key = .failure(error)
        }
        last = (domain, key)
        return key
    }

    mutating func resolve(_ submission: ReferralSubmission, program: Program) -> ResolvedNames {
        let email = EmailAddress(submission.contact.email)
        var names = ResolvedNames(
            accountKey: nil, domainFound: "", isFreeMail: false, isEmailWellFormed: email != nil, contactDomain: nil,
            isCountryKnown: submission.account.country.map(CountryCode.isKnown) ?? true)
        switch answer(for: submission.account.domain) {
        case .success(let key):
            names.accountKey = AccountKey(unchecked: key)
            names.isFreeMail = freeMailDomains(of: program).contains(key)
        case .failure(let error):
            names.domainFound = error.found
        }
        if let email { names.contactDomain = accountKey(of: email.domain)?.text }
        return names
    }

    private mutating func freeMailDomains(of program: Program) -> FreeMailDomains {
        if let freeMail, freeMail.version == program.version { return freeMail.domains }
        let domains = FreeMailDomains.standard.adding(program.intake.freeMailDomains)
        freeMail = (program.version, domains)
        return domains
    }
}
