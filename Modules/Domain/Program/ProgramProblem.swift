/// Something wrong or doubtful in a programme.
package struct ProgramProblem: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Severity: String, Sendable, CaseIterable {
        /// The version cannot be published.
        case error
        /// It can, but somebody should look.
        case warning
    }

    package var severity: Severity
    /// An RFC 6901 pointer into the programme's document.
    package var pointer: String
    /// A sentence for people.
    package var text: String

    package init(_ severity: Severity, _ pointer: String, _ text: String) {
        self.severity = severity
        self.pointer = pointer
        self.text = text
    }

    package var description: String { "\(severity.rawValue): \(pointer.isEmpty ? "programme" : pointer): \(text)" }
}

/// What a programme is checked against beside itself.
package struct ProgramCheckContext: Sendable {
    /// On a wall clock a version takes effect no sooner than this after it is published.
    package static let minimumLead = TimeSpan.seconds(60)

    /// The time of a wall clock; `nil` on a stream clock.
    package var now: Timestamp?
    /// The latest time at which anything was judged; `nil` where nothing was.
    package var judgedUpTo: Timestamp?
    /// The versions published so far, oldest first. The first of all may lie in the past.
    package var published: [Program]
    /// Partners of the register: their currencies need entries in the tables of amounts.
    package var partners: [Partner]
    /// People of the register; empty where it is not known.
    package var people: [Person]

    package init(
        now: Timestamp? = nil, judgedUpTo: Timestamp? = nil, published: [Program] = [], partners: [Partner] = [],
        people: [Person] = []
    ) {
        self.now = now
        self.judgedUpTo = judgedUpTo
        self.published = published
        self.partners = partners
        self.people = people
    }
}
