import GameKit
import JSONCore
import SocketIOCore

/// What a game may say in one call. More, or what no client could be sent, is the game's fault: its lobby ends alone.
extension GameOutput {
    /// The most events of one call of the game's code.
    static let eventsMax = 1024

    /// Names that mean something of the server's own (protocol/spec/lobby.md §4).
    private static let ownNames: Set<String> = [
        "joined", "snapshot", "kicked", "closed", "replaced", "finished", "draining", "exception", "ack",
        "phase", "players", "terms", "chat", "muted", "queued", "lobbies",
    ]

    /// What is wrong with the output, if anything.
    var fault: String? {
        guard events.count <= Self.eventsMax else { return "it emitted more than \(Self.eventsMax) events at once" }
        for event in events {
            guard SocketEventName(.string(event.name)) != nil, !Self.ownNames.contains(event.name) else {
                return "it emitted an event named \"\(event.name)\", which is reserved or longer than 128 bytes"
            }
            if let fault = Self.fault(of: event.data, in: event.name) { return fault }
        }
        return result.flatMap { Self.fault(of: $0, in: "finished") }
    }

    private static func fault(of data: JSONValue, in name: String) -> String? {
        guard data.containsBinary else { return nil }
        let packet = SocketPacket(.event(.text(name), [data], ackID: nil))
        return (try? SocketPacketEncoder.encode(packet)) == nil
            ? "its event \"\(name)\" holds more than \(SocketPacket.attachmentsMax) binary values" : nil
    }
}
