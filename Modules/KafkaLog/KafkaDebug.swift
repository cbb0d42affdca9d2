import Glibc

/// `TRIBUTARY_KAFKA_DEBUG=broker,cgrp,eos` writes the client's own log to standard error, with these debug contexts.
enum KafkaDebug {
    static let variable = "TRIBUTARY_KAFKA_DEBUG"

    private static var contexts: String? {
        guard let value = unsafe getenv(variable) else { return nil }
        let text = unsafe String(cString: value)
        return text.isEmpty ? nil : text
    }

    static var properties: [String: String] {
        contexts.map { ["debug": $0] } ?? [:]
    }

    static var sink: (@Sendable (String) -> Void)? {
        guard contexts != nil else { return nil }
        return { line in
            let bytes = Array("kafka: \(line)\n".utf8)
            // One write a line, so that lines of several threads do not mix; a lost debug line is no error.
            _ = unsafe bytes.withUnsafeBytes { unsafe write(STDERR_FILENO, $0.baseAddress, $0.count) }
        }
    }
}
