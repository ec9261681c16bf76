internal import Determinism

/// What the server has shown of one lobby, by tick: what its clients' states are held against.
final class LobbyLog {
    /// The hash after a tick, and that of the same tick of the lobby before: what was under way then arrives late.
    private var hashes: [UInt32: (now: UInt32, before: UInt32?)] = [:]
    /// The newest tick that was shown.
    private(set) var newest: UInt32 = 0
    private var trace = StableHash()
    /// How often a lobby of that id has been opened.
    var lives = 0
    /// Whether each player may see something else: then the hashes in the messages are all there is.
    var isGrouped = false
    /// How many beats the world has sent in it.
    var beats: Int64 = 0

    let id: String

    init(_ id: String) { self.id = id }

    /// Everything that was shown of the first one, in order. The seed of a later one is drawn when it opens, behind whatever else was.
    var traceHash: UInt64 { trace.value }

    /// The server has shown a state.
    func add(_ tick: UInt32, _ hash: UInt32) {
        hashes[tick] = (hash, hashes[tick]?.now)
        newest = tick
        if lives == 1 { trace.feed(UInt64(tick) << 32 | UInt64(hash)) }
    }

    /// Whether a client's state is one that the server has shown.
    func has(_ tick: UInt32, _ hash: UInt32) -> Bool {
        guard let known = hashes[tick] else { return false }
        return known.now == hash || known.before == hash
    }
}
