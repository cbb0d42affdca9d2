import JSON

/// One structured line for operators; holds no personal or bank data.
struct LogLine: JSONWritable {
    var level: String
    var worker: String
    var message: String

    func write(to writer: inout ObjectWriter) {
        writer.string("level", level)
        writer.string("worker", worker)
        writer.string("message", message)
    }

    func text() -> String { String(decoding: JSONEncoding.encode(self), as: UTF8.self) }
}
