import Domain
import Testing

@Suite struct IBANTests {
    @Test(arguments: [
        "DE02120300000000202051", "de02 1203 0000 0000 2020 51", "GB82WEST12345698765432", "NO9386011117947",
        // Other accounts.
        "", "DE02", "123456789012345678", "XX02120300000000202051", "DE-2120300000000202051",
    ])
    func `an IBAN holds, and what is none by its form is not checked`(text: String) {
        #expect(IBAN.expectation(of: text) == nil)
    }

    @Test(arguments: ["DE03120300000000202051", "DE02120300000000202015", "GB82 WEST 1234 5698 7654 33"])
    func `check digits must fit`(text: String) {
        #expect(IBAN.expectation(of: text) == "an IBAN whose check digits fit")
    }

    @Test func `a country's numbers have one length`() {
        #expect(IBAN.expectation(of: "DE0212030000000020205") == "an IBAN of 22 characters, as DE has them")
    }
}
