import SocketIOCore

/// Which event of which loop something is about.
package struct SocketTicket: Sendable, Equatable {
    /// The loop on which it was emitted.
    package let loop: Int
    /// Counted from 1 on.
    package let number: UInt64

    /// A ticket.
    package init(loop: Int, number: UInt64) {
        self.loop = loop
        self.number = number
    }
}

/// The events of one hub that wait for their place among those of all servers.
///
/// Where clients that were lost may come back to any server, an event's offset is what every server knows it by: its id in the
/// stream that all read. So events go to the first loop and into the stream, and are delivered when they are read from it, on all
/// loops, in the order that all servers see. The way is short and bounded (``StreamsSequence``); what a client is to get before its
/// place ends does not wait for it.
final class SocketSequencer {
    private struct Waiting {
        let number: UInt64
        let emission: SocketEmission
        let target: SocketTarget
        let namespace: String
    }

    private unowned let hub: SocketHub
    private var waiting: [Waiting] = []
    private var count: UInt64 = 0
    /// The last entry of the stream that this loop has heard of; nil before it has heard of any.
    private(set) var mark: StreamID?
    /// Whether a client that comes back is given its place by this loop: then it is not kept where others find it.
    var isGiving = false

    init(_ hub: SocketHub) { self.hub = hub }

    /// Whether an event goes this way.
    func takes(_ emission: SocketEmission, to target: SocketTarget) -> Bool {
        !target.isLocal && !emission.options.isVolatile && emission.offset == nil
    }

    /// Emits an event once its place is known.
    func post(_ emission: SocketEmission, to target: SocketTarget, in namespace: String) {
        count += 1
        waiting.append(Waiting(number: count, emission: emission, target: target, namespace: namespace))
        let ticket = SocketTicket(loop: hub.server.loops.own, number: count)
        guard let loops = hub.loops, !loops.isFirst else {
            return hub.sequence(ticket, emission, to: target, in: namespace)
        }
        loops.say(.sequence(ticket, emission, target, namespace: namespace), to: 0)
    }

    /// A command is carried out: with a ticket, one of an event that may wait here.
    func noted(_ command: SocketCommand, _ ticket: SocketTicket?) {
        if case .emit(let emission) = command, let id = emission.offset.flatMap({ StreamID($0.text) }) { mark = id }
        guard let ticket, ticket.loop == hub.server.loops.own else { return }
        // What is older was lost on its way.
        waiting.removeAll { $0.number <= ticket.number }
    }

    /// The stream ends there at present, whatever has been heard of it before.
    func began(at id: StreamID) { mark = id }

    /// A socket's place ends: it gets what waits for it.
    func settle(_ socket: NamespaceSocket) {
        for event in waiting
        where event.namespace == socket.namespace.name
            && socket.namespace.sockets(event.target).contains(where: { $0 === socket })
        {
            let frames =
                socket.isPlain ? hub.plainFrames(event.emission) : hub.frames(event.emission, in: socket.namespace)
            if let frames { socket.deliver(frames, event.emission, 0) }
        }
    }
}

extension SocketHub {
    /// On the first loop: an event is to get its place among those of all servers.
    func sequence(_ ticket: SocketTicket, _ emission: SocketEmission, to target: SocketTarget, in name: String) {
        if let relay, relay.sequence(ticket, emission, to: target, in: name) { return }
        sequenced(ticket, emission, to: target, in: name, at: nil)
    }

    /// On the first loop: it is the turn of an event.
    ///
    /// - Parameter id: Its id in the stream; nil where it does not wait for that, and has an offset that only this server knows.
    func sequenced(
        _ ticket: SocketTicket, _ emission: SocketEmission, to target: SocketTarget, in name: String, at id: StreamID?
    ) {
        var emission = emission
        if let id { emission.offset = SocketOffset(text: id.text) }
        perform(traced(.emit(emission)), on: target, in: existingNamespace(name), name: name, ticket)
    }

    /// On the first loop: the stream ends there at present.
    func streamBegan(at id: StreamID) {
        sequencer?.began(at: id)
        loops?.send(.began(id))
    }

    /// Keeps the place of a client that was lost, where every server finds it that could.
    func keep(_ place: SocketPlace) {
        guard let sequencer, !sequencer.isGiving else { recovery?.put(place); return }
        if let loops, !loops.isFirst {
            loops.say(.keep(place), to: 0)
            return
        }
        keepForAll(place) { [weak self] in self?.recovery?.put(place) }
    }

    /// On the first loop: keeps a place where every server finds it.
    ///
    /// - Parameter refused: Called where that cannot be done.
    func keepForAll(_ place: SocketPlace, refused: @escaping () -> Void) {
        guard let relay else { return refused() }
        relay.keep(place, refused: refused)
    }
}
