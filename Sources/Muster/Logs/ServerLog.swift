import EventLoop
import FoundationEssentials
import JSONCore
import Logging

/// The server's log on standard error: text for a terminal, else one JSON object a line (docs/operating.md).
///
/// Whatever a text holds, it stays on its line and says nothing to a terminal. Secrets that stand in it as `token=…` do not
/// get out.
struct ServerLog: LogHandler {
    var logLevel = Logger.Level.info
    var metadata: Logger.Metadata = [:]
    private let isJSON: Bool
    private let now: @Sendable () -> Date
    private let write: @Sendable (String) -> Void
    private let gate: LogBucket

    /// A log on standard error.
    static func standardError() -> ServerLog {
        ServerLog(isJSON: !StandardError.isTerminal, write: StandardError.write)
    }

    init(isJSON: Bool, now: @escaping @Sendable () -> Date = { Date() }, write: @escaping @Sendable (String) -> Void) {
        self.isJSON = isJSON
        self.now = now
        self.write = write
        gate = LogBucket()
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let date = now()
        guard let leftOut = gate.take(event.level, at: date.timeIntervalSince1970) else { return }
        if leftOut > 0 { put("\(leftOut) lines of this level were left out", event.level, [:], date) }
        put("\(event.message)", event.level, metadata.merging(event.metadata ?? [:]) { $1 }, date)
    }

    private func put(_ message: String, _ level: Logger.Level, _ metadata: Logger.Metadata, _ date: Date) {
        let time = date.formatted(.iso8601)
        let message = LogText.safe(message)
        let fields = metadata.sorted { $0.key < $1.key }.map { (LogText.safe($0.key), LogText.safe("\($0.value)")) }
        guard isJSON else {
            let more = fields.map { " \($0.0)=\($0.1)" }.joined()
            return write("\(time) \(level.rawValue) \(message)\(more)")
        }
        var line: JSONObject = ["time": .string(time), "level": .string(level.rawValue), "message": .string(message)]
        // Of a field with a name of ours ours stays.
        for (key, value) in fields where line[key] == nil { line[key] = .string(value) }
        write(JSONValue.object(line).text)
    }
}
