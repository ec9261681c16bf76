import ByteKit
import Determinism
import SocketIOCore

/// The Engine.IO sessions of a server: all of them by id, and those on long polling by their place in timer tokens.
struct EngineSessions {
    private var bySID: [String: EngineSession] = [:]
    private var pollings: [PollingTransport?] = []
    private var freeSlots: [Int] = []
    private var guesses: AddressAllowance
    /// Those that have answers to give at the end of the turn.
    private var dirty: [PollingTransport] = []

    init(_ limits: AdmissionLimits, seed: UInt64) {
        guesses = AddressAllowance(limits.unknownSessionRate, limits: limits, seed: seed)
    }

    /// How many sessions there are, of all transports.
    var count: Int { bySID.count }

    // MARK: By id

    /// The loop to which the session of that id belongs: the id names it, so that no table has to. Nil for what is no id
    /// of ours.
    static func loop(of sid: String, among loops: Int) -> Int? {
        guard sid.utf8.count == EngineID.randomByteCount / 3 * 4 else { return nil }
        var hash = StableHash()
        hash.feed(sid.utf8)
        return Int(hash.value % UInt64(loops))
    }

    /// The session with that id at that endpoint.
    func session(_ sid: String, at endpoint: EngineEndpoint) -> EngineSession? {
        guard let session = bySID[sid] else { return nil }
        return session.handshake.endpoint === endpoint ? session : nil
    }

    /// Whether an address that has asked for a session which is not there may do so: now and then an honest client does,
    /// after a restart, say; whoever tries ids does all the time.
    mutating func mayGuess(_ peer: PeerAddress, at now: Instant) -> Bool { guesses.take(peer, at: now) }

    mutating func add(_ session: EngineSession) { bySID[session.sid] = session }

    mutating func remove(_ sid: String) { bySID[sid] = nil }

    // MARK: On polling

    /// A place for one more session on polling.
    mutating func takeSlot() -> Int {
        if let slot = freeSlots.popLast() { return slot }
        pollings.append(nil)
        return pollings.count - 1
    }

    mutating func place(_ polling: PollingTransport) { pollings[polling.slot] = polling }

    mutating func release(_ polling: PollingTransport) {
        pollings[polling.slot] = nil
        freeSlots.append(polling.slot)
    }

    /// What a timer's token stands for.
    func polling(at slot: Int) -> PollingTransport? { pollings[slot] }

    /// Every session on polling, in the order of their places.
    var allPolling: [PollingTransport] { pollings.compactMap(\.self) }

    // MARK: The end of a turn

    mutating func markDirty(_ polling: PollingTransport) { dirty.append(polling) }

    mutating func takeDirty() -> [PollingTransport] {
        let taken = dirty
        dirty.removeAll(keepingCapacity: true)
        return taken
    }
}
