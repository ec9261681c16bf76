import ByteKit
import Determinism
import JSONCore
import SocketIOCore

/// The way to other servers through Redis's channels, as `@socket.io/redis-adapter` speaks on them, so that Node servers and
/// `@socket.io/redis-emitter` are in the same cluster (protocol/spec/cluster.md §3).
package final class ClassicRelay: SocketRelay {
    private unowned let hub: SocketHub
    private let bus: any ClusterBus
    private let identity: ClusterIdentity
    private let requests: ClusterRequests
    /// The channels of each namespace, by the namespace.
    private var channels: [String: Channels] = [:]
    /// What to do with a message, by its channel or the pattern that it matched.
    private var listeners: [String: (kind: Kind, namespace: String)] = [:]

    private enum Kind { case broadcast, request, response }

    /// What a namespace's channels are called.
    struct Channels {
        let broadcast: String
        let request: String
        let response: String
        let ownResponse: String

        init(_ namespace: String, _ identity: ClusterIdentity) {
            broadcast = "\(identity.prefix)#\(namespace)#"
            request = "\(identity.prefix)-request#\(namespace)#"
            response = "\(identity.prefix)-response#\(namespace)#"
            ownResponse = "\(identity.prefix)-response#\(namespace)#\(identity.id)#"
        }

        /// All that begins like the broadcasts' channel.
        var pattern: String { ClusterIdentity.pattern(of: broadcast) + "*" }
    }

    /// A relay for a hub, which then joins it.
    package init(_ hub: SocketHub, _ bus: any ClusterBus, _ identity: ClusterIdentity) {
        self.hub = hub
        self.bus = bus
        self.identity = identity
        requests = ClusterRequests(hub, isCounted: identity.isCounted)
    }

    package func flush() { bus.flush() }

    // MARK: Namespaces

    package func opened(_ namespace: String) {
        let own = Channels(namespace, identity)
        channels[namespace] = own
        let (names, patterns) = listened(own)
        for name in names { listeners[name] = (.response, namespace) }
        listeners[own.pattern] = (.broadcast, namespace)
        listeners[request(own)] = (.request, namespace)
        bus.subscribe(channels: names, patterns: patterns)
    }

    package func closed(_ namespace: String) {
        guard let own = channels.removeValue(forKey: namespace) else { return }
        let (names, patterns) = listened(own)
        for name in names + patterns { listeners[name] = nil }
        bus.unsubscribe(channels: names, patterns: patterns)
    }

    /// Those who hear the requests' channel by its name are the servers that others count.
    private func request(_ own: Channels) -> String {
        identity.isCounted ? own.request : ClusterIdentity.pattern(of: own.request)
    }

    private func listened(_ own: Channels) -> (channels: [String], patterns: [String]) {
        let responses = [own.response, own.ownResponse]
        return identity.isCounted
            ? ([own.request] + responses, [own.pattern]) : (responses, [own.pattern, request(own)])
    }

    // MARK: Out

    package func relay(_ command: SocketCommand, to target: SocketTarget, in namespace: String) {
        let own = channels[namespace] ?? Channels(namespace, identity)
        if case .emit(let emission) = command {
            let payload = ClassicBroadcast.encode(sender: identity.id, emission, target, in: namespace)
            return bus.publish(target.rooms.count == 1 ? "\(own.broadcast)\(target.rooms[0])#" : own.broadcast, payload)
        }
        send(ClassicRequest(sender: identity.id, id: nil, .command(command, target)), in: namespace)
    }

    private func send(_ request: ClassicRequest, in namespace: String) {
        guard let payload = request.encode(in: namespace) else { return }
        bus.publish((channels[namespace] ?? Channels(namespace, identity)).request, payload)
    }

    package func ask(
        _ emission: SocketEmission, _ target: SocketTarget, in namespace: String, timeout: Interval,
        report: @escaping (SocketAskReport) -> Void
    ) {
        countOthers(namespace) { [weak self] count in
            guard let self, requests.canAsk(count, report), let count else { return }
            let id = hub.makeRequestID()
            requests.awaitAcks(id, servers: count, timeout: timeout, report: report)
            send(ClassicRequest(sender: identity.id, id: id, .ask(emission, target)), in: namespace)
        }
    }

    package func fetch(_ target: SocketTarget, in namespace: String, _ done: @escaping (SocketFinding) -> Void) {
        countOthers(namespace) { [weak self] count in
            guard let self, let count else { return done(SocketFinding(missing: ["unknown"])) }
            guard count > 0 else { return done(SocketFinding()) }
            let id = hub.makeRequestID()
            requests.awaitSockets(id, servers: count, identity, done)
            send(ClassicRequest(sender: identity.id, id: id, .fetch(target)), in: namespace)
        }
    }

    package func tell(
        _ name: String, _ arguments: SocketArguments, in namespace: String, answers: ((SocketAnswers) -> Void)?
    ) {
        guard let answers else {
            return send(ClassicRequest(sender: identity.id, id: nil, .tell(name, arguments)), in: namespace)
        }
        countOthers(namespace) { [weak self] count in
            guard let self, let count, count > 0 else {
                return answers(SocketAnswers(missingServers: count == 0 ? [] : ["unknown"]))
            }
            let id = hub.makeRequestID()
            requests.awaitAnswers(id, servers: count, answers)
            send(ClassicRequest(sender: identity.id, id: id, .tell(name, arguments)), in: namespace)
        }
    }

    /// Counts the other servers of a namespace: nil where nobody knows.
    private func countOthers(_ namespace: String, _ done: @escaping (Int?) -> Void) {
        requests.countOthers(on: bus, (channels[namespace] ?? Channels(namespace, identity)).request, done)
    }

    // MARK: In

    /// Takes a message of the bus.
    ///
    /// - Parameters:
    ///   - listened: The channel, or the pattern that it matched.
    ///   - channel: The channel.
    package func received(listened: String, channel: String, _ payload: [UInt8]) {
        guard let (kind, namespace) = listeners[listened] else { return }
        hub.attempt { () throws(ClusterMessageError) in
            switch kind {
            case .broadcast: try broadcast(payload, on: channel, in: namespace)
            case .request: try request(try ClassicRequest(payload), in: namespace)
            case .response: try response(try ClassicResponse(payload))
            }
        }
    }

    private func broadcast(
        _ payload: [UInt8], on channel: String, in namespace: String
    ) throws(ClusterMessageError) {
        if let own = channels[namespace], hub.loops == nil {
            // Most rooms are on few servers, so most broadcasts need not be read.
            let room = String(channel.dropFirst(own.broadcast.count).dropLast())
            guard room.isEmpty || hub.existingNamespace(namespace)?.hasRoom(room) == true else { return }
        }
        let broadcast = try ClassicBroadcast(payload)
        guard broadcast.sender != identity.id, broadcast.namespace == namespace else { return }
        hub.arrived(.emit(broadcast.emission), for: broadcast.target, in: namespace)
    }

    private func request(_ request: ClassicRequest, in namespace: String) throws(ClusterMessageError) {
        // What this server asks it has done and answered itself.
        guard request.sender != identity.id else { return }
        if !identity.isCounted {
            guard case .command(let command, let target) = request.body else { return }
            return hub.arrived(command, for: target, in: namespace)
        }
        switch request.body {
        case .command(let command, let target): hub.arrived(command, for: target, in: namespace)
        case .single(let command, let id):
            var target = SocketTarget()
            target.rooms = [id]
            target.isLocal = true
            guard let socket = SocketID(id), hub.existingNamespace(namespace)?.socket(socket) != nil else { return }
            hub.arrived(command, for: target, in: namespace)
            respond(to: request, .done, in: namespace)
        case .sockets(let rooms):
            var target = SocketTarget()
            target.rooms = rooms
            find(target, for: request, in: namespace) { .sockets($0.map { .string($0.id) }) }
        case .allRooms:
            find(SocketTarget(), for: request, in: namespace) { sockets in
                var names: Set<String> = []
                for socket in sockets { names.formUnion(socket.rooms) }
                return .rooms(names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
            }
        case .fetch(let target):
            find(target, for: request, in: namespace) { [hub, identity] sockets in
                let forms = ClusterSockets(hub, identity)
                return .sockets(sockets.map { forms.form($0) })
            }
        case .tell(let name, let arguments):
            hub.toldByServer(
                name, arguments, in: namespace,
                answer: request.id.map { _ in
                    { [weak self] in self?.respond(to: request, .answer($0), in: namespace) }
                })
        case .ask(let emission, let target):
            hub.askForServer(emission, target, in: namespace) { [weak self] clientCount in
                self?.respond(to: request, .clientCount(clientCount), in: namespace)
            } answered: { [weak self] answer in
                self?.respond(to: request, .ack(answer), in: namespace)
            }
        }
    }

    private func find(
        _ target: SocketTarget, for request: ClassicRequest, in namespace: String,
        _ answer: @escaping ([SocketDescription]) -> ClassicResponse.Body
    ) {
        var target = target
        target.isLocal = true
        hub.fetch(target, in: namespace) { [weak self] in
            self?.respond(to: request, answer($0.sockets), in: namespace)
        }
    }

    private func respond(to request: ClassicRequest, _ body: ClassicResponse.Body, in namespace: String) {
        guard let id = request.id else { return }
        let own = channels[namespace] ?? Channels(namespace, identity)
        bus.publish(own.response, ClassicResponse(id: id, sender: identity.id, body).encode())
    }

    private func response(_ response: ClassicResponse) throws(ClusterMessageError) {
        let id = response.id
        switch response.body {
        case .sockets(let forms): requests.answered(id, by: response.sender, .sockets(forms))
        case .answer(let value): requests.answered(id, by: response.sender, .answer(value))
        case .clientCount(let count): requests.asked(id, clients: count)
        case .ack(let value): requests.acknowledged(id, value)
        case .rooms, .done: break
        }
    }
}
