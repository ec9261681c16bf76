import GameKit
import HTTPCore
import HTTPTypes

/// What a request for an event stream asks for (protocol/spec/lobby.md §5.3).
struct WatchRequest {
    /// What the stream's states are.
    enum Format: String {
        /// JSON in the game's own units.
        case state
        /// The binary messages that members get, in base64.
        case snapshot
    }

    /// Why a request cannot be served; the text goes back to the client.
    struct Refusal: Error {
        var message: String
    }

    var format: Format
    /// States a second at most; nil for as many as there are.
    var rate: Double?
    /// The tick of the last state that the client has got, as it says.
    var lastTick: UInt32?

    /// Reads `?format=`, `?hz=`, and `Last-Event-ID` from the field or, for who cannot set it, from `?lastEventId=`.
    init(_ head: HTTPRequestHead) throws(Refusal) {
        let query: (format: String?, rate: String?, last: String?)
        do {
            let pairs = try HTTPQuery(head.query)
            query = (try pairs.value("format"), try pairs.value("hz"), try pairs.value("lastEventId"))
        } catch {
            throw Refusal(message: "the query cannot be read")
        }
        guard let format = Format(rawValue: query.format ?? "state") else {
            throw Refusal(message: "format is \"state\" or \"snapshot\"")
        }
        self.format = format
        rate = format == .state ? 2 : nil
        if let text = query.rate {
            guard let rate = Double(text), (0.01...1_000).contains(rate) else {
                throw Refusal(message: "hz is a number from 0.01 to 1000")
            }
            self.rate = rate
        }
        let field = head.fields.first { $0.name.canonicalName == "last-event-id" }
        // An id that is not ours is none: a page may have got it anywhere.
        lastTick = (field?.value ?? query.last).flatMap { UInt32($0) }
    }
}

/// One event stream: a client that sees a lobby without a seat in it.
final class EventStreamWatcher {
    let exchange: HTTPExchange
    let format: WatchRequest.Format
    private let pace: SnapshotPace
    /// States are sent when the count of snapshots passes a multiple of this, so that all watchers with one rate are sent the
    /// same.
    private let interval: UInt64
    /// The tick of the last state it was sent, or said that it had.
    var lastTick: UInt32?
    /// Whether it was sent that state on this stream.
    var hasLastState = false
    /// The revision of the seats that it was shown last.
    var seatRevision: UInt64?

    init(_ exchange: HTTPExchange, _ request: WatchRequest, _ rules: Rules) {
        self.exchange = exchange
        format = request.format
        lastTick = request.lastTick
        // Rounded up to whole snapshots: never more often than was asked for, nor than there are any.
        interval = request.rate.map { UInt64(max(1, (Double(rules.snapshotRate) / $0).rounded(.up))) } ?? 1
        pace = rules.snapshotPace
    }

    /// Whether the state of `tick` is one for this watcher.
    func isDue(_ tick: UInt32) -> Bool {
        guard let lastTick else { return true }
        return pace.count(at: tick) / interval > pace.count(at: lastTick) / interval
    }

    /// Whether earlier bytes still wait for its reader.
    var isBlocked: Bool { exchange.streamBacklog.isBlocked }
}
