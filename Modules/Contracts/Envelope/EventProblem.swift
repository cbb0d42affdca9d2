package import JSON

/// Why a record is no event that could be processed; the worker's runtime makes it a dead letter of the same code.
package struct EventProblem: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Code: String, Sendable, CaseIterable {
        /// The envelope is missing, incomplete or of another version.
        case notCloudEvent = "not_cloudevent"
        /// The value is no JSON in UTF-8.
        case badJSON = "bad_json"
        /// The JSON does not fit its type's schema.
        case schema
        /// No such event type.
        case unknownType = "unknown_type"
    }

    package var code: Code
    /// For people; holds nothing of the data but places and kinds of values.
    package var reason: String

    package init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }

    /// A text that is no JSON has one problem, with an empty pointer; everything else is a matter of the schema.
    package init(_ failure: JSONFailure) {
        let isSyntax = failure.problems.count == 1 && failure.problems[0].pointer.isEmpty
        self.init(isSyntax ? .badJSON : .schema, failure.description)
    }

    package var description: String { "\(reason) [\(code.rawValue)]" }
}

extension Event {
    /// The data as its type. The caller has compared `type`.
    package func payload<Payload: EventPayload>(_: Payload.Type) throws(EventProblem) -> Payload {
        do throws(JSONFailure) {
            return try JSONDocument.decode(Payload.self, from: data)
        } catch {
            throw EventProblem(error)
        }
    }
}
