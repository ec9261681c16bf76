import Determinism
import GameKit
import JSONCore
import LobbyCore
import SocketIOCore

/// What pages of the official Socket.IO Admin UI want to know of all loops, once a second.
struct AdminUIQuestion: Sendable {
    /// For each group of pages that have been shown the same: the newest socket of each loop that they know. Nil in production mode,
    /// which shows no sockets.
    var groups: [[UInt64]]?
    /// The newest entry of each loop's ``EventSample`` that is known.
    var entries: [UInt64]
}

/// How many clients have connected, and why they went: sessions, whatever they speak.
struct ClientTally: Sendable, Equatable {
    var connected: UInt64 = 0
    /// Looked up only, by reasons in their own order.
    private var ended: [SocketDisconnectReason: UInt64] = [:]

    /// How many are there.
    var count: Int { Int(clamping: connected) - Int(clamping: ended.values.reduce(0, +)) }

    func ended(_ reason: SocketDisconnectReason) -> UInt64 { ended[reason] ?? 0 }

    mutating func noteEnd(_ reason: SocketDisconnectReason) { ended[reason, default: 0] += 1 }

    mutating func add(_ other: ClientTally) {
        connected += other.connected
        for reason in SocketDisconnectReason.allCases where other.ended(reason) > 0 {
            ended[reason, default: 0] += other.ended(reason)
        }
    }
}

/// One loop's answer, and the sum of all.
struct AdminUIFigures: Sendable {
    var clients = ClientTally()
    var bytesIn: UInt64 = 0
    var bytesOut: UInt64 = 0
    var messagesIn: UInt64 = 0
    /// Sockets by namespace.
    var roots = 0
    var admins = 0
    var members = 0
    /// The members one by one; none in production mode.
    var lobbies: [LobbySockets] = []
    /// For each group that has asked, the next that it is to be shown, in their order.
    var pages: [[SocketRow]] = []
    var entries: [EventSample.Entry] = []
    /// The number of the newest entry.
    var newestEntry: UInt64 = 0

    /// Adds what is counted.
    mutating func add(_ other: AdminUIFigures) {
        clients.add(other.clients)
        bytesIn += other.bytesIn
        bytesOut += other.bytesOut
        messagesIn += other.messagesIn
        roots += other.roots
        admins += other.admins
        members += other.members
    }
}

/// A lobby's members, as little of them as tells who has gone.
struct LobbySockets: Sendable {
    let lobby: String
    var sockets: [SocketMark] = []
}

/// One of them.
struct SocketMark: Sendable {
    /// Counts the members of its loop: who came later has more.
    let number: UInt64
    let session: UInt64
    /// -1 for one that watches.
    let seat: Int
    let isPolling: Bool
}

/// One member with all that is shown of it.
struct SocketRow: Sendable {
    let number: UInt64
    let id: AdminSocketID
    let transport: String
    let since: Instant
    let name: String
    let game: String
    let dialect: Dialect
    let codec: Int
    let role: String?
    let team: Int?
    // For moderators.
    let subject: String?
    let address: String
}

extension Server {
    /// The most members that one page is shown more at a time, of all loops.
    static let socketsPerPage = 256

    /// This loop's clients, and what they have sent and been sent.
    var adminUITotals: AdminUIFigures {
        let counted = counted
        var figures = AdminUIFigures()
        figures.clients = clients
        figures.bytesIn = counted[.bytesIn]
        figures.bytesOut = counted[.bytesOut]
        figures.messagesIn = counted[.messagesIn]
        return figures
    }

    /// This loop's answer to what pages want to know. It takes as long as there are members.
    func adminUIFigures(_ question: AdminUIQuestion) -> AdminUIFigures {
        var figures = adminUITotals
        figures.roots = rootSocketCount
        figures.admins = admin.watchers.count
        guard let groups = question.groups else {
            for hosted in lobbies { figures.members += hosted.lobby.seats.connectedCount + hosted.spectatorCount }
            return figures
        }
        let own = loops.own
        addSockets(to: &figures, groups.map { own < $0.count ? $0[own] : 0 })
        figures.entries = Array(eventSample.entries(after: own < question.entries.count ? question.entries[own] : 0))
        figures.newestEntry = eventSample.newest
        eventSample.keepOpen(at: clock())
        return figures
    }

    private func addSockets(to figures: inout AdminUIFigures, _ known: [UInt64]) {
        let oldest = known.min() ?? .max
        var fresh: [LocalMember] = []
        for hosted in lobbies {
            var sockets = LobbySockets(lobby: hosted.id)
            hosted.forEachMember { member in
                sockets.sockets.append(
                    SocketMark(
                        number: member.socketNumber, session: member.clientNumber, seat: member.seat,
                        isPolling: member.transport.name == "polling"))
                if member.socketNumber > oldest { fresh.append(member) }
            }
            guard !sockets.sockets.isEmpty else { continue }
            figures.members += sockets.sockets.count
            figures.lobbies.append(sockets)
        }
        fresh.sort { $0.socketNumber < $1.socketNumber }
        let limit = max(1, Self.socketsPerPage / loopCount)
        figures.pages = known.map { number in
            fresh.drop { $0.socketNumber <= number }.prefix(limit).map(SocketRow.init)
        }
    }
}

extension SocketRow {
    fileprivate init(_ member: LocalMember) {
        let hosted = member.hosted
        let holder = member.hasSeat ? hosted.lobby.seats.rows[member.seat] : nil
        number = member.socketNumber
        id = AdminSocketID(lobby: hosted.id, seat: member.seat, session: member.clientNumber)
        transport = member.transport.name
        since = member.since
        name = holder?.name ?? ""
        game = member.game.name
        dialect = member.dialect
        codec = Int(member.basis.codec)
        role = holder?.role
        team = member.hasSeat ? hosted.lobby.match.team(of: member.seat) : nil
        subject = holder?.subject ?? (member as? Spectator)?.subject
        address = member.transport.peerAddress
    }
}

extension HostedLobby {
    /// How many watch as spectators.
    fileprivate var spectatorCount: Int { audience?.count ?? 0 }

    /// Everybody who is connected: the players by seat, then those who watch.
    fileprivate func forEachMember(_ body: (LocalMember) -> Void) {
        for case let member? in members { body(member) }
        audience?.forEach(body)
    }
}
