import ByteKit
import HTTPCore
import SocketIOCore

/// A connection on its way to the loop that its present request belongs to. It keeps its place in the process's counts.
struct MovedConnection: Sendable {
    let stream: any DetachedStream
    let peer: PeerAddress
    let isSecure: Bool
    let request: RestingRequest
}

/// A request whose head has been read, and nothing after it.
struct RestingRequest: Sendable {
    let head: HTTPRequestHead
    /// Stands behind the head.
    let parser: HTTPRequestParser
    /// What has come after the head.
    let bytes: [UInt8]
    /// Whether nothing more will.
    let hasEnded: Bool
}

/// The kernel gives a connection to any loop, and every request on it may belong to another one: to that of its session, or
/// of its lobby. Then the whole connection moves there, once for the request, and is answered as if it had come there.
extension Server {
    /// The loop that a request belongs to, if that is another than this.
    func otherLoop(for head: HTTPRequestHead) -> Int? {
        guard loopCount > 1, let loop = loop(of: head), loop != loops.own else { return nil }
        return loop
    }

    private func loop(of head: HTTPRequestHead) -> Int? {
        switch endpoint(head.path) {
        case .engine: return loopOfSession(in: head)
        case .http, .webSocket: return nil
        case nil where head.path == Self.playersPath: return loopOfSession(in: head)
        case nil: break
        }
        if head.path == "/api/queue" || head.path.hasPrefix("/api/queue/") { return Matchmaker.loop }
        guard let id = lobbyID(in: head), lobby(id) == nil else { return nil }
        return loops.withDirectory { $0.loop(of: id) } ?? nil
    }

    /// A session that is unknown is so to the loop that its id names.
    private func loopOfSession(in head: HTTPRequestHead) -> Int? {
        guard let query = try? HTTPQuery(head.query), let sid = try? query.value("sid") else { return nil }
        return EngineSessions.loop(of: sid, among: loopCount)
    }

    /// The lobby that a request is about.
    private func lobbyID(in head: HTTPRequestHead) -> String? {
        let parts = head.path.split(separator: "/", omittingEmptySubsequences: false)
        switch parts.count {
        case 3 where parts[1] == "lobby" && head.asksForWebSocket: return String(parts[2])
        case 4 where parts[1] == "api" && parts[2] == "lobbies": return String(parts[3])
        case 5 where parts[1] == "api" && parts[2] == "lobbies" && parts[4] == "events": return String(parts[3])
        case 6 where parts[1] == "api" && parts[2] == "lobbies" && parts[4] == "seats": return String(parts[3])
        default: return nil
        }
    }

    /// A fresh id for a session of Engine.IO, which names this loop.
    func makeSessionID() -> String {
        while true {
            let id = EngineID.make(from: randomBytes(EngineID.randomByteCount))
            if EngineSessions.loop(of: id, among: loopCount) == loops.own { return id }
        }
    }

    /// Sends away the connections that have nothing more to do here.
    func moveConnections(_ leaving: [Connection]) {
        for connection in leaving { connection.leave() }
    }

    /// Goes on with a connection of another loop; or closes it, when this loop has no more use for any.
    func adopt(_ moved: MovedConnection) {
        guard let stream = loops.attach(moved.stream) else { return release(moved.peer) }
        guard !isClosing else {
            stream.close(.now)
            return release(moved.peer)
        }
        counters[.connectionsMoved] += 1
        keep(stream, peer: moved.peer, isSecure: moved.isSecure).goOn(with: moved.request)
    }
}
