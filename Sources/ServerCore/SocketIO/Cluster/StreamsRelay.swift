import ByteKit
import Determinism
import SocketIOCore

/// The way to other servers through a stream of Redis's, as `@socket.io/redis-streams-adapter` writes it with one stream: what is done
/// to sockets is an entry, which a server that was away reads later; questions and answers go on channels
/// (protocol/spec/cluster.md §4).
package final class StreamsRelay: ChannelRelay {
    /// About how many entries the stream keeps.
    package static let entriesMax = 10_000

    private let events: StreamsSequence
    /// The last entry that has been read, or where the stream ended when reading began; nil before that.
    private(set) var lastRead: StreamID?

    package override init(_ hub: SocketHub, _ bus: any ClusterBus, _ identity: ClusterIdentity) {
        events = StreamsSequence(hub)
        super.init(hub, bus, identity)
    }

    package override func relay(_ command: SocketCommand, to target: SocketTarget, in namespace: String) {
        let message = StreamsMessage(sender: identity.id, namespace: namespace, .command(command, target))
        bus.append(message.entry(), to: identity.prefix, entriesMax: Self.entriesMax)
    }

    package override func sequence(
        _ ticket: SocketTicket, _ emission: SocketEmission, to target: SocketTarget, in namespace: String
    ) -> Bool {
        let message = StreamsMessage(sender: identity.id, namespace: namespace, .command(.emit(emission), target))
        let number = ("n", Array("\(ticket.loop).\(ticket.number)".utf8))
        bus.append(message.entry() + [number], to: identity.prefix, entriesMax: Self.entriesMax)
        guard bus.isReached else {
            // It waits for Redis, for the sake of the other servers.
            events.waitForNone()
            return false
        }
        return events.sent(ticket, emission, to: target, in: namespace)
    }

    package override func keep(_ place: SocketPlace, refused: @escaping () -> Void) {
        keepInRedis(place, refused: refused)
    }

    package override func take(
        _ claim: SocketClaim, in namespace: String, bytesMax: Int, _ done: @escaping (SocketPlace?) -> Void
    ) { takeFromRedis(claim, in: namespace, bytesMax: bytesMax, done) }

    // MARK: In

    /// The stream ends there at present, and is read from there on.
    package func began(at id: StreamID) {
        lastRead = id
        hub.streamBegan(at: id)
    }

    /// Takes an entry of the stream.
    package func read(_ entry: StreamEntry) {
        lastRead = entry.id
        if let ticket = ownTicket(entry.fields) { return events.landed(ticket, at: entry.id) }
        hub.attempt { () throws(ClusterMessageError) in
            guard var message = try StreamsMessage(entry: entry.fields) else { return }
            if hub.sequencer != nil, case .command(.emit(var emission), let target) = message.body,
                !emission.options.isVolatile
            {
                emission.offset = SocketOffset(text: entry.id.text)
                message.body = .command(.emit(emission), target)
            }
            take(message)
        }
    }

    /// The ticket of an event of this server.
    private func ownTicket(_ fields: [(name: String, value: [UInt8])]) -> SocketTicket? {
        guard let number = fields.first(where: { $0.name == "n" })?.value,
            fields.contains(where: { $0.name == "uid" && $0.value == Array(identity.id.utf8) })
        else { return nil }
        let parts = String(decoding: number, as: UTF8.self).split(separator: ".")
        guard parts.count == 2, let loop = Int(parts[0]), let count = UInt64(parts[1]) else { return nil }
        return SocketTicket(loop: loop, number: count)
    }
}
