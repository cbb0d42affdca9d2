/// Lower-case hexadecimal text.
package enum Hexadecimal {
    /// 16 digits.
    package static func text(_ number: UInt64) -> String {
        unsafe String(unsafeUninitializedCapacity: 16) { buffer in
            for index in 0..<16 { unsafe buffer[index] = digit(number >> UInt64(60 - index * 4)) }
            return 16
        }
    }

    /// 8 digits.
    package static func text(_ number: UInt32) -> String {
        unsafe String(unsafeUninitializedCapacity: 8) { buffer in
            for index in 0..<8 { unsafe buffer[index] = digit(UInt64(number >> UInt32(28 - index * 4))) }
            return 8
        }
    }

    /// Two digits a byte.
    package static func text(_ bytes: [UInt8]) -> String {
        unsafe String(unsafeUninitializedCapacity: bytes.count * 2) { buffer in
            for (index, byte) in bytes.enumerated() {
                unsafe buffer[index * 2] = digit(UInt64(byte >> 4))
                unsafe buffer[index * 2 + 1] = digit(UInt64(byte))
            }
            return bytes.count * 2
        }
    }

    /// The digit of the lowest four bits.
    private static func digit(_ number: UInt64) -> UInt8 {
        let nibble = UInt8(truncatingIfNeeded: number & 15)
        return nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10
    }

    /// What a digit of either case stands for; `nil` for any other byte.
    static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
