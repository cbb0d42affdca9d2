import TaskRuntime

/// Says of most keys that were never added that they were not: a Bloom filter that grows by blocks.
///
/// A key sets six bits of one line of 64 bytes in the block that is not full, so that a look costs a line a block. Of keys that
/// were not added each block takes about one in a hundred for one that was. A key cannot be taken out.
struct KeyFilter {
    /// Bits for a number of keys, which never grows: the next block is four times as large.
    struct Block {
        /// Lines of 64 bytes.
        var bits: [UInt8]
        /// How many were added.
        var keys: Int64
        /// The file has it as it is.
        var isSaved: Bool

        var capacity: Int64 { Int64(bits.count * 8 / KeyFilter.bitsPerKey) }
    }

    private static let bitsPerKey = 10
    private static let lineBytes = 64
    private static let probes = 6
    private static let smallestBlock: Int64 = 4_096
    private static let largestBlock: Int64 = 4_194_304

    private(set) var blocks: [Block] = []

    init() {}

    /// As it was saved; `nil` where that cannot be.
    init?(_ blocks: [Block]) {
        for (number, block) in blocks.enumerated() {
            guard !block.bits.isEmpty, block.bits.count.isMultiple(of: Self.lineBytes) else { return nil }
            let isLast = number == blocks.count - 1
            guard isLast ? 1...block.capacity ~= block.keys : block.keys == block.capacity else { return nil }
        }
        self.blocks = blocks
    }

    /// How many keys were added.
    var keys: Int64 { blocks.reduce(0) { $0 + $1.keys } }

    mutating func add(_ key: Span<UInt8>) {
        if blocks.last.map({ $0.keys >= $0.capacity }) ?? true { blocks.append(nextBlock) }
        let last = blocks.count - 1
        Probe(key).forEachBit(of: blocks[last].bits.count) { byte, mask in
            blocks[last].bits[byte] |= mask
            return true
        }
        blocks[last].keys += 1
        blocks[last].isSaved = false
    }

    private var nextBlock: Block {
        let keys = min((blocks.last?.capacity).map { $0 * 4 } ?? Self.smallestBlock, Self.largestBlock)
        let lines = (Int(keys) * Self.bitsPerKey + Self.lineBytes * 8 - 1) / (Self.lineBytes * 8)
        return Block(bits: [UInt8](repeating: 0, count: lines * Self.lineBytes), keys: 0, isSaved: false)
    }

    /// `false`: the key was not added.
    func mayContain(_ key: [UInt8]) -> Bool {
        guard !blocks.isEmpty else { return false }
        let probe = Probe(key.span)
        return blocks.contains { block in
            probe.forEachBit(of: block.bits.count) { byte, mask in block.bits[byte] & mask != 0 }
        }
    }

    mutating func didSave() {
        for index in blocks.indices { blocks[index].isSaved = true }
    }

    /// Where a key's bits are. The same in every process, as files have them.
    private struct Probe {
        private let line: UInt64
        private let bits: UInt64

        init(_ key: Span<UInt8>) {
            line = key.hash
            bits = line.folded(by: 0x9E37_79B9_7F4A_7C15)
        }

        /// Calls `body` for each bit until it answers `false`; whether it never did.
        @inline(__always) @discardableResult
        func forEachBit(of bytes: Int, _ body: (_ byte: Int, _ mask: UInt8) -> Bool) -> Bool {
            let start = Int(line.multipliedFullWidth(by: UInt64(bytes / KeyFilter.lineBytes)).high)
            var rest = bits
            for _ in 0..<KeyFilter.probes {
                let bit = Int(rest & 511)
                rest >>= 9
                guard body(start * KeyFilter.lineBytes + bit >> 3, 1 << UInt8(bit & 7)) else { return false }
            }
            return true
        }
    }
}

extension UInt64 {
    /// Both halves of the product, mixed.
    fileprivate func folded(by factor: UInt64) -> UInt64 {
        let (high, low) = multipliedFullWidth(by: factor)
        return high ^ low
    }
}

extension Span<UInt8> {
    /// Eight bytes at a time, folded into the product so far.
    fileprivate var hash: UInt64 {
        unsafe withUnsafeBytes { bytes in
            var hash = UInt64(bytes.count) ^ 0xA076_1D64_78BD_642F
            var index = 0
            while index + 8 <= bytes.count {
                let word = unsafe UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
                hash = (hash ^ word).folded(by: 0xE703_7ED1_A0B4_28DB)
                index += 8
            }
            var word: UInt64 = 0
            while index < bytes.count {
                word = unsafe word << 8 | UInt64(bytes[index])
                index += 1
            }
            return (hash ^ word).folded(by: 0x8EBC_6AF0_9C88_C6E3)
        }
    }
}
