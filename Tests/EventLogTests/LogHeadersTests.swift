import EventLog
import Testing

@Suite struct LogHeadersTests {
    private let headers: LogHeaders = [
        LogHeader("a", [1, 2]), LogHeader("", [UInt8]?.none), LogHeader("b", []), LogHeader("a", "é"),
        LogHeader("long", [UInt8](repeating: 7, count: 200)), LogHeader("none", [1]),
        LogHeader("none", [UInt8]?.none),
    ]

    @Test func theyAreReadAsTheyWereWritten() {
        #expect(headers.count == 7)
        #expect(headers.map(\.name) == ["a", "", "b", "a", "long", "none", "none"])
        #expect(
            headers.map(\.value)
                == [[1, 2], nil, [], [0xc3, 0xa9], [UInt8](repeating: 7, count: 200), [1], nil])
        #expect(LogHeaders(Array(headers)) == headers)
        #expect(LogHeaders(validating: headers.bytes) == headers)
    }

    @Test func theLastOfANameCounts() {
        #expect(headers.text(of: "a") == "é")
        #expect(headers.value(of: "b") == [])
        #expect(headers.value(of: "") == nil && headers.contains(name: ""))
        #expect(headers.value(of: "none") == nil && headers.contains(name: "none"))
        #expect(headers.value(of: "c") == nil && !headers.contains(name: "c"))
        #expect(LogHeaders([LogHeader("x", [0xff])]).text(of: "x") == nil)
    }

    @Test func theyAreAddedAndTakenOut() {
        var changed = headers
        changed.removeAll { $0.name == "a" || $0.name == "long" }
        changed.append("new", "value")
        changed.append(LogHeaderName("again"), "1")
        changed.append(contentsOf: [LogHeader("end", [])])
        #expect(changed.map(\.name) == ["", "b", "none", "none", "new", "again", "end"])
        #expect(changed.text(of: "again") == "1")
        #expect(headers.count == 7)
    }

    @Test func aNameIsKnownByItsBytes() {
        let names = [LogHeaderName("a"), LogHeaderName("none"), LogHeaderName(""), LogHeaderName("b2")]
        var found: [[Bool]] = []
        unsafe headers.withEachPlace { bytes, place in
            let name = unsafe UnsafeRawBufferPointer(rebasing: bytes[place.name])
            found.append(names.map { unsafe $0.isName(name) })
        }
        #expect(found.map { $0.firstIndex(of: true) } == [0, 2, nil, 0, nil, 1, 1])
    }

    @Test func bytesOfAnyKindAreReadOrRefusedWithoutACrash() {
        var random = SystemRandomNumberGenerator()
        let ends = Set(headers.indicesOfEnds)
        for length in 0...headers.bytes.count {
            let part = Array(headers.bytes.prefix(length))
            #expect((LogHeaders(validating: part) != nil) == ends.contains(length))
            _ = LogHeaders(encoded: part).map(\.name)
        }
        for _ in 0..<2_000 {
            let bytes = (0..<Int.random(in: 0..<40)).map { _ in UInt8.random(in: 0...255, using: &random) }
            let headers = LogHeaders(encoded: bytes)
            #expect(headers.count == headers.map(\.name).count)
            #expect(headers.text(of: "absent") == nil)
            if let read = LogHeaders(validating: bytes) { #expect(read == headers) }
        }
    }

    @Test(arguments: [0, 1, 127, 128, 16_383, 16_384, 1 << 24, 1 << 55])
    func aLengthIsReadAsItWasWritten(length: Int) {
        var bytes: [UInt8] = []
        VariableLength.append(length, to: &bytes)
        #expect(bytes.count == VariableLength.byteCount(length))
        var index = 0
        let read = unsafe bytes.withUnsafeBytes { bytes in unsafe VariableLength.read(bytes, &index) }
        #expect(read == length && index == bytes.count)
        index = 0
        bytes.removeLast()
        #expect(unsafe bytes.withUnsafeBytes { bytes in unsafe VariableLength.read(bytes, &index) } == nil)
    }
}

extension LogHeaders {
    /// The lengths at which the bytes are headers to the last one.
    fileprivate var indicesOfEnds: [Int] {
        var ends = [0]
        unsafe withEachPlace { _, place in
            let end = place.value?.upperBound ?? place.name.upperBound + 1
            ends.append(end)
        }
        return ends
    }
}
