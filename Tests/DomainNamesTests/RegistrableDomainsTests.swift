import DomainNames
import Testing

@Suite struct RegistrableDomainsTests {
    static let domains = RegistrableDomains()

    static let keys: [(String, String)] = [
        ("acme.com", "acme.com"),
        ("  ACME.Com. \n", "acme.com"),
        ("www.acme.com", "acme.com"),
        ("a.b.c.acme.co.uk", "acme.co.uk"),
        ("https://www.acme.co.uk/about?x=1#top", "acme.co.uk"),
        ("acme.com/about", "acme.com"),
        ("acme.com?utm_source=x", "acme.com"),
        ("acme.example", "acme.example"),
        ("eu.acme.example", "acme.example"),
        ("münchen.de", "xn--mnchen-3ya.de"),
        ("MÜNCHEN.DE", "xn--mnchen-3ya.de"),
        ("mu\u{308}nchen.de", "xn--mnchen-3ya.de"),
        ("xn--mnchen-3ya.de", "xn--mnchen-3ya.de"),
        ("XN--MNCHEN-3YA.de", "xn--mnchen-3ya.de"),
        ("faß.de", "xn--fa-hia.de"),
        ("www.日本。jp", "xn--wgv71a.jp"),
        ("shop.acme.github.io", "acme.github.io"),
        ("x.y.ck", "x.y.ck"),
        ("www.ck", "www.ck"),
        ("\u{200b}acme.com", "acme.com"),
        ("3com.com", "3com.com"),
        ("a--b.com", "a--b.com"),
        ("acme.1-2.", "acme.1-2"),
        (String(repeating: "a", count: 63) + ".com", String(repeating: "a", count: 63) + ".com"),
    ]

    @Test(arguments: keys)
    func `a domain has one account key however it is written`(domain: String, key: String) throws {
        #expect(try Self.domains.accountKey(fromDomain: domain) == key)
        #expect(try Self.domains.accountKey(fromDomain: key) == key, "the key of a key differs")
    }

    static let refused: [(String, DomainNameError.Code)] = [
        ("", .empty), ("  ", .empty), ("https://", .empty), (".", .empty), ("/path", .empty),
        ("com", .publicSuffix), ("co.uk", .publicSuffix), ("github.io", .publicSuffix), ("localhost", .publicSuffix),
        ("公司.cn", .publicSuffix), ("acme", .publicSuffix),
        ("192.168.0.1", .ipAddress), ("http://10.0.0.1/", .ipAddress), ("[::1]", .ipAddress),
        ("2001:db8::1", .ipAddress),
        ("acme.123", .ipAddress),
        ("acme.com:8080", .malformed), ("https://acme.com:443/", .malformed), ("user@acme.com", .malformed),
        ("a b.com", .malformed), ("a_b.com", .malformed), ("a..b.com", .malformed), (".acme.com", .malformed),
        ("acme.com..", .malformed), ("-a.com", .malformed), ("a-.com", .malformed), ("acme\u{0}.com", .malformed),
        ("☃.net", .malformed), ("xn--zzzzzz.com", .malformed), ("a,b.com", .malformed),
        ("acme.com, other.com", .malformed),
        ("*.acme.com", .malformed),
        ("acme.com-", .malformed), ("a.-b.com", .malformed), ("1-.com", .malformed),
        (String(repeating: "a", count: 64) + ".com", .tooLong),
        (String(repeating: "ü", count: 64) + ".com", .tooLong),
        (String(repeating: "a.", count: 130) + "com", .tooLong),
        (String(repeating: "a", count: 100_000), .tooLong),
    ]

    @Test(arguments: refused)
    func `what is no company's domain has its own reason`(domain: String, code: DomainNameError.Code) {
        #expect(throws: DomainNameError(code)) { try Self.domains.accountKey(fromDomain: domain) }
    }

    @Test func `the list in use is named`() {
        let hash = Self.domains.publicSuffixListHash
        #expect(hash.hasPrefix("sha256:") && hash.utf8.count == 71 || hash.hasPrefix("sha1:") && hash.utf8.count == 45)
        #expect(hash == RegistrableDomains().publicSuffixListHash)
    }

    @Test func `threads may ask at once`() async {
        await withTaskGroup(of: Bool.self) { group in
            for worker in 0..<4 {
                group.addTask {
                    (0..<2000).allSatisfy { number in
                        let name = "c\((number + worker) % 500).co.uk"
                        return (try? Self.domains.accountKey(fromDomain: "WWW." + name)) == name
                    }
                }
            }
            for await isRight in group { #expect(isRight) }
        }
    }
}
