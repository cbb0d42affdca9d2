package import EventLog

extension Event {
    /// What a dead letter that was put back says of its failures.
    package struct EarlierFailures: Sendable, Hashable {
        /// Where it failed, as `HeaderName.redriven` has it: each place, with blanks between.
        package var places: String
        /// When the log took what failed first, in milliseconds since 1970; `nil` where that was not noted.
        package var firstMilliseconds: Int64?

        package init(places: String, firstMilliseconds: Int64?) {
            self.places = places
            self.firstMilliseconds = firstMilliseconds
        }

        /// `nil` where a record was not put back.
        package init?(_ headers: LogHeaders) {
            guard let places = headers.value(of: HeaderName.redriven) else { return nil }
            self.places = String(decoding: places, as: UTF8.self)
            firstMilliseconds = headers.value(of: HeaderName.errorFirstTime).flatMap { time in
                Int64(String(decoding: time, as: UTF8.self))
            }
        }

        /// How many they are.
        package var count: Int { places.split(separator: " ").count }

        package func append(to headers: inout LogHeaders) {
            headers.append(HeaderName.redriven, places)
            if let firstMilliseconds { headers.append(HeaderName.errorFirstTime, String(firstMilliseconds)) }
        }
    }
}
