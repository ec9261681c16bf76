import HTTPCore
import JSONCore
import WebSocketCore

/// One who has subscribed to the list of lobbies (protocol/spec/lobby.md §5.6).
final class ListSubscriber {
    /// How it is told.
    enum Way {
        case session(Session, Dialect)
        case stream(HTTPExchange)
    }

    private let way: Way
    /// What it wants to be shown.
    let query: LobbyQuery
    /// Whether it is to be told everything next: it is new, or has not read what it was told.
    fileprivate var isBehind = true

    init(_ way: Way, _ query: LobbyQuery) {
        self.way = way
        self.query = query
    }

    /// Whether earlier bytes still wait for its reader.
    private var isBlocked: Bool {
        switch way {
        case .session(let session, _): !session.transport.takesLatest
        case .stream(let exchange): exchange.streamBacklog.isBlocked
        }
    }

    /// Tells it what has changed, or all where it has to be told all; nothing while it does not read.
    fileprivate func tell(_ changes: ListNews?, _ whole: ListNews, _ server: Server) {
        guard isBehind || changes != nil else { return }
        guard !isBlocked else {
            isBehind = true
            server.counters[.listingsSkipped] += 1
            return
        }
        let news = isBehind ? whole : changes ?? whole
        isBehind = false
        server.counters[.listingsSent] += 1
        switch way {
        case .session(let session, .plain): session.transport.sendShared(news.plain, compresses: true)
        case .session(let session, .compact): session.transport.sendShared(news.compact, compresses: true)
        case .session(let session, .socketIO): session.transport.sendShared(news.socketIO, compresses: true)
        case .stream(let exchange): exchange.stream(news.event)
        }
    }

    /// Shows whoever is on the way of an event stream that it is not dead.
    func showLife() {
        guard case .stream(let exchange) = way, !isBlocked else { return }
        exchange.stream(EventStreamForm.heartbeat)
    }

    /// The server shuts down: an event stream ends; a session does by itself.
    ///
    /// - Returns: Whether it was one.
    func end(_ name: String, _ data: JSONValue) -> Bool {
        guard case .stream(let exchange) = way else { return false }
        exchange.stream(EventStreamForm.event(name, data: data))
        exchange.endStream()
        return true
    }
}

/// What subscribers are told at once: encoded once, and framed once for each way, if somebody needs it.
private final class ListNews {
    private let rows: [LobbyBook.Entry]
    private let removed: [String]
    private let isWhole: Bool

    /// - Parameters:
    ///   - rows: In the order of the list.
    ///   - removed: The ids of those that are not in it any more.
    ///   - isWhole: Whether these are all.
    init(_ rows: [LobbyBook.Entry], removed: [String] = [], isWhole: Bool = false) {
        self.rows = rows
        self.removed = removed
        self.isWhole = isWhole
    }

    private lazy var data: [UInt8] = {
        var text = Array("{\"lobbies\":[".utf8)
        for (index, entry) in rows.enumerated() {
            if index > 0 { text.append(UInt8(ascii: ",")) }
            text += entry.text
        }
        text.append(UInt8(ascii: "]"))
        if !removed.isEmpty {
            text += Array(",\"removed\":".utf8)
            JSONValue.array(removed.map { .string($0) }).write(to: &text)
        }
        if isWhole { text += Array(",\"whole\":true".utf8) }
        text.append(UInt8(ascii: "}"))
        return text
    }()

    private(set) lazy var plain = frame("{\"event\":\"lobbies\",\"data\":", "}")
    private(set) lazy var compact = CompactFrames.event("lobbies", (try? JSONValue.parse(data.span)) ?? .null)
    private(set) lazy var socketIO = frame("42[\"lobbies\",", "]")
    private(set) lazy var event = EventStreamForm.event("lobbies", data: data)

    private func frame(_ before: String, _ after: String) -> [UInt8] {
        let text = Array(before.utf8) + data + Array(after.utf8)
        return WebSocketFrame.framed(.text, text.span)
    }
}

/// All of a loop's subscribers who want to be shown the same.
final class ListGroup {
    let query: LobbyQuery
    private(set) var subscribers: [ListSubscriber] = []
    /// What those are shown who are not behind.
    private var page: [LobbyBook.Entry] = []
    /// The version of the book of which that is the page; nil before the first.
    private var shown: UInt64?

    init(_ query: LobbyQuery) { self.query = query }

    func add(_ subscriber: ListSubscriber) { subscribers.append(subscriber) }

    /// Whether it was here.
    func remove(_ subscriber: ListSubscriber) -> Bool {
        guard let place = subscribers.firstIndex(where: { $0 === subscriber }) else { return false }
        subscribers.remove(at: place)
        return true
    }

    /// Tells somebody new what everyone here has been shown.
    func welcome(_ subscriber: ListSubscriber, from book: LobbyBook, _ server: Server) {
        if shown == nil {
            var looks = 0
            (page, shown) = (book.page(query, looks: &looks), book.version)
        }
        subscriber.tell(nil, ListNews(page, isWhole: true), server)
    }

    /// Tells everyone what has changed, and those who are behind all there is.
    ///
    /// - Parameter looks: How many entries of the book may be looked at; it is less by those that were.
    func update(from book: LobbyBook, looks: inout Int, _ server: Server) {
        var changes: ListNews?
        if shown != book.version {
            let fresh = book.page(query, looks: &looks)
            changes = Self.difference(from: page, to: fresh)
            (page, shown) = (fresh, book.version)
        }
        let whole = ListNews(page, isWhole: true)
        for subscriber in subscribers { subscriber.tell(changes, whole, server) }
    }

    /// What leads from one page to another, both in the order of their ids; nil where they are the same.
    private static func difference(from old: [LobbyBook.Entry], to new: [LobbyBook.Entry]) -> ListNews? {
        var rows: [LobbyBook.Entry] = []
        var removed: [String] = []
        var place = 0
        for entry in new {
            while place < old.count, old[place].row.id.utf8.lexicographicallyPrecedes(entry.row.id.utf8) {
                removed.append(old[place].row.id)
                place += 1
            }
            let isKnown = place < old.count && old[place].row.id == entry.row.id
            if !isKnown || old[place].version != entry.version { rows.append(entry) }
            if isKnown { place += 1 }
        }
        removed += old[place...].map(\.row.id)
        return rows.isEmpty && removed.isEmpty ? nil : ListNews(rows, removed: removed)
    }
}
