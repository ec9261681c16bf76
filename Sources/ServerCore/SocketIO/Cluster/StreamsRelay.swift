import ByteKit
import Determinism
import JSONCore
import SocketIOCore

/// The way to other servers through a stream of Redis's, as `@socket.io/redis-streams-adapter` writes it with one stream: what is done
/// to sockets is an entry, which a server that was away reads later; questions and answers go on channels
/// (protocol/spec/cluster.md §4).
package final class StreamsRelay: SocketRelay {
    /// About how many entries the stream keeps.
    package static let entriesMax = 10_000

    unowned let hub: SocketHub
    let bus: any ClusterBus
    let identity: ClusterIdentity
    private let requests: ClusterRequests
    private let sequence: StreamsSequence
    /// The namespaces by their channels: the one that all hear, and this server's own.
    private var namespaces: [String: String] = [:]

    /// A relay for a hub, which then joins it.
    package init(_ hub: SocketHub, _ bus: any ClusterBus, _ identity: ClusterIdentity) {
        self.hub = hub
        self.bus = bus
        self.identity = identity
        requests = ClusterRequests(hub, isCounted: identity.isCounted)
        sequence = StreamsSequence(hub)
    }

    package func flush() { bus.flush() }

    private func channel(_ namespace: String) -> String { "\(identity.prefix)#\(namespace)#" }

    private func channel(_ namespace: String, of server: String) -> String {
        "\(identity.prefix)#\(namespace)#\(server)#"
    }

    package func opened(_ namespace: String) {
        let (channels, patterns) = listened(namespace)
        for name in channels + patterns { namespaces[name] = namespace }
        bus.subscribe(channels: channels, patterns: patterns)
    }

    package func closed(_ namespace: String) {
        let (channels, patterns) = listened(namespace)
        for name in channels + patterns { namespaces[name] = nil }
        bus.unsubscribe(channels: channels, patterns: patterns)
    }

    /// Those who hear a namespace's channel by its name are the servers that others count.
    private func listened(_ namespace: String) -> (channels: [String], patterns: [String]) {
        let (all, own) = (channel(namespace), channel(namespace, of: identity.id))
        return identity.isCounted ? ([all, own], []) : ([own], [ClusterIdentity.pattern(of: all)])
    }

    // MARK: Out

    package func relay(_ command: SocketCommand, to target: SocketTarget, in namespace: String) {
        let message = StreamsMessage(sender: identity.id, namespace: namespace, .command(command, target))
        bus.append(message.entry(), to: identity.prefix, entriesMax: Self.entriesMax)
    }

    package func sequence(
        _ ticket: SocketTicket, _ emission: SocketEmission, to target: SocketTarget, in namespace: String
    ) -> Bool {
        let message = StreamsMessage(sender: identity.id, namespace: namespace, .command(.emit(emission), target))
        let number = ("n", Array("\(ticket.loop).\(ticket.number)".utf8))
        bus.append(message.entry() + [number], to: identity.prefix, entriesMax: Self.entriesMax)
        // Else it waits for Redis, for the sake of the other servers.
        return bus.isReached && sequence.sent(ticket, emission, to: target, in: namespace)
    }

    private func publish(_ body: StreamsMessage.Body, in namespace: String) {
        bus.publish(channel(namespace), StreamsMessage(sender: identity.id, namespace: namespace, body).encode())
    }

    package func ask(
        _ emission: SocketEmission, _ target: SocketTarget, in namespace: String, timeout: Interval,
        report: @escaping (SocketAskReport) -> Void
    ) {
        requests.countOthers(on: bus, channel(namespace)) { [weak self] count in
            guard let self, requests.canAsk(count, report), let count else { return }
            let id = hub.makeRequestID()
            requests.awaitAcks(id, servers: count, timeout: timeout, report: report)
            publish(.ask(id, emission, target), in: namespace)
        }
    }

    package func fetch(_ target: SocketTarget, in namespace: String, _ done: @escaping (SocketFinding) -> Void) {
        requests.countOthers(on: bus, channel(namespace)) { [weak self] count in
            guard let self, let count else { return done(SocketFinding(missing: ["unknown"])) }
            guard count > 0 else { return done(SocketFinding()) }
            let id = hub.makeRequestID()
            requests.awaitSockets(id, servers: count, identity, done)
            publish(.fetch(id, target), in: namespace)
        }
    }

    package func tell(
        _ name: String, _ arguments: SocketArguments, in namespace: String, answers: ((SocketAnswers) -> Void)?
    ) {
        guard let answers else { return publish(.tell(nil, name, arguments), in: namespace) }
        requests.countOthers(on: bus, channel(namespace)) { [weak self] count in
            guard let self, let count, count > 0 else {
                return answers(SocketAnswers(missingServers: count == 0 ? [] : ["unknown"]))
            }
            let id = hub.makeRequestID()
            requests.awaitAnswers(id, servers: count, answers)
            publish(.tell(id, name, arguments), in: namespace)
        }
    }

    // MARK: In

    /// Takes a message of a channel.
    package func received(listened: String, channel: String, _ payload: [UInt8]) {
        guard let namespace = namespaces[listened] else { return }
        hub.attempt { () throws(ClusterMessageError) in
            let message = try StreamsMessage(payload)
            guard message.namespace == namespace else { return }
            take(message)
        }
    }

    /// The stream ends there at present, and is read from there on.
    package func began(at id: StreamID) { hub.streamBegan(at: id) }

    /// Takes an entry of the stream.
    package func read(_ entry: StreamEntry) {
        if let ticket = ownTicket(entry.fields) { return sequence.landed(ticket, at: entry.id) }
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

    private func take(_ message: StreamsMessage) {
        // What this server says it has done itself.
        guard message.sender != identity.id else { return }
        let (namespace, sender) = (message.namespace, message.sender)
        switch message.body {
        case .presence: break
        case .command(let command, let target): hub.arrived(command, for: target, in: namespace)
        case .ask, .fetch, .tell: if identity.isCounted { answer(message) }
        case .sockets(let id, let forms): requests.answered(id, by: sender, .sockets(forms))
        case .answer(let id, let value): requests.answered(id, by: sender, .answer(value))
        case .clientCount(let id, let count): requests.asked(id, clients: count)
        case .ack(let id, let value): requests.acknowledged(id, value)
        }
    }

    private func answer(_ message: StreamsMessage) {
        let (namespace, sender) = (message.namespace, message.sender)
        switch message.body {
        case .ask(let id, let emission, let target):
            hub.askForServer(emission, target, in: namespace) { [weak self] clientCount in
                self?.respond(.clientCount(id, clientCount), to: sender, in: namespace)
            } answered: { [weak self] answer in
                self?.respond(.ack(id, answer), to: sender, in: namespace)
            }
        case .fetch(let id, let target):
            hub.fetch(target, in: namespace) { [weak self] in
                guard let self else { return }
                let forms = ClusterSockets(hub, identity)
                respond(.sockets(id, $0.sockets.map { forms.form($0) }), to: sender, in: namespace)
            }
        case .tell(let id, let name, let arguments):
            hub.toldByServer(
                name, arguments, in: namespace,
                answer: id.map { id in
                    { [weak self] in self?.respond(.answer(id, $0), to: sender, in: namespace) }
                })
        default: break
        }
    }

    private func respond(_ body: StreamsMessage.Body, to server: String, in namespace: String) {
        bus.publish(
            channel(namespace, of: server),
            StreamsMessage(sender: identity.id, namespace: namespace, body).encode())
    }
}
