import Domain

/// A message with a plain and an HTML body, by RFC 5322 and 2046. Equal messages give equal bytes: nothing in them is random
/// and nothing looks at a clock.
struct MIMEMessage {
    /// The part before the `@` of the message id.
    var id: String
    var from: MailAddress
    var to: MailAddress
    var date: Timestamp
    var subject: String
    /// BCP 47.
    var language: String
    /// Both in UTF-8.
    var plain: [UInt8]
    var html: [UInt8]

    /// The part after the `@` of the message id.
    static let idDomain = "tributary"

    var bytes: [UInt8] {
        // A line that begins so cannot occur in quoted-printable text.
        let boundary = "=_\(id)"
        var bytes: [UInt8] = []
        bytes.reserveCapacity(1_024 + plain.count + html.count * 2)
        bytes += HeaderText.field("From", from.header).utf8
        bytes += HeaderText.field("To", to.header).utf8
        bytes += HeaderText.field("Subject", HeaderText.unstructured(subject)).utf8
        bytes += HeaderText.field("Date", MIMEMessage.text(of: date)).utf8
        bytes += HeaderText.field("Message-ID", "<\(id)@\(MIMEMessage.idDomain)>").utf8
        bytes += "Auto-Submitted: auto-generated\r\n".utf8
        bytes += "Content-Language: \(language)\r\n".utf8
        bytes += "MIME-Version: 1.0\r\n".utf8
        bytes += "Content-Type: multipart/alternative;\r\n boundary=\"\(boundary)\"\r\n\r\n".utf8
        append(plain, subtype: "plain", boundary: boundary, to: &bytes)
        append(html, subtype: "html", boundary: boundary, to: &bytes)
        bytes += "--\(boundary)--\r\n".utf8
        return bytes
    }

    private func append(_ body: [UInt8], subtype: String, boundary: String, to bytes: inout [UInt8]) {
        bytes += "--\(boundary)\r\n".utf8
        bytes += "Content-Type: text/\(subtype); charset=utf-8\r\n".utf8
        bytes += "Content-Transfer-Encoding: quoted-printable\r\n\r\n".utf8
        QuotedPrintable.append(body, to: &bytes)
        bytes += "\r\n".utf8
    }

    private static let weekdays = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// `Tue, 10 Mar 2026 09:00:00 +0000`
    static func text(of time: Timestamp) -> String {
        let date = time.date
        let (year, month, day) = date.yearMonthDay
        let seconds = (time - date.startOfDay).milliseconds / 1000
        func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let clock = "\(two(seconds / 3600)):\(two(seconds / 60 % 60)):\(two(seconds % 60))"
        return "\(weekdays[date.weekday]), \(two(Int64(day))) \(months[month - 1]) \(year) \(clock) +0000"
    }
}
