/// Turns what people write as a company's domain into its account key: the lower-case registrable domain.
///
/// Any thread may call. Answers are not remembered: to derive one takes about as long as to find it among thousands.
package final class RegistrableDomains: Sendable {
    private let list: SuffixList

    /// Loads the distribution's Public Suffix List, or the one inside libpsl when there is none.
    package init() { list = SuffixList() }

    /// Identifies the list in use. An upgrade of the list would move domains between accounts, so a programme version
    /// keeps it.
    package var publicSuffixListHash: String { list.hash }

    /// The account key of a domain: `https://www.Müller.co.uk/about` is `xn--mller-kva.co.uk`.
    ///
    /// Forgiven are white space around the name, a scheme, a path, query or fragment, one trailing dot, upper case and
    /// international spelling (UTS #46, non-transitional). Sub-domains fall away. A port or a user name is malformed.
    package func accountKey(fromDomain domain: String) throws(DomainNameError) -> String {
        let name = try HostName.asciiForm(HostName.text(in: domain))
        guard let registrable = list.registrableDomain(of: name) else { throw DomainNameError(.publicSuffix) }
        return registrable
    }
}
