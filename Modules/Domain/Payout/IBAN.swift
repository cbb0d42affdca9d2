/// International bank account numbers (ISO 13616): country, two check digits, and up to 30 letters and digits.
package enum IBAN {
    /// How long the numbers of a country are; a country that is not named is not checked.
    private static let lengths = [
        "AD": 24, "AT": 20, "BE": 16, "BG": 22, "CH": 21, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "EE": 20, "ES": 24,
        "FI": 18, "FR": 27, "GB": 22, "GR": 27, "HR": 21, "HU": 28, "IE": 22, "IS": 26, "IT": 27, "LI": 21, "LT": 20,
        "LU": 20, "LV": 21, "MC": 27, "MT": 31, "NL": 18, "NO": 15, "PL": 28, "PT": 25, "RO": 24, "SE": 24, "SI": 19,
        "SK": 24, "SM": 27,
    ]
    /// The shortest that there is. Shorter texts, and texts of another form, are other accounts.
    private static let shortest = 15

    /// The number of an account, of any form, however it is spaced and written.
    package static func number(of text: String) -> String { text.uppercased().filter { !$0.isWhitespace } }

    /// What an account that is written as an IBAN would have to be; `nil` where it is one, or is none by its form.
    package static func expectation(of text: String) -> String? {
        let number = number(of: text)
        guard number.utf8.count >= shortest, number.utf8.allSatisfy({ digits(of: $0) != nil }),
            let length = lengths[String(number.prefix(2))],
            number.utf8.dropFirst(2).prefix(2).allSatisfy({ (0x30...0x39).contains($0) })
        else { return nil }
        let country = number.prefix(2)
        guard number.utf8.count == length else { return "an IBAN of \(length) characters, as \(country) has them" }
        return remainder(Array(number.utf8)) == 1 ? nil : "an IBAN whose check digits fit"
    }

    /// A letter counts as two digits, A as 10.
    private static func digits(of byte: UInt8) -> Int? {
        switch byte {
        case 0x30...0x39: Int(byte) - 0x30
        case 0x41...0x5a: Int(byte) - 0x41 + 10
        default: nil
        }
    }

    /// The number modulo 97, its first four characters put behind the rest.
    private static func remainder(_ number: [UInt8]) -> Int {
        (number.dropFirst(4) + number.prefix(4)).reduce(0) { rest, byte in
            let value = digits(of: byte) ?? 0
            return (rest * (value > 9 ? 100 : 10) + value) % 97
        }
    }
}
