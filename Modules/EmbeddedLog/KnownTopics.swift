import EventLog

/// Topics that one client has written to, so that the log is asked once for each. Used by one thread.
struct KnownTopics {
    private let log: EmbeddedLog
    private var topics: [String: TopicLog] = [:]
    /// Records mostly come many of one topic.
    private var last: TopicLog?

    init(log: EmbeddedLog) { self.log = log }

    subscript(name: String) -> TopicLog {
        mutating get throws(LogError) {
            if let last, last.specification.name == name { return last }
            let found: TopicLog
            if let known = topics[name] {
                found = known
            } else {
                found = try log.topicLog(name)
                topics[name] = found
            }
            last = found
            return found
        }
    }
}
