import ByteKit

/// How the server of one loop reaches those of the process's other loops, and the one thing that all of them share.
///
/// Whoever drives the servers supplies it: mailboxes and a lock in production, a queue of events in a simulated world.
package protocol LoopLinks: AnyObject {
    /// This loop's number, from 0.
    var own: Int { get }
    /// How many loops there are, at least 1.
    var count: Int { get }
    /// Hands a batch to ``Server/receive(_:)`` of that loop on a later turn, after all that was handed to it before. A
    /// batch to a loop that has ended is dropped.
    func post(_ batch: LoopBatch, to loop: Int)
    /// Makes a stream of this loop of a connection that came from another one; it reads once it is told to. Nil when that
    /// cannot be; the connection is closed then.
    func attach(_ stream: any DetachedStream) -> (any ByteStream)?
    /// Lends the directory; no other loop sees it meanwhile.
    func withDirectory(_ body: (inout LoopDirectory) -> Void)
}

/// A process with one loop: nobody to reach, and a directory that nobody else sees.
final class LoneLoop: LoopLinks {
    private var directory: LoopDirectory

    init(_ directory: LoopDirectory) {
        self.directory = directory
    }

    var own: Int { 0 }
    var count: Int { 1 }

    func post(_ batch: LoopBatch, to loop: Int) {
        preconditionFailure("there is no other loop")
    }

    func attach(_ stream: any DetachedStream) -> (any ByteStream)? { nil }

    func withDirectory(_ body: (inout LoopDirectory) -> Void) {
        body(&directory)
    }
}

/// What is counted and found across the loops of a process: which lobby is where, and who is let in.
///
/// Used when a connection, a session on polling, somebody's watching or a lobby begins or ends, and when somebody wants a lobby
/// that is not on its own loop; never for a message.
package struct LoopDirectory: Sendable {
    /// A lobby's loop, and what the lobby adds to the loop's load.
    private struct Place {
        var loop: Int
        var load: Int
        /// Who has opened it, as far as that is counted.
        var openers: [OpenerAccount]
    }

    private var places: [String: Place] = [:]
    /// By loop: the seats of its lobbies, each times the steps in a second.
    private var loads: [Int]
    /// How many lobbies each address, and each known player, has opened that are open.
    private var openings: [UInt64: Int] = [:]
    /// Who may connect, to any loop.
    var admission: AdmissionPolicy
    /// Who may have a session on long polling. It holds no connection: the rules are the same, the counts its own.
    var pollings: AdmissionPolicy
    /// How many watch lobbies: spectators and event streams.
    var watcherCount = 0
    /// How many have subscribed to the list of lobbies.
    var subscriberCount = 0
    /// Who is kept out of lobbies.
    package var bans = BanList()
    /// Who is logged in as admin, and who may try to.
    var admins = AdminSessions()
    var logins = LoginGuard()

    /// The directory of a process that has opened nothing yet; `seed` is any number that no peer can know.
    package init(loops: Int, admission: AdmissionLimits, seed: UInt64) {
        loads = Array(repeating: 0, count: loops)
        self.admission = AdmissionPolicy(admission, seed: seed)
        pollings = AdmissionPolicy(admission, seed: seed)
    }

    /// The loop of that lobby, if it is open or about to be opened.
    package func loop(of id: String) -> Int? { places[id]?.loop }

    /// The loop on which that lobby is or is to be opened: a new one is placed on the loop with the least load, on `own`
    /// if that is one of them.
    ///
    /// - Parameters:
    ///   - load: What a new lobby costs, in seat steps a second.
    ///   - lobbiesMax: The most lobbies of all loops.
    ///   - openers: On whose accounts a new one is.
    /// - Throws: A refusal when a new one would be too many.
    mutating func place(
        _ id: String, load: Int, near own: Int, lobbiesMax: Int, openers: [OpenerAccount] = []
    ) throws(JoinRefusal) -> Int {
        if let place = places[id] { return place.loop }
        guard places.count < lobbiesMax else { throw .tooManyLobbies }
        for opener in openers where openings[opener.key, default: 0] >= opener.lobbiesMax { throw .tooManyOpenLobbies }
        for opener in openers { openings[opener.key, default: 0] += 1 }
        var chosen = own
        for loop in loads.indices where loads[loop] < loads[chosen] { chosen = loop }
        places[id] = Place(loop: chosen, load: load, openers: openers)
        loads[chosen] += load
        return chosen
    }

    /// The lobby has closed, or could not be opened.
    mutating func release(_ id: String) {
        guard let place = places.removeValue(forKey: id) else { return }
        loads[place.loop] -= place.load
        bans.forget(lobby: id)
        for opener in place.openers {
            guard let count = openings[opener.key] else { continue }
            openings[opener.key] = count > 1 ? count - 1 : nil
        }
    }
}
