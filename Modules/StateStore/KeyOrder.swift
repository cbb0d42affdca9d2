import Glibc

/// Puts keys into their order: by bytes, a prefix first, of equal ones the lower number first.
///
/// Keys are copied into one buffer, and most comparisons need one number of theirs: a table's keys mostly begin alike, so it is
/// made of the bytes behind what all of them begin with.
///
/// Safe because places lie within the buffer, which does not change while they are compared.
@safe struct KeyOrder {
    private struct Place {
        var head: UInt64
        let number: Int
        let start: UInt32
        let count: UInt32

        var range: Range<Int> { Int(start)..<Int(start) + Int(count) }
    }

    private var bytes: [UInt8] = []
    private var places: [Place] = []

    mutating func reserve(keys: Int, bytes count: Int) {
        places.reserveCapacity(keys)
        bytes.reserveCapacity(count)
    }

    /// - Parameter number: what the key stands for.
    mutating func add(_ key: [UInt8], _ number: Int) {
        places.append(Place(head: 0, number: number, start: UInt32(bytes.count), count: UInt32(key.count)))
        bytes.append(contentsOf: key)
    }

    /// Puts what was added into its order.
    mutating func sort() {
        let shared = sharedCount
        unsafe bytes.withUnsafeBytes { bytes in
            for index in places.indices {
                let range = places[index].range.dropFirst(shared)
                places[index].head = unsafe Self.head(of: UnsafeRawBufferPointer(rebasing: bytes[range]))
            }
            places.sort { left, right in
                if left.head != right.head { return left.head < right.head }
                let order = unsafe Self.compare(bytes[left.range], bytes[right.range])
                return order == 0 ? left.number < right.number : order < 0
            }
        }
    }

    /// Goes over the keys in their order, each lent for the call.
    func forEach<Failure>(
        _ body: (_ key: Span<UInt8>, _ number: Int, _ isFollowedBySame: Bool) throws(Failure) -> Void
    ) throws(Failure) {
        let all = bytes.span
        for index in places.indices {
            let place = places[index]
            let isFollowedBySame = index + 1 < places.count && isSame(place, places[index + 1])
            try body(all.extracting(place.range), place.number, isFollowedBySame)
        }
    }

    private func isSame(_ one: Place, _ other: Place) -> Bool {
        guard one.head == other.head, one.count == other.count else { return false }
        return unsafe bytes.withUnsafeBytes { bytes in
            unsafe Self.compare(bytes[one.range], bytes[other.range]) == 0
        }
    }

    /// How many bytes all keys begin with.
    private var sharedCount: Int {
        guard let first = places.first?.range else { return 0 }
        return places.reduce(first.count) { shared, place in
            let range = place.range
            let limit = min(shared, range.count)
            var count = 0
            while count < limit, bytes[first.lowerBound + count] == bytes[range.lowerBound + count] { count += 1 }
            return count
        }
    }

    /// The first eight bytes as a number of the same order; zeros where there are fewer.
    private static func head(of key: UnsafeRawBufferPointer) -> UInt64 {
        if key.count >= 8 { return unsafe UInt64(bigEndian: key.loadUnaligned(as: UInt64.self)) }
        var head: UInt64 = 0
        for index in 0..<8 { head = unsafe head << 8 | (index < key.count ? UInt64(key[index]) : 0) }
        return head
    }

    /// Below, at or above zero, as the first key stands to the second one.
    private static func compare(_ one: Slice<UnsafeRawBufferPointer>, _ other: Slice<UnsafeRawBufferPointer>) -> Int {
        let (one, other) = unsafe (UnsafeRawBufferPointer(rebasing: one), UnsafeRawBufferPointer(rebasing: other))
        let shorter = min(one.count, other.count)
        guard shorter > 0 else { return one.count - other.count }
        let order = unsafe memcmp(one.baseAddress!, other.baseAddress!, shorter)
        return order == 0 ? one.count - other.count : Int(order)
    }
}
