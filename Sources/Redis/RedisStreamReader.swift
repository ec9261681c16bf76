/// An entry of a stream: its id, and its fields.
package struct RedisStreamEntry: Sendable {
    package let id: String
    package let fields: [(name: String, value: [UInt8])]

    /// The entries that a reply holds; nil where it is none to a question for entries.
    package static func all(in reply: RedisReply?) -> [RedisStreamEntry]? {
        reply?.array?.compactMap { part in
            guard let parts = part.array, let id = parts.first?.text, let values = parts.last?.array else { return nil }
            var fields: [(name: String, value: [UInt8])] = []
            for index in stride(from: 0, to: values.count - 1, by: 2) {
                guard let name = values[index].text, let value = values[index + 1].bytes else { continue }
                fields.append((name, value))
            }
            return RedisStreamEntry(id: id, fields: fields)
        }
    }
}

/// Reads a stream's entries as they come, over a connection of its own: a read waits on the server for the next ones.
final class RedisStreamReader {
    /// How long a read waits, and the most entries of one.
    private static let waitMilliseconds = 5_000
    private static let entriesMax = 100

    let link: RedisLink
    private let stream: String
    private let entry: (RedisStreamEntry) -> Void
    /// Told where the stream ends when reading begins, and when it ends before what has been read.
    var began: (String) -> Void = { _ in }
    /// The entry that was read last. It is kept over the loss of a connection, so that none is left out.
    private var last: String?
    /// The most entries of the next read.
    private var entriesMax = RedisStreamReader.entriesMax

    init(
        _ link: RedisLink, _ stream: String, _ entry: @escaping (RedisStreamEntry) -> Void,
        ready: @escaping () -> Void
    ) {
        self.link = link
        self.stream = stream
        self.entry = entry
        link.onReady = { [weak self] in
            self?.begin()
            ready()
        }
    }

    /// Sees where the stream ends. To ask a read for what is new would leave out what comes between two reads.
    private func begin() {
        link.send(RedisCommand.encode("XREVRANGE", stream, "+", "-", "COUNT", "1")) { [weak self] in self?.ends($0) }
        link.flush()
    }

    /// Reads on where it was; at the stream's end, at first or where that lies before: then the stream is another one, of a
    /// server that has lost some of it or all.
    private func ends(_ reply: RedisReply?) {
        if case .error(let reason) = reply { return link.fail(reason) }
        guard let entries = reply?.array else { return }
        let end = entries.first?.array?.first?.text ?? "0-0"
        if last.map({ Self.isBefore(end, $0) }) ?? true {
            last = end
            began(end)
        }
        read()
    }

    /// Whether an id comes before another one.
    private static func isBefore(_ id: String, _ other: String) -> Bool {
        let numbers = [id, other].map { $0.split(separator: "-").map { UInt64($0) ?? 0 } }
        return numbers[0].lexicographicallyPrecedes(numbers[1])
    }

    private func read() {
        let command = RedisCommand.encode(
            "XREAD", "BLOCK", "\(Self.waitMilliseconds)", "COUNT", "\(entriesMax)", "STREAMS", stream, last ?? "0-0")
        link.send(command) { [weak self] in self?.got($0) }
        link.flush()
    }

    private func got(_ reply: RedisReply?) {
        switch reply {
        case nil:
            // The connection is lost, perhaps for an answer that was too long; once there is another one it begins anew.
            entriesMax = max(1, entriesMax / 4)
            return
        // Somebody has made another thing of the key: there is nothing to read, and no use in asking at once.
        case .error(let reason): return link.fail(reason)
        // Nothing has come.
        case .null: return begin()
        default: break
        }
        entriesMax = min(2 * entriesMax, Self.entriesMax)
        for entry in RedisStreamEntry.all(in: reply?.array?.first?.array?.last) ?? [] {
            last = entry.id
            self.entry(entry)
        }
        read()
    }
}
