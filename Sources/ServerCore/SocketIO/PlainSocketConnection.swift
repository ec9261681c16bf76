import ByteKit
import HTTPCore
import JSONCore
import SocketIOCore
import WebSocketCore

/// One client of a ``SocketHub`` without Socket.IO: a plain WebSocket that is in one namespace from the beginning and says
/// `{"event","data","id"?}` both ways (protocol/spec/socketio.md §15). Handlers, rooms and broadcasts do not know the difference.
final class PlainSocketConnection: SocketConnection {
    private let namespaceName: String
    private let auth: JSONValue

    /// - Parameters:
    ///   - namespace: Where the client is; none that there is not and no family allows.
    ///   - auth: What it shows to the middlewares.
    init(
        _ transport: Transport, _ handshake: EngineHandshake, hub: SocketHub, namespace: String, auth: JSONValue
    ) {
        namespaceName = namespace
        self.auth = auth
        super.init(transport, handshake, hub: hub)
    }

    override var isPlain: Bool { true }

    override func opened() { connect(namespaceName, auth: auth) }

    // MARK: In

    override func textReceived(_ bytes: Span<UInt8>) {
        let value: JSONValue
        do {
            value = try JSONValue.parse(bytes, limits: JSONLimits())
        } catch {
            return fail(.forcedClose, "not JSON: \(error)")
        }
        guard let event = value["event"]?.string else {
            return fail(.forcedClose, "a message must be {\"event\": name, \"data\": any}")
        }
        received(event, value["data"].map { [$0] } ?? [], id: value["id"] ?? .null)
    }

    private func received(_ event: String, _ values: [JSONValue], id: JSONValue) {
        // Until the middlewares have agreed nobody is there to hear it.
        guard let socket = allSockets.first, socket.isConnected else {
            return refuse(event, "not connected yet", id: id)
        }
        var number: Int?
        if id != .null {
            guard let value = id.integer, let exact = Int(exactly: value), exact >= 0 else {
                return refuse(event, "an id is a whole number from 0 on", id: id)
            }
            number = exact
        }
        if event == PlainEvent.ack {
            guard let number else { return refuse(event, "an ack has the id of what it answers", id: id) }
            return socket.ackReceived(number, SocketArguments(values))
        }
        guard SocketEventName(.string(event)) != nil, socket.namespace.behaviour.hears(event) else {
            return refuse(event, "no such event", id: id)
        }
        socket.received(ReceivedEvent(name: event, arguments: SocketArguments(values), ackID: number))
    }

    override func binaryReceived(_ bytes: Span<UInt8>) {
        refuse("", "binary messages mean nothing here", id: .null)
    }

    override func textDropped(_ bytes: Span<UInt8>) {}

    override func binaryDropped(_ bytes: Span<UInt8>) {}

    override func pongReceived(_ payload: Span<UInt8>) { _ = takePong() }

    // MARK: Out

    override func sendPing() { transport.sendAhead(PlainFrames.ping) }

    override func send(_ packet: SocketPacket) -> Bool {
        switch packet.body {
        case .connect(let payload): say("connect", .object(payload ?? JSONObject()))
        case .connectError(let payload):
            say(PlainEvent.exception, payload)
            transport.end(.service(code: 1008, reason: payload["message"]?.string ?? "refused"))
        case .event, .ack, .disconnect: break
        }
        return true
    }

    private func say(_ event: String, _ data: JSONValue) { transport.send(PlainFrames.event(event, data)) }

    /// Tells the client that an event was not handled.
    func refuse(_ event: String, _ message: String, data: JSONValue? = nil, id: JSONValue) {
        var object: JSONObject = ["event": .string(event), "message": .string(message)]
        if let data { object["data"] = data }
        if id != .null { object["id"] = id }
        say(PlainEvent.exception, .object(object))
    }

    // MARK: Leaving

    /// A client that is in nothing has no use for its connection.
    override func disconnect(_ socket: NamespaceSocket, closes: Bool) { super.disconnect(socket, closes: true) }
}

/// Names that have a meaning on every plain WebSocket.
enum PlainEvent {
    /// Answers an event.
    static let ack = "ack"
    /// Tells what went wrong.
    static let exception = "exception"
}

/// Events and acks for plain WebSockets.
extension SocketHub {
    /// Writes an event as text.
    func writePlain(_ name: String, _ arguments: SocketArguments, id: Int?, to text: inout [UInt8]) {
        text += #"{"event":"#.utf8
        JSONValue.write(string: name, to: &text)
        if let id {
            text += #","id":"#.utf8
            text.appendDecimal(id)
        }
        // One argument is the data, several are an array.
        let values = arguments.values
        if !values.isEmpty {
            text += #","data":"#.utf8
            (values.count == 1 ? values[0] : .array(values)).write(to: &text)
        }
        text.append(UInt8(ascii: "}"))
    }

    /// An event as a frame, for many.
    func plainFrames(_ emission: SocketEmission, ackID: Int? = nil) -> [UInt8] {
        var text = takeText()
        defer { giveBack(&text) }
        writePlain(emission.name, emission.arguments, id: ackID, to: &text)
        return WebSocketFrame.framed(.text, text.span)
    }

    /// Where clients without Socket.IO join a namespace.
    package func plainEndpoint(
        namespace: String, limits: SessionLimits, origins: HTTPOriginRule, hooks: EndpointHooks
    ) -> MessageEndpoint {
        let name = namespace.hasPrefix("/") ? namespace : "/\(namespace)"
        precondition(SocketPacketEncoder.isLegal(namespace: name), "a namespace has no comma and 128 bytes at most")
        let engine = EngineEndpoint(
            limits: limits, policy: EnginePolicy(transports: []), origins: origins, cookie: nil
        ) { [unowned self] transport, handshake in
            SocketConnection(transport, handshake, hub: self)
        }
        let extent = settings.keepsRequestFields ? KeptRequest.Extent.whole : .target
        return MessageEndpoint(limits: limits, origins: origins, hooks: hooks) { [unowned self] transport, exchange in
            let head = exchange.head
            var auth = JSONObject()
            for pair in (try? HTTPQuery(head.query).pairs) ?? [] { auth[pair.name] = .string(pair.value) }
            let handshake = EngineHandshake(
                endpoint: engine, form: EngineForm(revision: .four, isBase64: false), cookie: nil,
                request: KeptRequest(head, isSecure: exchange.isSecure, extent: extent), isForeignToAdmins: true)
            return PlainSocketConnection(
                transport, handshake, hub: self, namespace: name, auth: .object(auth))
        }
    }
}
