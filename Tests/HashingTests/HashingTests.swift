import Hashing
import Testing

@Suite struct HashingTests {
    // FIPS 180-4 and its published examples.
    static let digests: [(String, String)] = [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ]

    @Test(arguments: digests)
    func `a digest is the published one`(text: String, hex: String) {
        #expect(SHA256Digest(of: text).hex == hex)
        #expect(SHA256Digest(of: Array(text.utf8)).description == hex)
        #expect(SHA256Digest(of: text).first64 == UInt64(hex.prefix(16), radix: 16))
    }

    @Test func `pieces hash as the whole`() {
        let whole = (0..<10_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        var hasher = SHA256Hasher()
        hasher.update([])
        hasher.update(whole[0..<1])
        hasher.update(whole[1..<7000])
        hasher.update(Array(whole[7000...]))
        #expect(hasher.finish() == SHA256Digest(of: whole))
    }

    @Test func `a digest survives its stored forms`() {
        let digest = SHA256Digest(of: "abc")
        #expect(SHA256Digest(bytes: digest.bytes) == digest)
        #expect(SHA256Digest(hex: digest.hex) == digest)
        #expect(SHA256Digest(hex: digest.hex.uppercased()) == digest)
        #expect(digest != SHA256Digest(of: "abd"))
    }

    @Test(arguments: ["", "ab", String(repeating: "0", count: 63), String(repeating: "g", count: 64)])
    func `what is no digest is refused`(hex: String) {
        #expect(SHA256Digest(hex: hex) == nil)
        #expect(SHA256Digest(bytes: Array(hex.utf8.prefix(31))) == nil)
    }

    @Test func `the split of parts matters`() {
        #expect(Hashing.first64(of: ["a", "bc"]) != Hashing.first64(of: ["ab", "c"]))
        #expect(Hashing.first64(of: ["a"]) != Hashing.first64(of: ["a", ""]))
        #expect(Hashing.first64(of: ["a", "bc"]) == Hashing.first64(of: ["a", "bc"]))
        // Written into ids: these values never change.
        #expect(Hashing.first64(of: Array("abc".utf8)) == 0xba78_16bf_8f01_cfea)
        let framed: [UInt8] = [0, 0, 0, 1, 0x61, 0, 0, 0, 2, 0x62, 0x63]
        #expect(Hashing.first64(of: ["a", "bc"]) == Hashing.first64(of: framed))
    }

    // As GNU's C++ library gives it, whose `_Hash_bytes` is the same function. Written into stores: these values never change.
    @Test(
        arguments: [
            ("", 0), ("a", 0x0717_17d2_d36b_6b11), ("1234567", 0xae9e_bd20_9527_9402),
            ("12345678", 0x758f_67d1_62b2_d202),
            ("the quick brown fox jumps over the lazy dog", 0x0572_8457_c648_4f3c),
        ] as [(String, UInt64)])
    func `a checksum is MurmurHash64A`(text: String, checksum: UInt64) {
        #expect(Hashing.checksum64(of: Array(text.utf8)) == checksum)
    }

    // RFC 4231, test cases 1, 2 and 6.
    static let codes: [([UInt8], String, String)] = [
        (
            [UInt8](repeating: 0x0b, count: 20), "Hi There",
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        ),
        (
            Array("Jefe".utf8), "what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        ),
        (
            [UInt8](repeating: 0xaa, count: 131), "Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        ),
        ([], "", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"),
    ]

    @Test(arguments: codes)
    func `a message code is the published one`(key: [UInt8], message: String, hex: String) {
        #expect(Hashing.hmacSHA256(key: key, message: Array(message.utf8)).hex == hex)
    }

    @Test func `hexadecimal text keeps leading zeros`() {
        #expect(Hexadecimal.text(UInt64(0x00ab)) == "00000000000000ab")
        #expect(Hexadecimal.text(UInt32(0x00ab)) == "000000ab")
        #expect(Hexadecimal.text([0, 1, 0xff]) == "0001ff")
        #expect(Hexadecimal.text(UInt64.max) == "ffffffffffffffff")
    }

    @Test func `random bytes have the length asked for and differ`() {
        #expect(Hashing.randomBytes(count: 0).isEmpty)
        #expect(Hashing.randomBytes(count: 16).count == 16)
        #expect(Hashing.randomBytes(count: 16) != Hashing.randomBytes(count: 16))
    }
}
