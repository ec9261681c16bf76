import ByteKit
import JSONCore
import SocketIOCore

@testable import ServerCore

/// A page of the official Socket.IO Admin UI, as its `App.vue` speaks (0.5.1).
final class AdminPage {
    let socket: SocketClient
    private var asked = 0

    init(_ world: World, _ user: String, password: String = "secret") {
        socket = SocketClient(world)
        connect(["username": .string(user), "password": .string(password)])
    }

    init(_ world: World, sessionID: JSONValue) {
        socket = SocketClient(world)
        connect(["sessionId": sessionID])
    }

    private func connect(_ auth: JSONObject) { socket.send(SocketPacket(namespace: "/admin", .connect(auth))) }

    /// What it has been told, in order.
    var words: [String] { socket.words("/admin") }

    /// The arguments of each event of that name.
    func told(_ name: String) -> [[JSONValue]] {
        socket.packets.compactMap { packet in
            guard packet.namespace == "/admin", case .event(.text(name), let values, _) = packet.body else {
                return nil
            }
            return values
        }
    }

    func emit(_ name: String, _ values: JSONValue...) {
        socket.send(SocketPacket(namespace: "/admin", .event(.text(name), values, ackID: nil)))
    }

    /// The same with an ack, which the page never asks for: the code of the refusal, or nil.
    func refusal(_ name: String, _ values: [JSONValue]) -> String? {
        asked += 1
        socket.send(SocketPacket(namespace: "/admin", .event(.text(name), values, ackID: asked)))
        return socket.ack(asked)?["code"]?.string
    }

    var sessionID: JSONValue { told("session").last?.first ?? .null }

    /// The ids of the sockets that it shows, as its store would keep them.
    var shown: [String] {
        var ids: [String] = []
        for packet in socket.packets {
            guard case .event(.text(let name), let values, _) = packet.body else { continue }
            switch name {
            case "all_sockets": ids = (values[0].array ?? []).compactMap { $0["id"]?.string }
            case "socket_connected":
                if let id = values[0]["id"]?.string, !ids.contains(id) { ids.append(id) }
            case "socket_disconnected": ids.removeAll { $0 == values[1].string }
            default: break
            }
        }
        return ids
    }
}

/// Three admins and a clock on the wall, which shows 2026-11-22T14:16:45.576Z at the start of the world.
struct AdminStand {
    let office = AdminOffice()
    let mode: AdminUIMode

    func world(loops: Int = 1, _ adjust: (inout ServerSettings) -> Void = { _ in }) -> World {
        var hooks = office.hooks
        hooks.host = ("game-1", 4_711)
        hooks.wallClock = { 1_795_357_005_576 }
        return World(loops: loops, hooks: hooks) {
            $0.adminUIMode = mode
            adjust(&$0)
        }
    }
}
