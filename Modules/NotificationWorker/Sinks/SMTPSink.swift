internal import CCurl
import Contracts
import Dispatch
import Domain

/// Hands messages to a mail relay through libcurl, over one connection that is kept.
///
/// A relay that has taken a message sends it: an attempt cannot be repeated unnoticed, so each is announced first.
@safe package final class SMTPSink: MessageSink {
    package let name = "smtp"
    package let isIdempotent = false
    private let settings: SMTPSettings
    private let limit: SendingLimit
    private let handle: CurlHandle

    /// - Parameter limit: ends a message that is still under way by then.
    /// - Throws: `SMTPFailure` where libcurl cannot be set up.
    package init(settings: SMTPSettings, limit: SendingLimit = SendingLimit()) throws(SMTPFailure) {
        self.settings = settings
        self.limit = limit
        guard Self.isLibraryReady, let handle = unsafe curl_easy_init() else {
            throw SMTPFailure(description: "libcurl cannot be started")
        }
        self.handle = unsafe CurlHandle(handle)
    }

    deinit { handle.close(waits: !limit.isSet) }

    private var curl: UnsafeMutableRawPointer { unsafe handle.pointer }

    /// libcurl wants to be initialized once before the first handle.
    private static let isLibraryReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    package func deliver(_ draft: MessageDraft) -> Delivery {
        switch draft.message() {
        case .failure(let problem): return .failed(problem.description)
        case .success(let message):
            return send(message, from: draft.sender.email, to: draft.request.address.email)
        }
    }

    private func send(_ message: [UInt8], from sender: String, to recipient: String) -> Delivery {
        let upload = Upload(message, limit: limit)
        guard let recipients = unsafe curl_slist_append(nil, "<\(recipient)>") else {
            return .retry("out of memory")
        }
        defer { unsafe curl_slist_free_all(recipients) }
        // The connection outlives the message, and must not speak to what is gone.
        defer { unsafe curl_easy_reset(curl) }
        unsafe curl_easy_reset(curl)
        guard configure(sender: sender),
            unsafe tributary_curl_set_list(curl, CURLOPT_MAIL_RCPT, recipients) == CURLE_OK
        else { return .retry("libcurl refuses the settings of the relay") }
        let code = withExtendedLifetime(upload) {
            let context = unsafe Unmanaged.passUnretained(upload).toOpaque()
            guard unsafe tributary_curl_set_reader(curl, Upload.read, context) == CURLE_OK,
                unsafe tributary_curl_set_listener(curl, Upload.listen, context) == CURLE_OK,
                unsafe tributary_curl_set_watch(curl, Upload.watch, context) == CURLE_OK
            else { return CURLE_FAILED_INIT }
            return unsafe curl_easy_perform(curl)
        }
        return classify(code, response: unsafe tributary_curl_response_code(curl), upload)
    }

    private func configure(sender: String) -> Bool {
        let texts: [(CURLoption, String?)] = [
            (CURLOPT_URL, settings.url), (CURLOPT_MAIL_FROM, "<\(sender)>"), (CURLOPT_USERNAME, settings.user),
            (CURLOPT_PASSWORD, settings.password), (CURLOPT_CAINFO, settings.certificateAuthorities),
            (CURLOPT_PROTOCOLS_STR, "smtp,smtps"),
        ]
        let security = settings.security == .startTLS ? CURLUSESSL_ALL : CURLUSESSL_NONE
        let numbers: [(CURLoption, Int)] = [
            (CURLOPT_UPLOAD, 1), (CURLOPT_NOSIGNAL, 1), (CURLOPT_USE_SSL, Int(security.rawValue)),
            (CURLOPT_SSL_VERIFYPEER, 1), (CURLOPT_SSL_VERIFYHOST, 2),
            (CURLOPT_CONNECTTIMEOUT, settings.connectSeconds), (CURLOPT_TIMEOUT, settings.totalSeconds),
        ]
        for (option, text) in texts {
            guard let text else { continue }
            guard unsafe tributary_curl_set_string(curl, option, text) == CURLE_OK else { return false }
        }
        return numbers.allSatisfy { unsafe tributary_curl_set_long(curl, $0.0, $0.1) == CURLE_OK }
    }

    /// A relay's refusal of this recipient or of this message is final from 500 on, and may pass below. What it refuses
    /// before is the same for every message, and for somebody to put right. Without any answer to a whole message nobody
    /// knows.
    private func classify(_ code: CURLcode, response: Int, _ upload: Upload) -> Delivery {
        if code == CURLE_OK { return .sent }
        let words = unsafe String(cString: curl_easy_strerror(code))
        let problem = code == CURLE_ABORTED_BY_CALLBACK ? "the worker was asked to end" : words
        switch response {
        case Self.loginWanted: return .retry("the relay refused it with \(response)")
        case 500...599 where upload.isFinished || upload.isAtRecipient:
            return .failed("the relay refused it with \(response)")
        case 400...599: return .retry("the relay refused it with \(response)")
        default: return upload.isFinished ? .unknown("no answer to the message: \(problem)") : .retry(problem)
        }
    }

    /// RFC 4954 section 6: whatever command it answers, it is about the login.
    private static let loginWanted = 530
}

