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

    /// A command that holds the embedded log for its own short time serves nobody: the next one waits so long for its end.
    package static let holderPatience = Duration.seconds(10)
    private static let holderPause = 0.02

    /// Opens the log. An embedded one that another process holds is reached through that process' socket, or taken over
    /// when that process ends within `patience`.
    ///
    /// - Throws: `held`, with the holder's pid, where it neither ends in time nor serves.
    package func open(
        dataDirectory: String, properties: [String: String] = [:], patience: Duration = LogLocation.holderPatience
    ) throws -> OpenedLog {
        switch self {
        case .kafka(let bootstrap):
            return OpenedLog(log: try KafkaLog(bootstrap: bootstrap, properties: properties), role: .client)
        case .embedded:
            let deadline = ContinuousClock.now + patience
            while true {
                do throws(LogError) {
                    return try LogLocation.openEmbedded(dataDirectory)
                } catch {
                    guard error.code == .held, ContinuousClock.now < deadline else { throw error }
                }
                Thread.sleep(forTimeInterval: LogLocation.holderPause)
            }
        }
    }

    /// - Throws: `held` where another process has the log and does not serve it.
    private static func openEmbedded(_ directory: String) throws(LogError) -> OpenedLog {
        let held: LogError
        do throws(LogError) {
            return OpenedLog(log: try EmbeddedLog(directory: directory), role: .holder)
        } catch {
            guard error.code == .held else { throw error }
            held = error
        }
        do throws(LogError) {
            return OpenedLog(log: try RemoteLog(directory: directory), role: .guest(holder: held))
        } catch {
            guard error.code == .disconnected else { throw error }
            throw held
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
