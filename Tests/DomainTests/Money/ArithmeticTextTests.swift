import Domain
import Testing

@Suite struct ArithmeticTextTests {
    @Test(
        arguments: [
            "4800000 x 2500 / 10000 = 1200000",
            "1 + 2 x 3 - 4 / 2 = 5",
            "(1 + 2) x 3 = 9",
            "2 - 3 - 4 = -5",
            "100 / 10 / 5 = 2",
            "1 / 3 x 3 = 1",
            "0.1 + 0.2 = 0.3",
            "-5 + 3 = -2",
            "2 x -3 = -6",
            "min(3, 2) = 2", "max(3, 2) = 3", "min(1, 2 x 0, 5) = 0",
            "round_half_even(2.5) = 2", "round_half_even(3.5) = 4", "round_half_even(-2.5) = -2",
            "round_half_even(100001 x 3333 / 10000) = 33330",
            "floor(100001 x 3333 / 10000) + 1 = 33331", "floor(-0.5) = -1",
            "max(min(7, 9), floor(6.9)) = 7",
            "round_half_up(2.5) = 3", "round_half_up(-2.5) = -3", "round_half_up(2.49) = 2",
            "2026-03-01 + 30 d = 2026-03-31", "2026-03-01 + 30 = 2026-03-31", "2026-03-31 - 30 d <= 2026-03-01",
            "2026-03-10T12:00:00.000Z + 48 h = 2026-03-12T12:00:00.000Z", "2026-03-10 < 2026-03-10T00:00:00.001Z",
            "2026-03-10T12:00:00.000Z + 0.5 d = 2026-03-11", "1 <= 2; 2 + 3 = 5; 1 < 2 < 3", "2 >= 2", "3 > 2 >= 1",
            "2026-03-01 <= 2026-03-01", "2026-02-28 < 2026-03-01",
            "9223372036854775807 + 1 = 9223372036854775808",
            "round_half_even(4800001 x 2500 / 10000 x 1.0842105263) = 1301053",
        ])
    func `true statements hold`(text: String) throws {
        #expect(try ArithmeticText.holds(text))
    }

    @Test(arguments: [
        "1 + 1 = 3", "2026-03-02 <= 2026-03-01", "1 < 1", "1 / 3 = 0.3333333333333333", "1 = 1 = 2", "1 = 2; 1 = 1",
        "1 >= 2", "2 > 2",
        "1 = 1; 1 = 2", "2026-03-10T12:00:00.000Z <= 2026-03-10",
    ])
    func `false statements do not`(text: String) throws {
        #expect(try !ArithmeticText.holds(text))
    }

    @Test(
        arguments: [
            "", "1", "1 +", "1 + = 2", "1+1 = 2", "1 = ", "= 1", "(1 = 1", "1) = 1", "min(1) = 1 x", "1..2 = 1",
            ".5 = 0",
            "5. = 5", "one = 1", "floor(1, 2) = 1", "1 x x 1 = 1", "1e3 = 1000", "1 = 1 ", "1 = 1; ", "1; 1 = 1",
            "2026-03-10T12 = 1", "2026-13-01 = 1", "1 w = 7 d",
        ])
    func `anything else is no arithmetic`(text: String) {
        #expect(throws: ArithmeticText.Problem.self) { try ArithmeticText.holds(text) }
    }

    @Test func `a number beyond 128 bits is an error, never a wrong number`() {
        let huge = "170141183460469231731687303715884105727"
        #expect(throws: ArithmeticText.Problem.overflow) { try ArithmeticText.holds("\(huge) + 1 = 0") }
        #expect(throws: ArithmeticText.Problem.overflow) { try ArithmeticText.holds("\(huge) x 2 = 0") }
        #expect(throws: ArithmeticText.Problem.overflow) { try ArithmeticText.holds("\(huge)0 = 0") }
        #expect(throws: ArithmeticText.Problem.divisionByZero) { try ArithmeticText.holds("1 / (2 - 2) = 0") }
    }

    @Test func `brackets nest to a limit, so that no text exhausts the stack`() {
        let deep = String(repeating: "(", count: 10_000)
        #expect(throws: ArithmeticText.Problem.tooDeep) { try ArithmeticText.holds(deep) }
        let minus = String(repeating: "-", count: 10_000)
        #expect(throws: ArithmeticText.Problem.tooDeep) { try ArithmeticText.holds(minus + "1 = 1") }
    }
}
