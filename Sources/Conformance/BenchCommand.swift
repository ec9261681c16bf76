import ArgumentParser
import Determinism
import Muster

/// `muster-conformance bench`: the paths that the measuring rig asks for.
struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Serves /echo, /fan, /room, /idle and /socket.io/ on 127.0.0.1 for a load generator.")

    @Argument(help: "The port to listen on; 0 lets the system choose.")
    var port: Int
    @Argument(help: "How often /fan is sent a message, in Hz; 0 never.")
    var rate: Int
    @Argument(help: "How long those messages are, in bytes; at least 16.")
    var size: Int
    @Argument(help: "How often each connection is pinged, in seconds; 0 never.")
    var heartbeat: Int

    @Option(help: "A certificate: TLS is spoken on the port then.")
    var tlsCertificate: String?
    @Option(help: "Its private key.")
    var tlsKey: String?

    func validate() throws {
        guard (tlsCertificate == nil) == (tlsKey == nil) else {
            throw ValidationError("--tls-certificate and --tls-key go together")
        }
        guard (0...1000).contains(rate) else { throw ValidationError("HZ must be from 0 to 1000, not \(rate)") }
        guard size >= 16 else { throw ValidationError("SIZE must be at least 16, not \(size)") }
        guard (0...86_400).contains(heartbeat) else {
            throw ValidationError("HEARTBEAT_S must be from 0 to 86400, not \(heartbeat)")
        }
    }

    func run() throws {
        var configuration = MusterConfiguration.listening(port: port)
        if let tlsCertificate, let tlsKey {
            configuration.listen = [.tls(host: "127.0.0.1", port: port)]
            configuration.tls.certificate = [tlsCertificate]
            configuration.tls.key = [tlsKey]
        }
        let server = MusterServer(configuration: configuration)
        var options = MessageOptions()
        options.messageBytesMax = 1 << 24
        options.outboxBytesMax = 1 << 22
        options.messagesPerSecond = nil
        options.heartbeatInterval = heartbeat > 0 ? .seconds(heartbeat) : nil
        server.webSocket("/echo", options) { _ in Echo() }
        server.webSocket("/fan", options) { [rate, size] loop in Fan(loop, rate: rate, size: size) }
        server.webSocket("/room", options) { _ in Room() }
        server.webSocket("/idle", options) { _ in Silence() }
        addBenchSocketIO(to: server, rate: rate, size: size, heartbeat: heartbeat)
        try server.run { start in announce("ready \(start.port ?? 0)") }
    }
}

/// Sends every message back.
final class Echo: MessageHandler {
    func received(text: Span<UInt8>, from client: Client) { client.send(text: text) }
    func received(binary: Span<UInt8>, from client: Client) { client.send(binary: binary) }
}

/// Says nothing.
private final class Silence: MessageHandler {}

/// Those who are connected, to be sent the same.
private struct Audience {
    private(set) var members: [Client] = []

    mutating func add(_ client: Client) {
        client.tag = members.count
        members.append(client)
    }

    mutating func remove(_ client: Client) {
        let place = client.tag
        let last = members.removeLast()
        guard last != client else { return }
        members[place] = last
        last.tag = place
    }
}

/// Sends everybody a message at a fixed rate: its number and the time, then zeros.
private final class Fan: MessageHandler {
    private let loop: LoopContext
    private var audience = Audience()
    private var sequence: UInt64 = 0
    private var message: [UInt8]

    init(_ loop: LoopContext, rate: Int, size: Int) {
        self.loop = loop
        message = [UInt8](repeating: 0, count: size)
        guard rate > 0 else { return }
        loop.every(.microseconds(1_000_000 / rate)) { [unowned self] in tick() }
    }

    private func tick() {
        write(sequence, at: 0)
        write(UInt64(loop.now.nanoseconds), at: 8)
        sequence += 1
        let prepared = PreparedMessage(binary: message.span)
        prepared.sendLatest(to: audience.members)
    }

    private func write(_ number: UInt64, at place: Int) {
        for byte in 0..<8 { message[place + byte] = UInt8(truncatingIfNeeded: number >> (8 * UInt64(byte))) }
    }

    func connected(_ client: Client) { audience.add(client) }
    func disconnected(_ client: Client) { audience.remove(client) }
}

/// Sends every message to everybody, its sender too.
private final class Room: MessageHandler {
    private var audience = Audience()

    func connected(_ client: Client) { audience.add(client) }
    func disconnected(_ client: Client) { audience.remove(client) }

    func received(text: Span<UInt8>, from client: Client) { send(PreparedMessage(text: text)) }
    func received(binary: Span<UInt8>, from client: Client) { send(PreparedMessage(binary: binary)) }

    private func send(_ message: PreparedMessage) {
        for client in audience.members { client.send(message) }
    }
}