/// Why no mail can be sent at all.
package struct SMTPFailure: Error, Sendable, CustomStringConvertible {
    package var description: String
}

/// libcurl's handle with the connection that it keeps.
///
/// Safe because the pointer is private to this file and is used by one thread at a time, last by `close`.
@safe private final class CurlHandle: @unchecked Sendable {
    private let handle: OpaquePointer

    init(_ pointer: UnsafeMutableRawPointer) { unsafe handle = OpaquePointer(pointer) }

    var pointer: UnsafeMutableRawPointer { unsafe UnsafeMutableRawPointer(handle) }

    /// How long a relay is waited for that is to hear that nothing more comes, where its process is about to end.
    private static let farewell = DispatchTimeInterval.seconds(1)

    /// Takes leave of the relay. Called once and last.
    func close(waits: Bool) {
        guard !waits else { return unsafe curl_easy_cleanup(pointer) }
        let done = DispatchSemaphore(value: 0)
        DispatchQueue.global().async { [self] in
            unsafe curl_easy_cleanup(pointer)
            done.signal()
        }
        _ = done.wait(timeout: .now() + Self.farewell)
    }
}

/// A message as libcurl reads it, piece by piece, and how far the talk with the relay has come.
private final class Upload {
    private let bytes: [UInt8]
    private let limit: SendingLimit
    private var position = 0
    /// libcurl has had everything.
    private(set) var isFinished = false
    /// The recipient was named to the relay, and the message not yet begun.
    private(set) var isAtRecipient = false

    init(_ bytes: [UInt8], limit: SendingLimit) {
        self.bytes = bytes
        self.limit = limit
    }

    static let read: tributary_curl_read = { buffer, size, count, context in
        guard let buffer = unsafe buffer, let context = unsafe context else { return 0 }
        let upload = unsafe Unmanaged<Upload>.fromOpaque(context).takeUnretainedValue()
        return unsafe upload.copy(to: UnsafeMutableRawBufferPointer(start: buffer, count: size * count))
    }

    static let listen: tributary_curl_listener = { _, type, data, size, context in
        guard type == CURLINFO_HEADER_OUT, let data = unsafe data, let context = unsafe context else { return 0 }
        let upload = unsafe Unmanaged<Upload>.fromOpaque(context).takeUnretainedValue()
        unsafe upload.note(command: UnsafeRawBufferPointer(start: data, count: size))
        return 0
    }

    static let watch: tributary_curl_watch = { context, _, _, _, _ in
        guard let context = unsafe context else { return 0 }
        let upload = unsafe Unmanaged<Upload>.fromOpaque(context).takeUnretainedValue()
        return upload.limit.hasPassed(forAnswer: upload.isFinished) ? 1 : 0
    }

    private func note(command: UnsafeRawBufferPointer) {
        if unsafe command.starts(with: "RCPT".utf8) { isAtRecipient = true }
        if unsafe command.starts(with: "DATA".utf8) { isAtRecipient = false }
    }

    private func copy(to buffer: UnsafeMutableRawBufferPointer) -> Int {
        let piece = bytes[position...].prefix(buffer.count)
        unsafe buffer.copyBytes(from: piece)
        position += piece.count
        if piece.isEmpty { isFinished = true }
        return piece.count
    }
}
