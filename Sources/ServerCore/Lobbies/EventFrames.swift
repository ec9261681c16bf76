import JSONCore

/// An event for many members: encoded once, framed once for each way in which they are spoken to.
struct EventFrames {
    let name: String
    let data: JSONValue
    /// Whether a page of the official Admin UI may be shown it: asked once, and not at each of many members.
    private let isSampled: Bool
    private var plain: [UInt8] = []
    private var compact: [UInt8] = []
    /// By ``LobbyChoice``; empty until somebody needs it.
    private var socketIO: [[UInt8]] = []

    /// An event that members of a lobby of that server are told.
    init(_ name: String, _ data: JSONValue, on server: Server) {
        self.name = name
        self.data = data
        isSampled = server.eventSample.isOpen
    }

    /// Sends it to one of them.
    mutating func send(to member: Member) {
        if isSampled { member.session.server.sample(.sent, name, of: member, data) }
        switch member.dialect {
        case .plain:
            if plain.isEmpty { plain = PlainFrames.event(name, data) }
            member.transport.sendShared(plain, compresses: true)
        case .compact:
            if compact.isEmpty { compact = CompactFrames.event(name, data) }
            member.transport.sendShared(compact, compresses: true)
        case .socketIO:
            if socketIO.isEmpty { socketIO = LobbyChoice.allCases.map { _ in [] } }
            let choice = Int(member.choice.rawValue)
            if socketIO[choice].isEmpty {
                socketIO[choice] = SocketIOFrames.event(namespace: member.namespace, name, data)
            }
            member.transport.sendShared(socketIO[choice], compresses: true)
        }
    }
}
