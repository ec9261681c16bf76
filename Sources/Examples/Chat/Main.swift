import FoundationEssentials
import Muster

/// A chat over Socket.IO, with a page that plays it: `CHAT_ADMIN_PASSWORD=… swift run chat`. The page gets the official client
/// from the network or, with `CHAT_CLIENT=FOLDER`, from the chat itself. Admins of the server see the chat in the official
/// Socket.IO Admin UI, whose form wants the namespace `/operators` (docs/admin.md).
@main
struct Main {
    static func main() throws {
        let environment = ProcessInfo.processInfo.environment
        let (password, folder) = (environment["CHAT_ADMIN_PASSWORD"], environment["CHAT_CLIENT"])
        var options = SocketIOOptions()
        options.adminNamespace = "/operators"
        options.client = try folder.map { try ClientBundle(folder: $0) }
        let server = MusterServer(configuration: try MusterConfiguration.load().configuration)
        server.http("/") { _ in WebAnswer(html: page(isOffline: folder != nil)) }
        server.socketIO("/socket.io/", options) { io in
            serve(io.main)
            serve(admin: io.namespace("/admin"), of: io.main, password: password)
        }
        try server.run { print("chat: open \($0.addresses.joined(separator: ", "))") }
    }
}

// MARK: What is said

/// Asks to be in a room; the answer is who is there.
let enter = SocketRequest<Entry, Welcome>("enter")
/// Says something in one's room.
let say = SocketEvent<String>("say")
/// Says whether one is typing.
let typing = SocketEvent<Bool>("typing")

/// Who somebody is, and where; kept with its socket.
struct Entry: Codable {
    var name: String
    var room: String
}

struct Welcome: Codable {
    var names: [String] = []
    var refusal: String?
}

struct Line: Codable {
    var from: String
    var text: String
}

// MARK: The chat

func entry(_ data: JSONValue) -> Entry? { try? data.decoded(as: Entry.self) }

func serve(_ chat: Namespace) {
    chat.on(enter) { socket, wanted async throws in
        guard (1...20).contains(wanted.name.count), (1...20).contains(wanted.room.count) else {
            return Welcome(refusal: "a name and a room have 1 to 20 letters")
        }
        // Whoever is there may be on any loop or server.
        let there = await chat.in(wanted.room).except(socket).fetch().sockets.compactMap { entry($0.data)?.name }
        guard !there.contains(wanted.name) else {
            return Welcome(refusal: "somebody of that name is there already")
        }
        depart(socket)
        guard socket.isConnected else { return Welcome() }
        socket.data = try JSONValue(encoding: wanted)
        socket.join(wanted.room)
        socket.to(wanted.room).emit("entered", .string(wanted.name))
        return Welcome(names: there + [wanted.name])
    }
    chat.on(say) { socket, text in
        guard let entry = entry(socket.data), (1...500).contains(text.count) else { return }
        try chat.in(entry.room).emit(SocketEvent("said"), Line(from: entry.name, text: text))
    }
    chat.on(typing) { socket, isTyping in
        guard let entry = entry(socket.data) else { return }
        // Only the newest matters, and none to somebody who is slow.
        socket.to(entry.room).emit("typing", .string(entry.name), .bool(isTyping), options: .volatile)
    }
    chat.onDisconnect { socket, _ in depart(socket) }
}

/// Tells the others that somebody is no longer in their room.
func depart(_ socket: Socket) {
    guard let entry = entry(socket.data) else { return }
    socket.data = [:]
    socket.leave(entry.room)
    socket.namespace.in(entry.room).emit("left", .string(entry.name))
}

// MARK: Who may throw people out

func serve(admin: Namespace, of chat: Namespace, password: String?) {
    admin.use { socket in
        guard let password, socket.handshake.auth["password"]?.string == password else {
            throw ConnectRefusal("not authorized", data: ["hint": "CHAT_ADMIN_PASSWORD"])
        }
    }
    admin.on(SocketRequest<String, Int>("kick")) { _, name async in
        let meant = await chat.all.fetch().sockets.filter { entry($0.data)?.name == name }
        for socket in meant {
            chat.in(socket.id).emit("kicked")
            chat.in(socket.id).disconnect(closesConnection: true)
        }
        return meant.count
    }
    admin.on(SocketEvent<String>("announce")) { _, text in
        try chat.emit(SocketEvent("said"), Line(from: "admin", text: text))
    }
}
