/// The ids of our own making that a JSON text holds as strings. Works on the bytes: no image is parsed to be indexed.
enum MentionedIDs {
    private static let prefixes = ["ref_", "reg_", "cnf_", "atr_", "com_", "clw_", "pay_", "run_", "stm_"].map {
        Array($0.utf8)
    }

    static func find(in json: [UInt8]) -> Set<String> {
        var found: Set<String> = []
        var index = 0
        while index + 6 < json.count {
            if let end = opportunityID(in: json, at: index) {
                found.insert(String(decoding: json[(index + opportunityField.count)..<end], as: UTF8.self))
                index = end
                continue
            }
            guard json[index] == 0x22, json[index + 4] == 0x5f,
                prefixes.contains(where: { $0.elementsEqual(json[(index + 1)...(index + 4)]) })
            else {
                index += 1
                continue
            }
            var end = index + 5
            while end < json.count, isIDByte(json[end]) { end += 1 }
            if end < json.count, json[end] == 0x22, end - index < 82 {
                found.insert(String(decoding: json[(index + 1)..<end], as: UTF8.self))
            }
            index = end
        }
        return found
    }

    /// The CRM's numbers have no prefix of ours: they are known by their field.
    private static let opportunityField = Array("\"opportunity_id\":\"".utf8)

    private static func opportunityID(in json: [UInt8], at index: Int) -> Int? {
        let start = index + opportunityField.count
        guard json[index] == 0x22, json[index + 1] == 0x6f, start < json.count,
            json[index..<start].elementsEqual(opportunityField)
        else { return nil }
        var end = start
        while end < json.count, isIDByte(json[end]) { end += 1 }
        return end < json.count && json[end] == 0x22 ? end : nil
    }

    private static func isIDByte(_ byte: UInt8) -> Bool {
        (byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x7a) || (byte >= 0x41 && byte <= 0x5a)
            || byte == 0x5f
            || byte == 0x2d || byte == 0x3a || byte == 0x2e
    }
}
