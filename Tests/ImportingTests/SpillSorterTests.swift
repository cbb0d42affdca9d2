import Testing

@testable import Importing

@Suite struct SpillSorterTests {
    @Test(arguments: [(1 << 20, true), (4_000, false), (64, false)])
    func `any number of entries comes back in order, from memory or from a file`(buffer: Int, fits: Bool) throws {
        let directory = try TemporaryDirectory()
        let sorter = SpillSorter(directory: directory.path, bufferBytes: buffer)
        var expected: [(key: SpillSorter.Key, text: String)] = []
        var lot: UInt64 = 1
        for index in 0..<2_000 {
            lot = lot &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let key = SpillSorter.Key(time: Int64(lot >> 33) - (1 << 29), sequence: UInt64(index))
            let text = String(repeating: "x", count: Int(lot >> 58)) + "\(index)"
            expected.append((key, text))
            try sorter.add(key) { $0 += Array(text.utf8) }
        }
        #expect(sorter.isInMemory == fits)
        expected.sort { $0.key < $1.key }
        var position = 0
        while let entry = try sorter.next({ ($0, String(decoding: $1, as: UTF8.self)) }) {
            #expect(entry.0 == expected[position].key && entry.1 == expected[position].text)
            position += 1
        }
        #expect(position == expected.count)
    }

    @Test func `an entry larger than the pieces in which a file is read comes back whole`() throws {
        let directory = try TemporaryDirectory()
        let sorter = SpillSorter(directory: directory.path, bufferBytes: 1_000)
        let large = [UInt8](repeating: 9, count: 300_000)
        for index in [2, 1, 0] {
            try sorter.add(SpillSorter.Key(time: Int64(index), sequence: 0)) { $0 += index == 1 ? large : [7] }
        }
        var sizes: [Int] = []
        while let size = try sorter.next({ $1.count }) { sizes.append(size) }
        #expect(sizes == [1, 300_000, 1])
    }
}
