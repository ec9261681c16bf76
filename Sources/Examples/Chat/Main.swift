import FoundationEssentials
import HTTPTypes
import Muster

/// A chat over Socket.IO, with a page that plays it: `CHAT_ADMIN_PASSWORD=… swift run chat`.
@main
struct Main {
    static func main() throws {
        let password = ProcessInfo.processInfo.environment["CHAT_ADMIN_PASSWORD"]
        let server = MusterServer(configuration: try MusterConfiguration.load().configuration)
        server.http("/") { _ in
            WebAnswer(fields: [.contentType: "text/html; charset=utf-8"], body: Array(page.utf8))
        }
        server.socketIO { io in
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

/// What the server keeps with each socket that has entered.
final class Guest {
    let name: String
    let room: String

    init(_ entry: Entry) {
        name = entry.name
        room = entry.room
    }
}

// MARK: The chat

func guest(_ socket: Socket) -> Guest? { socket.state as? Guest }

func serve(_ chat: Namespace) {
    chat.on(enter) { socket, entry in
        guard (1...20).contains(entry.name.count), (1...20).contains(entry.room.count) else {
            return Welcome(refusal: "a name and a room have 1 to 20 letters")
        }
        let there = chat.in(entry.room).sockets.filter { $0 != socket }.compactMap(guest)
        guard !there.contains(where: { $0.name == entry.name }) else {
            return Welcome(refusal: "somebody of that name is there already")
        }
        depart(socket, from: chat)
        socket.state = Guest(entry)
        socket.join(entry.room)
        socket.to(entry.room).emit("entered", .string(entry.name))
        return Welcome(names: there.map(\.name) + [entry.name])
    }
    chat.on(say) { socket, text in
        guard let guest = guest(socket), (1...500).contains(text.count) else { return }
        try chat.in(guest.room).emit(SocketEvent("said"), Line(from: guest.name, text: text))
    }
    chat.on(typing) { socket, isTyping in
        guard let guest = guest(socket) else { return }
        // Only the newest matters, and none to somebody who is slow.
        socket.to(guest.room).emit("typing", .string(guest.name), .bool(isTyping), options: .volatile)
    }
    chat.onDisconnect { socket, _ in depart(socket, from: chat) }
}

/// Tells the others that somebody is no longer in their room.
func depart(_ socket: Socket, from chat: Namespace) {
    guard let guest = guest(socket) else { return }
    socket.state = nil
    socket.leave(guest.room)
    chat.in(guest.room).emit("left", .string(guest.name))
}

// MARK: Who may throw people out

func serve(admin: Namespace, of chat: Namespace, password: String?) {
    admin.use { socket in
        guard let password, socket.handshake.auth["password"]?.string == password else {
            throw ConnectRefusal("not authorized", data: ["hint": "CHAT_ADMIN_PASSWORD"])
        }
    }
    admin.on(SocketRequest<String, Int>("kick")) { _, name in
        let meant = chat.sockets.filter { guest($0)?.name == name }
        for socket in meant {
            socket.emit("kicked")
            socket.disconnect(closesConnection: true)
        }
        return meant.count
    }
    admin.on(SocketEvent<String>("announce")) { _, text in
        try chat.emit(SocketEvent("said"), Line(from: "admin", text: text))
    }
}
