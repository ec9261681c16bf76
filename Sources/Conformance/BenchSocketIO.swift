import Determinism
import Muster

/// Socket.IO for a load generator: `echo`, a room of texts and one of bytes that are sent at a fixed rate, and `shout`.
func addBenchSocketIO(to server: MusterServer, rate: Int, size: Int, heartbeat: Int) {
    var options = SocketIOOptions()
    options.connection.messagesPerSecond = nil
    options.connection.maxPayload = 1 << 24
    options.connection.outboxBytesMax = 1 << 22
    if heartbeat > 0 { options.connection.pingInterval = .seconds(heartbeat) }
    // Off means not within a day.
    if heartbeat == 0 { options.connection.pingInterval = .seconds(86_400) }
    server.socketIO("/socket.io/", options) { io in
        let main = io.main
        main.on("echo") { socket, message in
            if message.wantsReply {
                message.reply(with: message.arguments)
            } else {
                socket.emit("echo", with: message.arguments)
            }
        }
        main.on("join") { socket, message in socket.join(message.arguments.first == "bin" ? "bin" : "text") }
        main.on("shout") { socket, message in socket.namespace.in("text").emit("snap", with: message.arguments) }
        guard rate > 0 else { return }
        var sequence: UInt64 = 0
        io.loop.every(.microseconds(1_000_000 / rate)) {
            let now = UInt64(io.loop.now.nanoseconds)
            main.in("text").emit("snap", .string(text(sequence, now, size)))
            main.in("bin").emit("snap", .binary(bytes(sequence, now, size)))
            sequence += 1
        }
    }
}

private func text(_ sequence: UInt64, _ now: UInt64, _ size: Int) -> String {
    let start = "\(sequence),\(now),"
    return start + String(repeating: "x", count: max(0, size - start.utf8.count))
}

private func bytes(_ sequence: UInt64, _ now: UInt64, _ size: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: size)
    for byte in 0..<8 {
        bytes[byte] = UInt8(truncatingIfNeeded: sequence >> (8 * UInt64(byte)))
        bytes[8 + byte] = UInt8(truncatingIfNeeded: now >> (8 * UInt64(byte)))
    }
    return bytes
}
