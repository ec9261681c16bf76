import Determinism
import JSONCore
import SocketIOCore

/// What the official Socket.IO Admin UI is shown.
package enum AdminUIMode: String, Sendable, CaseIterable {
    /// The server's figures.
    case production
    /// Also every player's and spectator's socket, and a sample of their events.
    case development
}

/// What a page of the official UI has been shown.
struct AdminUIPage {
    /// The newest socket of each loop that it knows; nil where it is to be told all from the beginning.
    var known: [UInt64]?
    /// Whether it has a socket to show: until then it has chosen no namespace, and chooses one when it is told all of them.
    var hasSockets = false
}

/// Tells the pages of the official Socket.IO Admin UI on one loop what they want to know, in the words of that program
/// (protocol/spec/admin.md §9).
///
/// Once a second all loops are asked one question, and what comes of it is written once for all pages that stand at the same
/// place. Who has come and who has gone is found by comparing what there is with what there was: nothing is noted where it
/// happens. While no page is there nothing is asked.
final class AdminUI {
    private unowned let server: Server
    private var isAsking = false
    /// What there was when all loops were asked last.
    private var last: AdminUIFigures?
    private var lobbies: [[LobbySockets]] = []
    private var newestEntries: [UInt64] = []

    init(server: Server) { self.server = server }

    /// Pages that have been shown the same, of admins who may be told the same.
    private struct Group {
        let known: [UInt64]?
        let hasSockets: Bool
        let isViewer: Bool
        var watchers: [AdminWatcher]
    }

    /// A page has logged in: tells it what it may do.
    ///
    /// - Parameter isFirst: Whether there was none.
    func greet(_ watcher: AdminWatcher, isFirst: Bool) {
        if isFirst { (last, lobbies, newestEntries) = (nil, [], []) }
        let role = watcher.login.actor.user.role
        var features = role > .viewer ? AdminUICommand.features : []
        features.append("AGGREGATED_EVENTS")
        if server.settings.adminUIMode == .development { features.append("ALL_EVENTS") }
        watcher.emit("config", ["supportedFeatures": .array(features.map { .string($0) })])
    }

    /// A second has passed.
    func timeReached(_ watchers: [AdminWatcher]) {
        guard !watchers.isEmpty, !isAsking else { return }
        isAsking = true
        let groups = grouped(watchers)
        let isDevelopment = server.settings.adminUIMode == .development
        let known = groups.map { $0.known ?? [] }
        let question = AdminUIQuestion(groups: isDevelopment ? known : nil, entries: newestEntries)
        server.loops.askAll(.adminUI(question)) { [weak self] answers in
            guard let self else { return }
            isAsking = false
            let figures = answers.compactMap { answer in
                if case .adminUI(let figures) = answer { figures } else { nil }
            }
            // With too much asked already only this loop has answered: the next second will tell.
            if figures.count == server.loops.count { show(figures, groups) }
        }
    }

    private func grouped(_ watchers: [AdminWatcher]) -> [Group] {
        var groups: [Group] = []
        for watcher in watchers {
            guard let page = watcher.page else { continue }
            // One that does not read is told nothing, and later all from the beginning.
            guard !watcher.session.transport.isCongested(false) else {
                watcher.page = AdminUIPage()
                continue
            }
            let isViewer = watcher.login.actor.user.role == .viewer
            let place = groups.firstIndex {
                $0.known == page.known && $0.hasSockets == page.hasSockets && $0.isViewer == isViewer
            }
            if let place {
                groups[place].watchers.append(watcher)
            } else {
                groups.append(
                    Group(known: page.known, hasSockets: page.hasSockets, isViewer: isViewer, watchers: [watcher]))
            }
        }
        return groups
    }

    // MARK: What has come of the question

    private func show(_ figures: [AdminUIFigures], _ groups: [Group]) {
        let words = AdminUIWords(server)
        var sum = AdminUIFigures()
        for part in figures { sum.add(part) }
        var common: [UInt8] = []
        if server.settings.adminUIMode == .development {
            let entries = figures.flatMap(\.entries).sorted { $0.at < $1.at }
            common = departures(figures, entries, words)
            for entry in entries where entry.kind != .left { common += words.event(entry) }
            lobbies = figures.map(\.lobbies)
            newestEntries = figures.map(\.newestEntry)
        }
        let stats = words.stats(
            sum, since: last, [("/", sum.roots), ("/admin", sum.admins), (AdminUIWords.lobbies, sum.members)])
        last = sum
        for (place, group) in groups.enumerated() {
            let rows = figures.map { place < $0.pages.count ? $0.pages[place] : [] }
            let frames = common + sockets(rows, group, words) + stats
            for watcher in group.watchers where watcher.session.isLive {
                advance(watcher, rows)
                watcher.session.transport.send(frames)
            }
        }
    }

    /// The sockets that a group of pages is shown now: all at once where it has none yet, else one by one.
    private func sockets(_ rows: [[SocketRow]], _ group: Group, _ words: AdminUIWords) -> [UInt8] {
        guard server.settings.adminUIMode == .development else { return [] }
        let rows = rows.joined()
        if group.hasSockets, group.known != nil {
            return rows.reduce(into: []) { $0 += words.come($1, isForViewers: group.isViewer) }
        }
        return group.known == nil || !rows.isEmpty ? words.all(rows, isForViewers: group.isViewer) : []
    }

    private func advance(_ watcher: AdminWatcher, _ rows: [[SocketRow]]) {
        let known = watcher.page?.known ?? rows.map { _ in 0 }
        watcher.page?.known = rows.indices.map { loop in
            rows[loop].last?.number ?? (loop < known.count ? known[loop] : 0)
        }
        if rows.contains(where: { !$0.isEmpty }) { watcher.page?.hasSockets = true }
    }

    /// What has become of those who were there when it was asked last.
    private func departures(
        _ figures: [AdminUIFigures], _ entries: [EventSample.Entry], _ words: AdminUIWords
    ) -> [UInt8] {
        guard lobbies.count == figures.count else { return [] }
        // Looked up only.
        var reasons: [String: JSONValue] = [:]
        for entry in entries where entry.kind == .left { reasons[entry.socket] = entry.content.first }
        var frames: [UInt8] = []
        for (loop, before) in lobbies.enumerated() {
            let now = figures[loop].lobbies.flatMap(\.sockets)
            let there = Set(now.map(\.number))
            let polling = Set(now.lazy.filter(\.isPolling).map(\.number))
            for lobby in before {
                for socket in lobby.sockets {
                    let id = AdminSocketID(lobby: lobby.lobby, seat: socket.seat, session: socket.session)
                    if !there.contains(socket.number) {
                        frames += words.gone(id, reasons[id.text] ?? "transport close")
                    } else if socket.isPolling, !polling.contains(socket.number) {
                        frames += words.upgraded(id)
                    }
                }
            }
        }
        return frames
    }
}
