import LobbyCore
import WebSocketCore

/// The newest snapshot of a lobby as it travels: encoded once for all who go on from the same, framed once for all of them who
/// are spoken to alike.
///
/// Once connections have let go of the bytes, their memory serves the next snapshot: a steady lobby allocates none.
struct SnapshotFrames {
    /// One message, framed for each dialect.
    private struct Framed {
        var basis: SnapshotBasis
        /// For whom it was made, where players see different things; nil for all who see the same.
        var viewer: Viewer?
        var kind = Lobby.SnapshotKind.keyframe
        var plain: [UInt8] = []
        /// By ``LobbyChoice``; empty until somebody needs it.
        var socketIO: [[UInt8]]
    }

    /// The holder of a seat, until somebody else sits down anywhere.
    private struct Viewer {
        var seat: Int
        var revision: UInt64
        /// Whether some groups wait: then the message is nobody else's.
        var isCut: Bool
        var byteCount: Int
    }

    /// How many messages keep their memory: as many as most snapshots need.
    private let keptMax: Int
    /// Among how many messages one is looked for that others see the same as: a team's members are sent the same.
    private static let viewsMax = 16
    /// After how many messages no more are made that differ only in how things are known to move: of those who skip snapshots
    /// as they like, each would be one.
    private static let stepsMax = 48

    /// The first `count` are of the newest snapshot.
    private var framed: [Framed] = []
    private var count = 0
    /// What stands in front of a snapshot over Socket.IO, by ``LobbyChoice``.
    private let headers: [[UInt8]]

    /// - Parameter kept: How many messages keep their memory.
    init(lobbyID: String, kept: Int = 2) {
        keptMax = kept
        headers = LobbyChoice.allCases.map {
            SocketIOFrames.snapshotHeader(namespace: "/lobby/\($0.alias ?? lobbyID)")
        }
    }

    /// A newer snapshot has been taken.
    mutating func removeAll() {
        count = 0
        if framed.count > keptMax { framed.removeLast(framed.count - keptMax) }
    }

    /// Where the message stands for those who have `basis`; nil if it has not been made.
    func place(of basis: SnapshotBasis) -> Int? {
        for place in 0..<count where framed[place].basis == basis && framed[place].viewer == nil { return place }
        return nil
    }

    /// Makes the message for those who have `basis`.
    ///
    /// - Returns: where it stands.
    mutating func add(_ basis: SnapshotBasis, of lobby: Lobby, _ server: Server) -> Int {
        let basis = count < Self.stepsMax ? lobby.usable(basis) : lobby.usable(basis).withoutStep
        if let place = place(of: basis) { return place }
        var message = server.takeScratch()
        let kind = lobby.appendSnapshot(basis, isChecked: false, to: &message)
        return frame(&message, kind, from: basis, for: nil, server)
    }

    /// Finds or makes the message for the holder of a seat, where players see different things, who has `basis`.
    ///
    /// - Returns: where it stands; nil where the seat's budget has no room for one.
    mutating func place(of basis: SnapshotBasis, for seat: Int, of lobby: Lobby, _ server: Server) -> Int? {
        let basis = lobby.usable(basis, for: seat)
        for place in 0..<min(count, Self.viewsMax) where framed[place].basis == basis {
            guard let other = framed[place].viewer, !other.isCut, other.revision == lobby.viewRevision else { continue }
            if lobby.takes(seat, messageFor: other.seat, since: basis, byteCount: other.byteCount) { return place }
        }
        var message = server.takeScratch()
        guard let snapshot = lobby.appendSnapshot(for: seat, basis, to: &message) else {
            server.giveBack(&message)
            return nil
        }
        if snapshot.isCut { server.counters[.snapshotsCut] += 1 }
        if snapshot.isOverdrawn { server.counters[.budgetsOverdrawn] += 1 }
        server.counters[.groupsLate] += UInt64(snapshot.lateGroups)
        let viewer = Viewer(
            seat: seat, revision: lobby.viewRevision, isCut: snapshot.isCut, byteCount: message.count)
        return frame(&message, snapshot.kind, from: basis, for: viewer, server)
    }

    private mutating func frame(
        _ message: inout [UInt8], _ kind: Lobby.SnapshotKind, from basis: SnapshotBasis, for viewer: Viewer?,
        _ server: Server
    ) -> Int {
        server.counters[.snapshotsEncoded] += 1
        if count == framed.count {
            framed.append(Framed(basis: basis, socketIO: Array(repeating: [], count: headers.count)))
        }
        (framed[count].basis, framed[count].viewer, framed[count].kind) = (basis, viewer, kind)
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
