import Contracts
import JSON
import TaskRuntime

/// What a recipient does not want to be told.
struct Preference: JSONCodable {
    var muted: [NotificationTemplate]

    static let table = StateTable("preference")

    init(muted: [NotificationTemplate]) { self.muted = muted }

    init(reading reader: inout ObjectReader) { muted = reader.enumerations("muted", NotificationTemplate.self) }

    func write(to writer: inout ObjectWriter) { writer.enumerations("muted", muted) }
}
