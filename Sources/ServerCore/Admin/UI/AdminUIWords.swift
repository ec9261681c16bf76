import Determinism
import JSONCore
import LobbyCore
import SocketIOCore

/// The packets that the official Socket.IO Admin UI understands (protocol/spec/admin.md §9), framed.
///
/// What is a namespace to it is here `/lobby`, with each lobby as a room and each player and spectator as a socket: lobbies are
/// namespaces of their own on the wire, and a thousand of them would be a menu of a thousand entries.
struct AdminUIWords {
    /// The namespace that stands for all lobbies.
    static let lobbies = "/lobby"

    private let server: Server
    private let now: Instant
    /// Milliseconds since 1970, now.
    private let wallClock: Int64
    /// An event as frames.
    private let frames: (String, [JSONValue]) -> [UInt8]

    /// - Parameter frames: How an event is written where the pages are; by itself, in our own `/admin`.
    init(
        _ server: Server,
        frames: @escaping (String, [JSONValue]) -> [UInt8] = { event, values in
            SocketIOFrames.packet(SocketPacket(namespace: "/admin", .event(.text(event), values, ackID: nil)))
        }
    ) {
        self.server = server
        self.frames = frames
        now = server.clock()
        wallClock = server.hooks.wallClock()
    }

    func milliseconds(_ instant: Instant) -> Int64 { wallClock - (now - instant).nanoseconds / 1_000_000 }

    func time(_ instant: Instant) -> JSONValue { .date(milliseconds: milliseconds(instant)) }

    func packet(_ event: String, _ values: JSONValue...) -> [UInt8] { frames(event, values) }

    // MARK: Figures

    /// The server's figures, with what has happened since the last.
    ///
    /// - Parameter namespaces: Each with how many are in it.
    func stats(
        _ sum: AdminUIFigures, since last: AdminUIFigures?, _ namespaces: [(name: String, count: Int)]
    ) -> [UInt8] {
        packet(
            "server_stats",
            [
                "serverId": .string(server.hooks.host.name), "hostname": .string(server.hooks.host.name),
                "pid": .integer(Int64(server.hooks.host.process)),
                "uptime": .number((now - server.startedAt).seconds),
                "clientsCount": .integer(Int64(sum.clients.count)),
                "pollingClientsCount": .integer(Int64(server.pollingCount)),
                "aggregatedEvents": .array(last.map { happened(sum, since: $0) } ?? []),
                "namespaces": .array(
                    namespaces.map { ["name": .string($0.name), "socketsCount": .integer(Int64($0.count))] }),
            ])
    }

    private func happened(_ sum: AdminUIFigures, since last: AdminUIFigures) -> [JSONValue] {
        let second = JSONValue.integer(wallClock - wallClock % 1_000)
        func row(_ type: JSONValue, _ now: UInt64, _ before: UInt64, subtype: String? = nil) -> JSONValue? {
            guard now > before else { return nil }
            var row: JSONObject = ["timestamp": second, "type": type]
            if let subtype { row["subType"] = .string(subtype) }
            row["count"] = .integer(Int64(clamping: now - before))
            return .object(row)
        }
        let ends = SocketDisconnectReason.allCases.map { reason in
            row(
                "rawDisconnection", sum.clients.ended(reason), last.clients.ended(reason), subtype: reason.rawValue)
        }
        let others = [
            row("rawConnection", sum.clients.connected, last.clients.connected),
            row("packetsIn", sum.messagesIn, last.messagesIn), row("bytesIn", sum.bytesIn, last.bytesIn),
            row("bytesOut", sum.bytesOut, last.bytesOut),
        ]
        return (ends + others).compactMap(\.self)
    }

    // MARK: Sockets

    /// All sockets, in place of those that a page has.
    func all(_ rows: some Sequence<SocketRow>, isForViewers: Bool) -> [UInt8] {
        packet("all_sockets", .array(rows.map { socket($0, isForViewers) }))
    }

    /// One more socket, and its room.
    func come(_ row: SocketRow, isForViewers: Bool) -> [UInt8] {
        packet("room_joined", .string(Self.lobbies), .string(row.id.lobby), .string(row.id.text), time(row.since))
            + packet("socket_connected", socket(row, isForViewers), time(row.since))
    }

    /// A socket is no more, and in no room.
    func gone(_ id: AdminSocketID, _ why: JSONValue) -> [UInt8] {
        let (socket, time) = (JSONValue.string(id.text), time(now))
        var frames = packet("socket_disconnected", .string(Self.lobbies), socket, why, time)
        for room in [id.text, id.lobby] {
            frames += packet("room_left", .string(Self.lobbies), .string(room), socket, time)
        }
        return frames
    }

    /// A client has moved from long polling to a WebSocket.
    func upgraded(_ id: AdminSocketID) -> [UInt8] {
        packet("socket_updated", ["id": .string(id.text), "nsp": .string(Self.lobbies), "transport": "websocket"])
    }

    /// An event of the sample.
    func event(_ entry: EventSample.Entry) -> [UInt8] {
        packet(
            entry.kind == .sent ? "event_sent" : "event_received", .string(Self.lobbies), .string(entry.socket),
            .array(entry.content), time(entry.at))
    }

    /// A member as a socket. Its headers and its query are not kept: cookies and tokens would be among them.
    private func socket(_ row: SocketRow, _ isForViewers: Bool) -> JSONValue {
        var data: JSONObject = ["name": .string(row.name), "game": .string(row.game)]
        if row.id.seat >= 0 { data["seat"] = .integer(Int64(row.id.seat)) } else { data["watching"] = true }
        if let team = row.team { data["team"] = .integer(Int64(team)) }
        if let role = row.role { data["role"] = .string(role) }
        data["dialect"] = .string(row.dialect.rawValue)
        data["codec"] = .integer(Int64(row.codec))
        if !isForViewers, let subject = row.subject { data["subject"] = .string(subject) }
        return [
            "id": .string(row.id.text), "clientId": .string(String(row.id.session)),
            "transport": .string(row.transport), "nsp": .string(Self.lobbies), "data": .object(data),
            "handshake": [
                "address": .string(isForViewers ? "" : row.address), "headers": [:], "query": [:],
                "issued": .integer(milliseconds(row.since)), "time": time(row.since), "xdomain": false,
            ],
            "rooms": [.string(row.id.text), .string(row.id.lobby)],
        ]
    }
}
