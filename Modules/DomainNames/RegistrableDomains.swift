internal import Synchronization

/// Turns what people write as a company's domain into its account key: the lower-case registrable domain.
///
/// Any thread may call; answers are remembered, because the same companies come again and again.
package final class RegistrableDomains: Sendable {
    /// How many answers are remembered at most.
    package static let cacheLimit = 8_192

    private typealias Answer = Result<String, DomainNameError>

    /// Two generations: when the younger is full, the older is forgotten.
    private struct Cache {
        var young: [String: Answer] = [:]
        var old: [String: Answer] = [:]
    }

    private let list: SuffixList
    private let cache = Mutex(Cache())

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
        if let known = cache.withLock({ Self.lookUp(domain, in: &$0) }) { return try known.get() }
        let answer: Answer
        do throws(DomainNameError) {
            answer = .success(try derive(domain))
        } catch {
            answer = .failure(error)
        }
        if domain.utf8.count <= HostName.maximumBytes { cache.withLock { Self.remember(answer, for: domain, in: &$0) } }
        return try answer.get()
    }

    private func derive(_ domain: String) throws(DomainNameError) -> String {
        let name = try HostName.asciiForm(HostName.text(in: domain))
        guard let registrable = list.registrableDomain(of: name) else { throw DomainNameError(.publicSuffix) }
        return registrable
    }

    private static func lookUp(_ domain: String, in cache: inout Cache) -> Answer? {
        if let answer = cache.young[domain] { return answer }
        guard let answer = cache.old[domain] else { return nil }
        remember(answer, for: domain, in: &cache)
        return answer
    }

    private static func remember(_ answer: Answer, for domain: String, in cache: inout Cache) {
        if cache.young.count >= cacheLimit / 2 {
            cache.old = cache.young
            cache.young = [:]
        }
        cache.young[domain] = answer
    }
}
