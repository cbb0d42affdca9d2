import Domain
import DomainNames

/// Asks the tables of domains, mail providers and countries about the names in a submission.
struct NameResolver {
    private let domains: RegistrableDomains
    /// The mail providers of the last programme version asked for.
    private var freeMail: (version: Int64, domains: FreeMailDomains)?

    init(domains: RegistrableDomains) { self.domains = domains }

    /// The account key of a domain as written; `nil` where none can be derived.
    func accountKey(of domain: String) -> AccountKey? {
        do throws(DomainNameError) {
            return AccountKey(unchecked: try domains.accountKey(fromDomain: domain))
        } catch {
            return nil
        }
    }

    mutating func resolve(_ submission: ReferralSubmission, program: Program) -> ResolvedNames {
        let email = EmailAddress(submission.contact.email)
        var names = ResolvedNames(
            accountKey: nil, domainFound: "", isFreeMail: false, isEmailWellFormed: email != nil,
            contactDomain: email.flatMap { accountKey(of: $0.domain)?.text },
            isCountryKnown: submission.account.country.map(CountryCode.isKnown) ?? true)
        do throws(DomainNameError) {
            let key = try domains.accountKey(fromDomain: submission.account.domain)
            names.accountKey = AccountKey(unchecked: key)
            names.isFreeMail = freeMailDomains(of: program).contains(key)
        } catch {
            names.domainFound = error.found
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
