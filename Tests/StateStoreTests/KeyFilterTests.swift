import Testing

@testable import StateStore

/// What the filter does not know for certain it must not deny.
@Suite struct KeyFilterTests {
    /// Keys of every length up to 40 bytes, which differ early or late.
    private func key(_ number: Int) -> [UInt8] {
        let digits = (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
        let padding = [UInt8](repeating: 7, count: number % 33)
        return number.isMultiple(of: 2) ? digits + padding : padding + digits
    }

    private func add(_ number: Int, to filter: inout KeyFilter) {
        let key = key(number)
        filter.add(key.span)
    }

    /// One of several blocks.
    private func filter(of count: Int) -> KeyFilter {
        var filter = KeyFilter()
        for number in 0..<count { add(number, to: &filter) }
        return filter
    }

    @Test(arguments: [0, 1, 4_096, 4_097, 100_000]) func everyKeyThatWasAddedMayBeThere(count: Int) {
        let filter = filter(of: count)
        #expect((0..<count).allSatisfy { filter.mayContain(key($0)) })
        #expect(filter.keys == Int64(count))
    }

    @Test(arguments: [0, 4_096, 100_000]) func nearlyEveryOtherIsNot(count: Int) {
        let filter = filter(of: count)
        let wrong = (count..<(count + 20_000)).count { filter.mayContain(key($0)) }
        #expect(wrong <= 20_000 / 20)
        #expect(count > 0 || wrong == 0)
    }

    /// Small tables have small filters, and a block never changes its size.
    @Test func itGrowsByBlocks() {
        #expect(filter(of: 1).blocks.map(\.capacity) == [4_096])
        let filter = filter(of: 20_000)
        #expect(filter.blocks.map(\.capacity) == [4_096, 16_384])
        #expect(filter.blocks.map(\.keys) == [4_096, 15_904])
    }

    @Test func onlyBlocksThatChangedAreNotSaved() {
        var filter = filter(of: 5_000)
        filter.didSave()
        add(5_000, to: &filter)
        #expect(filter.blocks.map(\.isSaved) == [true, false])
    }

    @Test func itIsReadAsItWasSaved() throws {
        let filter = filter(of: 10_000)
        let read = try #require(KeyFilter(filter.blocks))
        #expect((0..<10_000).allSatisfy { read.mayContain(key($0)) })
    }

    @Test func whatCannotBeAFilterIsNotRead() {
        let blocks = filter(of: 5_000).blocks
        func changed(_ change: (inout [KeyFilter.Block]) -> Void) -> [KeyFilter.Block] {
            var blocks = blocks
            change(&blocks)
            return blocks
        }
        #expect(KeyFilter(changed { $0[1].bits.removeLast() }) == nil)
        #expect(KeyFilter(changed { $0[1].bits = [] }) == nil)
        #expect(KeyFilter(changed { $0[1].keys = 0 }) == nil)
        #expect(KeyFilter(changed { $0[1].keys = 20_000 }) == nil)
        #expect(
            KeyFilter(
                changed {
                    $0.remove(at: 0); $0.append($0[0])
                }) == nil)
    }
}
