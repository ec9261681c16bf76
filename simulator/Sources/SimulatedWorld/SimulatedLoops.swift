internal import ByteKit
internal import Determinism
internal import ServerCore

/// The mailboxes of a simulated server's loops: each batch takes a while that is drawn, and none overtakes another.
final class SimulatedLoops {
    /// The longest that a batch takes.
    private static let delayMax = 200_000

    private let network: SimulatedNetwork
    private var time: SimulatedTime { network.time }
    private var random: SeededRandom
    private var directory: LoopDirectory
    private var places: [(server: Server, node: SimulatedNode)] = []
    private let count: Int

    init(count: Int, _ admission: AdmissionLimits, in network: SimulatedNetwork, random: SeededRandom) {
        self.count = count
        self.network = network
        self.random = random
        directory = LoopDirectory(loops: count, admission: admission, seed: self.random.next())
    }

    func links(of loop: Int) -> any LoopLinks { Links(loops: self, own: loop, count: count) }

    /// Lets go of the servers, which hold this.
    func tearDown() { places = [] }

    /// The next loop's server and process.
    func add(_ server: Server, _ node: SimulatedNode) { places.append((server, node)) }

    private final class Links: LoopLinks {
        let loops: SimulatedLoops
        let own: Int
        let count: Int
        /// When the last batch to each loop arrives.
        private var arrivals: [Instant]

        init(loops: SimulatedLoops, own: Int, count: Int) {
            self.loops = loops
            self.own = own
            self.count = count
            arrivals = Array(repeating: .zero, count: count)
        }

        func post(_ batch: LoopBatch, to loop: Int) {
            let delay = Interval(nanoseconds: Int64(loops.random.int(in: 1...SimulatedLoops.delayMax)))
            let arrival = max(arrivals[loop], loops.time.now + delay)
            arrivals[loop] = arrival
            guard !loops.places.isEmpty else { return }
            let place = loops.places[loop]
            place.node.call(at: arrival) { place.server.receive(batch) }
        }

        func attach(_ stream: any DetachedStream) -> (any ByteStream)? {
            guard let stream = stream as? DetachedSimulatedStream else { return nil }
            return loops.network.attach(stream, to: loops.places[own].node)
        }

        func withDirectory(_ body: (inout LoopDirectory) -> Void) { body(&loops.directory) }
    }
}
