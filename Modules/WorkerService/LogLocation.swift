import EmbeddedLog
package import EventLog
import Foundation
import KafkaLog

/// Which log an installation uses: `embedded` in the data directory, or `kafka://HOST:PORT[,HOST:PORT]`.
package enum LogLocation: Sendable, Hashable {
    case embedded
    case kafka(bootstrap: String)

    /// `nil` for a text that is neither.
    package init?(text: String) {
        if text == "embedded" {
            self = .embedded
        } else if text.hasPrefix("kafka://"), text.utf8.count > 8 {
            self = .kafka(bootstrap: String(text.dropFirst(8)))
        } else {
            return nil
        }
    }

    /// Opens the log. An embedded one that another process holds is reached through that process' socket.
    package func open(dataDirectory: String, properties: [String: String] = [:]) throws -> OpenedLog {
        switch self {
        case .kafka(let bootstrap):
            return OpenedLog(log: try KafkaLog(bootstrap: bootstrap, properties: properties), role: .client)
        case .embedded:
            try FileManager.default.createDirectory(atPath: dataDirectory, withIntermediateDirectories: true)
            do throws(LogError) {
                return OpenedLog(log: try EmbeddedLog(directory: dataDirectory), role: .holder)
            } catch {
                guard error.code == .held else { throw error }
                return OpenedLog(log: try RemoteLog(directory: dataDirectory), role: .guest(holder: error))
            }
        }
    }
}

/// An open log, and whether this process holds it.
package struct OpenedLog {
    package enum Role: Sendable {
        /// This process holds the embedded log: it runs the workers itself.
        case holder
        /// Another process holds it and runs the workers.
        case guest(holder: LogError)
        /// A broker holds the log, worker processes run elsewhere.
        case client
    }

    package var log: any EventLog
    package var role: Role
}
