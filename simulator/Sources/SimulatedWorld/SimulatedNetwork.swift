package import BotCore
package import ByteKit
package import Determinism

/// Why a simulated connection did not come about.
package enum ConnectError: Error, Sendable {
    /// Nobody listens on the port (`ECONNREFUSED`).
    case refused
}

/// The network of the simulated world: its processes, who listens where, and every live connection.
///
/// Everything that is drawn comes from the one generator that it was made with. Each connection has a generator of its
/// own, seeded by the world, the name of the node that opened it and how many it had opened before: what happens
/// to one connection does not change what is drawn for another.
///
/// A world holds itself together with strong references; ``tearDown()`` lets go of them.
package final class SimulatedNetwork {
    private struct Listener {
        var port: String
        var node: SimulatedNode
        var accept: (SimulatedStream) -> Void
    }

    /// The world's clock.
    package let time: SimulatedTime
    /// What has happened.
    package let trace = WorldTrace()
    /// Who sees every byte, beside the ends; nil for nobody.
    package var witness: (any WireWitness)?
    /// The processes, in the order they were added; crashed ones stay.
    package private(set) var nodes: [SimulatedNode] = []
    /// The connections of which an end is still open, in an order that follows from the seed, so that a fault can be
    /// drawn by position.
    package private(set) var livePipes: [SimulatedPipe] = []
    /// How many connections have been opened.
    package private(set) var connectionCount = 0

    /// Ends of connections that are between two loops.
    var detached: [Int: SimulatedStream] = [:]

    private let seed: UInt64
    private var listeners: [Listener] = []
    /// The newest node of each name; looked up, never iterated.
    private var nodesByName: [String: SimulatedNode] = [:]
    private var readBuffer: [UInt8] = []

    /// A network in which nobody is.
    ///
    /// - Parameter random: The world's generator; one number is taken from it.
    package init(time: SimulatedTime, random: inout SeededRandom) {
        self.time = time
        seed = random.next()
    }

    /// Adds a process. Its first turn comes at the present instant.
    ///
    /// - Precondition: `name` is not that of a process that lives.
    package func addNode(_ name: String, _ hooks: SimulatedNode.Hooks = SimulatedNode.Hooks()) -> SimulatedNode {
        let former = nodesByName[name]
        precondition(former == nil || former?.condition == .crashed, "two nodes cannot share the name \(name)")
        let node = SimulatedNode(name: name, time: time, hooks: hooks)
        // A process that is started again draws other numbers than it did in its first life.
        node.connectCount = former.map { $0.connectCount } ?? 0
        nodesByName[name] = node
        nodes.append(node)
        return node
    }

    /// Listens on `port` for `node`; `accept` is called on its turns with each new connection, and sets the
    /// stream's handler.
    ///
    /// - Precondition: Nobody listens there.
    package func listen(on port: String, node: SimulatedNode, _ accept: @escaping (SimulatedStream) -> Void) {
        precondition(listener(on: port) == nil, "somebody listens on \(port)")
        listeners.append(Listener(port: port, node: node, accept: accept))
    }

    /// Stops listening; connections are refused from now on, those in the middle of their handshake too.
    package func stopListening(on port: String) {
        listeners.removeAll { $0.port == port }
    }

    /// Opens a connection from `node` to whoever listens on `port`.
    ///
    /// The client's end is there after one round trip, the server's half a round trip later, as with TCP.
    ///
    /// - Parameters:
    ///   - handler: Becomes the handler of the client's end.
    ///   - completion: Called once, on a turn of `node`; never if it has crashed.
    package func connect(
        from node: SimulatedNode, to port: String, _ conditions: NetworkConditions,
        handler: any ByteStreamHandler,
        completion: @escaping (Result<SimulatedStream, ConnectError>) -> Void
    ) {
        var random = SeededRandom(seed: pipeSeed(node))
        let arrival = time.now + flight(conditions.up, &random)
        let answer = arrival + flight(conditions.down, &random)
        let ready = flight(conditions.up, &random)
        time.schedule(at: arrival) { [self] in
            let isHeard = listener(on: port) != nil
            node.call(at: answer) { [self] in
                guard isHeard, let listener = listener(on: port) else {
                    trace.record(.refused, 0, .client, at: time.now)
                    return completion(.failure(.refused))
                }
                open(from: node, to: listener, conditions, ready: ready, random, handler, completion)
            }
        }
    }

    /// Ends a process without a word to it: its connections are reset, its ports are free, its events forgotten.
    package func crash(_ node: SimulatedNode) {
        node.crash()
        listeners.removeAll { $0.node === node }
        for pipe in livePipes {
            for side in [PipeSide.client, .server] where pipe.end(side).node === node { pipe.crash(side) }
        }
    }

    /// Makes a stream of `node` of one that another loop has detached; nil when the connection has been reset meanwhile.
    func attach(_ stream: DetachedSimulatedStream, to node: SimulatedNode) -> SimulatedStream? {
        guard let attached = detached.removeValue(forKey: stream.connection), attached.state == .open else {
            return nil
        }
        attached.move(to: node)
        return attached
    }

    /// A live connection drawn by `random`, or nil when there is none.
    package func drawPipe(_ random: inout SeededRandom) -> SimulatedPipe? {
        livePipes.isEmpty ? nil : livePipes[random.int(in: 0...livePipes.count - 1)]
    }

    /// Ends the world: every handler, hook and listener is let go without a call. Time must not be run afterwards.
    package func tearDown() {
        for node in nodes { node.crash() }
        for pipe in livePipes { pipe.tearDown() }
        nodes = []
        nodesByName = [:]
        livePipes = []
        listeners = []
        detached = [:]
        witness = nil
        trace.line = nil
        time.tearDown()
    }

    // MARK: For pipes

    /// Drops a connection whose ends are both closed.
    func forget(_ pipe: SimulatedPipe) {
        let last = livePipes.removeLast()
        guard last !== pipe else { return }
        livePipes[pipe.liveIndex] = last
        last.liveIndex = pipe.liveIndex
    }

    /// Lends the one buffer that all reads are made into.
    func takeReadBuffer() -> [UInt8] {
        var buffer: [UInt8] = []
        swap(&buffer, &readBuffer)
        return buffer
    }

    /// Takes the read buffer back.
    func returnReadBuffer(_ buffer: inout [UInt8]) {
        swap(&buffer, &readBuffer)
    }

    // MARK: Handshake

    private func listener(on port: String) -> Listener? {
        listeners.first { $0.port == port }
    }

    private func open(
        from node: SimulatedNode, to listener: Listener, _ conditions: NetworkConditions, ready: Interval,
        _ random: SeededRandom, _ handler: any ByteStreamHandler,
        _ completion: (Result<SimulatedStream, ConnectError>) -> Void
    ) {
        let accepted = time.now + ready
        connectionCount += 1
        let pipe = SimulatedPipe(
            connectionCount, client: node, server: listener.node, conditions, firstArrival: accepted,
            random: random, in: self)
        pipe.liveIndex = livePipes.count
        livePipes.append(pipe)
        pipe.client.handler = handler
        witness?.opened(pipe)
        trace.record(.opened, pipe.connection, .client, at: time.now)
        // Scheduled before the client can send, so it comes before the first bytes even at the same instant.
        listener.node.call(at: accepted) { [self] in
            guard pipe.server.state == .open else { return }
            trace.record(.accepted, pipe.connection, .server, at: time.now)
            listener.accept(pipe.server)
        }
        completion(.success(pipe.client))
    }

    private func pipeSeed(_ node: SimulatedNode) -> UInt64 {
        var hash = StableHash()
        hash.feed(seed)
        for byte in node.name.utf8 { hash.feed(byte) }
        hash.feed(node.connectCount)
        node.connectCount += 1
        return hash.value
    }

    private func flight(_ link: LinkConditions, _ random: inout SeededRandom) -> Interval {
        let latency = max(link.latency, Interval(nanoseconds: 1))
        guard link.jitter > .zero else { return latency }
        return latency + Interval(nanoseconds: Int64(random.int(in: 0...Int(link.jitter.nanoseconds))))
    }
}
