import ByteKit
import Determinism
import JSONCore

/// The handshake that a server opens a session with: packet `0` and a JSON object (Engine.IO v4 “Handshake”).
package struct EngineOpen: Sendable, Equatable {
    /// The session's id. Secret: over HTTP it is all that a client shows.
    package var sid: String
    /// The transports that the client may move to.
    package var upgrades: [String]
    /// How long after the last pong the server pings. Whole milliseconds on the wire.
    package var pingInterval: Interval
    /// How long after a ping the pong may take.
    package var pingTimeout: Interval
    /// The most bytes that the server takes in one message, or in one polling body.
    package var maxPayload: Int

    /// A handshake.
    package init(
        sid: String, upgrades: [String] = [], pingInterval: Interval, pingTimeout: Interval, maxPayload: Int
    ) {
        self.sid = sid
        self.upgrades = upgrades
        self.pingInterval = pingInterval
        self.pingTimeout = pingTimeout
        self.maxPayload = maxPayload
    }

    /// The whole packet, keys in the order of the reference server.
    package func encode() -> [UInt8] {
        var text = [EnginePacket.Kind.open.rawValue]
        let object: JSONValue = [
            "sid": .string(sid),
            "upgrades": .array(upgrades.map { .string($0) }),
            "pingInterval": .integer(pingInterval.nanoseconds / 1_000_000),
            "pingTimeout": .integer(pingTimeout.nanoseconds / 1_000_000),
            "maxPayload": .integer(Int64(maxPayload)),
        ]
        object.write(to: &text)
        return text
    }

    /// The handshake that an open packet, given whole, holds; for clients.
    ///
    /// Keys that are not known are ignored. Times are 1 ms to 1 day, so that deadlines never overflow.
    package init(packet text: Span<UInt8>) throws(EngineError) {
        guard text.count > 0, text[0] == EnginePacket.Kind.open.rawValue,
            let value = try? JSONValue.parse(text, from: EnginePacket.dataStart, limits: JSONLimits()),
            let sid = value["sid"]?.string, let upgrades = value["upgrades"]?.array,
            let pingInterval = Self.interval(value["pingInterval"]),
            let pingTimeout = Self.interval(value["pingTimeout"]),
            let maxPayload = value["maxPayload"]?.integer, maxPayload > 0
        else { throw .malformedOpen }
        self.sid = sid
        self.upgrades = upgrades.compactMap(\.string)
        self.pingInterval = pingInterval
        self.pingTimeout = pingTimeout
        self.maxPayload = Int(maxPayload)
    }

    private static func interval(_ value: JSONValue?) -> Interval? {
        guard let milliseconds = value?.integer, (1...86_400_000).contains(milliseconds) else { return nil }
        return .milliseconds(Int(milliseconds))
    }
}

/// Ids of sessions and of sockets: 20 characters of the base64 URL alphabet, as peers and adapters expect.
package enum EngineID {
    /// How many random bytes an id is made from.
    package static let randomByteCount = 15

    /// The id of ``randomByteCount`` bytes from a secure source.
    package static func make(from random: [UInt8]) -> String {
        precondition(random.count == randomByteCount, "An id is made from 15 random bytes.")
        return Base64.encodeURL(random)
    }
}
