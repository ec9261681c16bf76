import LobbyCore
import WebSocketCore

/// The newest snapshot of a lobby as it travels: encoded once for all who stand at one tick, framed once for all of them who
/// are spoken to alike.
///
/// Once connections have let go of the bytes, their memory serves the next snapshot: a steady lobby allocates none.
struct SnapshotFrames {
    /// One message, framed for each dialect.
    private struct Framed {
        var baseline: UInt32?
        var kind = Lobby.SnapshotKind.keyframe
        var plain: [UInt8] = []
        /// By ``LobbyChoice``; empty until somebody needs it.
        var socketIO: [[UInt8]]
    }

    /// How many messages keep their memory: as many as most snapshots need.
    private static let keptMax = 2

    /// The first `count` are of the newest snapshot.
    private var framed: [Framed] = []
    private var count = 0
    /// What stands in front of a snapshot over Socket.IO, by ``LobbyChoice``.
    private let headers: [[UInt8]]

    init(lobbyID: String) {
        headers = LobbyChoice.allCases.map {
            SocketIOFrames.snapshotHeader(namespace: "/lobby/\($0.alias ?? lobbyID)")
        }
    }

    /// A newer snapshot has been taken.
    mutating func removeAll() {
        count = 0
        if framed.count > Self.keptMax { framed.removeLast(framed.count - Self.keptMax) }
    }

    /// Where the message stands that starts at `baseline`, nil for a keyframe; nil if it has not been made.
    func place(of baseline: UInt32?) -> Int? {
        for place in 0..<count where framed[place].baseline == baseline { return place }
        return nil
    }

    /// Makes the message for those who were sent the snapshot of `tick` last.
    ///
    /// - Returns: where it stands.
    mutating func add(_ tick: UInt32?, of lobby: Lobby, _ server: Server) -> Int {
        let baseline = lobby.baseline(tick)
        if let place = place(of: baseline) { return place }
        if count == framed.count {
            framed.append(Framed(socketIO: Array(repeating: [], count: headers.count)))
        }
        var message = server.takeScratch()
        framed[count].baseline = baseline
        framed[count].kind = lobby.appendSnapshot(baseline: baseline, isChecked: false, to: &message)
        framed[count].plain.removeAll(keepingCapacity: true)
        WebSocketFrame.append(.binary, message.span, to: &framed[count].plain)
        server.giveBack(&message)
        for choice in headers.indices where !framed[count].socketIO[choice].isEmpty {
            framed[count].socketIO[choice].removeAll(keepingCapacity: true)
        }
        count += 1
        return count - 1
    }

    /// What the message at `place` is.
    func kind(at place: Int) -> Lobby.SnapshotKind { framed[place].kind }

    /// It as a frame of the plain dialect.
    func plain(at place: Int) -> [UInt8] { framed[place].plain }

    /// It as frames of Socket.IO, for those whose namespace is called so.
    mutating func socketIO(at place: Int, _ choice: LobbyChoice) -> [UInt8] {
        let choice = Int(choice.rawValue)
        if framed[place].socketIO[choice].isEmpty {
            framed[place].socketIO[choice].append(contentsOf: headers[choice])
            framed[place].socketIO[choice].append(contentsOf: framed[place].plain)
        }
        return framed[place].socketIO[choice]
    }
}
