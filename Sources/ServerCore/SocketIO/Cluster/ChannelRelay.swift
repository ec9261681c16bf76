import ByteKit
import Determinism
import JSONCore
import SocketIOCore

/// The way to other servers on channels, on which all of a namespace hear one and each has one of its own for what it is answered: what
/// the Streams adapter and the sharded one share (protocol/spec/cluster.md §4).
package class ChannelRelay: SocketRelay {
    unowned let hub: SocketHub
    final let bus: any ClusterBus
    final let identity: ClusterIdentity
    private let requests: ClusterRequests
    /// The namespaces by the channels that are heard.
    final var namespaces: [String: String] = [:]

    /// A relay for a hub, which then joins it.
    package init(_ hub: SocketHub, _ bus: any ClusterBus, _ identity: ClusterIdentity) {
        self.hub = hub
        self.bus = bus
        self.identity = identity
        requests = ClusterRequests(hub, isCounted: identity.isCounted)
    }

    package final func flush() { bus.flush() }

    // MARK: What adapters do in ways of their own

    package func relay(_ command: SocketCommand, to target: SocketTarget, in namespace: String) {}

    package func sequence(
        _ ticket: SocketTicket, _ emission: SocketEmission, to target: SocketTarget, in namespace: String
    ) -> Bool {
        relay(.emit(emission), to: target, in: namespace)
        return false
    }

    package func keep(_ place: SocketPlace, refused: @escaping () -> Void) { refused() }

    package func take(
        _ claim: SocketClaim, in namespace: String, bytesMax: Int, _ done: @escaping (SocketPlace?) -> Void
    ) { done(nil) }

    package func roomOpened(_ room: String, in namespace: String) {}

    package func roomClosed(_ room: String, in namespace: String) {}

    /// A message as bytes of a channel.
    func encode(_ message: StreamsMessage) -> [UInt8] { message.encode() }

    // MARK: Channels

    final func channel(_ namespace: String) -> String { "\(identity.prefix)#\(namespace)#" }

    private func channel(_ namespace: String, of server: String) -> String {
        "\(identity.prefix)#\(namespace)#\(server)#"
    }

    package final func opened(_ namespace: String) {
        let (channels, patterns) = listened(namespace)
        for name in channels + patterns { namespaces[name] = namespace }
        bus.subscribe(channels: channels, patterns: patterns)
    }

    package final func closed(_ namespace: String) {
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

    /// Says something to all servers of a namespace.
    final func publish(_ body: StreamsMessage.Body, in namespace: String) {
        publish(body, on: channel(namespace), in: namespace)
    }

    /// Says something on a channel.
    final func publish(_ body: StreamsMessage.Body, on channel: String, in namespace: String) {
        bus.publish(channel, encode(StreamsMessage(sender: identity.id, namespace: namespace, body)))
    }

    package final func ask(
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

    package final func fetch(_ target: SocketTarget, in namespace: String, _ done: @escaping (SocketFinding) -> Void) {
        requests.countOthers(on: bus, channel(namespace)) { [weak self] count in
            guard let self, let count else { return done(SocketFinding(missing: ["unknown"])) }
            guard count > 0 else { return done(SocketFinding()) }
            let id = hub.makeRequestID()
            requests.awaitSockets(id, servers: count, identity, done)
            publish(.fetch(id, target), in: namespace)
        }
    }

    package final func tell(
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
    package final func received(listened: String, channel: String, _ payload: [UInt8]) {
        guard let namespace = namespaces[listened] else { return }
        hub.attempt { () throws(ClusterMessageError) in
            let message = try StreamsMessage(payload)
            guard message.namespace == namespace else { return }
            take(message)
        }
    }

    final func take(_ message: StreamsMessage) {
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
        publish(body, on: channel(namespace, of: server), in: namespace)
    }
}
