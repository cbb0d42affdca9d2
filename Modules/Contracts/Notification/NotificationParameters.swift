import JSON

/// What a message's texts are filled with: plain text by name. A few entries, in the order of their names.
package struct NotificationParameters: Sendable, Hashable, ExpressibleByDictionaryLiteral {
    private struct Entry: Sendable, Hashable {
        var name: String
        var value: String
    }

    /// By the bytes of the names, so that equal parameters give equal text.
    private var entries: [Entry] = []

    package init() {}

    /// An absent value is no entry; of equal names the last counts.
    package init(dictionaryLiteral elements: (String, String?)...) {
        entries.reserveCapacity(elements.count + 4)
        for (name, value) in elements { self[name] = value }
    }

    package subscript(name: String) -> String? {
        get { entries.first { $0.name == name }?.value }
        set {
            let index = entries.firstIndex { !$0.name.utf8.lexicographicallyPrecedes(name.utf8) } ?? entries.count
            let isKnown = index < entries.count && entries[index].name == name
            switch (newValue, isKnown) {
            case (let value?, true): entries[index].value = value
            case (let value?, false): entries.insert(Entry(name: name, value: value), at: index)
            case (nil, true): entries.remove(at: index)
            case (nil, false): break
            }
        }
    }

    package var count: Int { entries.count }

    /// Every name and its value.
    package func forEach(_ body: (_ name: String, _ value: String) -> Void) {
        for entry in entries { body(entry.name, entry.value) }
    }

    init(reading name: StaticString, from reader: inout ObjectReader) {
        reader.eachString(name) { self[$0] = $1 }
    }

    func write(_ name: StaticString, to writer: inout ObjectWriter) {
        writer.stringMap(name, entries.map { ($0.name, $0.value) })
    }
}
