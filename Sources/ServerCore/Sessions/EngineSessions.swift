import ByteKit
import Determinism
import SocketIOCore

/// The Engine.IO sessions of a server: all of them by id, and those on long polling by their place in timer tokens.
struct EngineSessions {
    private var bySID: [String: EngineSession] = [:]
    private var pollings: [PollingTransport?] = []
    private var freeSlots: [Int] = []
    /// Sessions on polling hold no connection: they are let in by the same rules, and counted apart.
    private var admission: AdmissionPolicy
    /// Those that have answers to give at the end of the turn.
    private var dirty: [PollingTransport] = []

    init(_ limits: AdmissionLimits, seed: UInt64) {
        admission = AdmissionPolicy(limits, seed: seed)
    }

    /// How many sessions there are on polling, the ones included that wait for a last poll.
    var pollingCount: Int { admission.connectionCount }

    // MARK: By id

    /// The session with that id at that endpoint. Ids are ours: what is no such id is not looked up.
    func session(_ sid: String, at endpoint: EngineEndpoint) -> EngineSession? {
        guard sid.utf8.count == EngineID.randomByteCount / 3 * 4, let session = bySID[sid] else { return nil }
        return session.handshake.endpoint === endpoint ? session : nil
    }

    mutating func add(_ session: EngineSession) { bySID[session.sid] = session }

    mutating func remove(_ sid: String) { bySID[sid] = nil }

    // MARK: On polling

    /// A place for one more session on polling; nil when the server, or the address, has as many as it may.
    mutating func admit(_ peer: PeerAddress, at now: Instant) -> Int? {
        guard case .admitted = admission.admit(peer, at: now) else { return nil }
        if let slot = freeSlots.popLast() { return slot }
        pollings.append(nil)
        return pollings.count - 1
    }

    mutating func place(_ polling: PollingTransport) { pollings[polling.slot] = polling }

    mutating func release(_ polling: PollingTransport) {
        pollings[polling.slot] = nil
        freeSlots.append(polling.slot)
        admission.released(polling.peer)
    }

    /// What a timer's token stands for.
    func polling(at slot: Int) -> PollingTransport? { pollings[slot] }

    /// Every session on polling, in the order of their places.
    var allPolling: [PollingTransport] { pollings.compactMap(\.self) }

    // MARK: The end of a turn

    var isDirty: Bool { !dirty.isEmpty }

    mutating func markDirty(_ polling: PollingTransport) { dirty.append(polling) }

    mutating func takeDirty() -> [PollingTransport] {
        let taken = dirty
        dirty.removeAll(keepingCapacity: true)
        return taken
    }
}
