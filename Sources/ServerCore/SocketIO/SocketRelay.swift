import Determinism
import SocketIOCore

/// The way to the sockets of other servers. It stands on the first loop of a process, for all its loops: the other servers see one
/// server. A hub without one is alone.
package protocol SocketRelay: AnyObject {
    /// Does the same on the other servers; what the target means here has been done.
    func relay(_ command: SocketCommand, to target: SocketTarget, in namespace: String)
    /// Emits on the other servers and asks for acks, until `timeout` has passed.
    ///
    /// - Parameter report: Told of each server's clients and of each answer; of ``SocketAskReport/complete`` once.
    func ask(
        _ emission: SocketEmission, _ target: SocketTarget, in namespace: String, timeout: Interval,
        report: @escaping (SocketAskReport) -> Void)
    /// Gives an event its place among those of all servers, where ``SocketHubSettings/isSequenced`` says so.
    ///
    /// - Returns: whether ``SocketHub/sequenced(_:_:to:in:at:)`` will be called; else nobody is waited for. Either way the other
    ///   servers are told.
    func sequence(
        _ ticket: SocketTicket, _ emission: SocketEmission, to target: SocketTarget, in namespace: String
    ) -> Bool
    /// Keeps the place of a client that was lost until it expires, so that any server can take it.
    ///
    /// - Parameter refused: Called once where that cannot be done.
    func keep(_ place: SocketPlace, refused: @escaping () -> Void)
    /// Finds the sockets of other servers.
    func fetch(_ target: SocketTarget, in namespace: String, _ done: @escaping (SocketFinding) -> Void)
    /// Takes the place of a client that was lost from another server that keeps it, once and for all, with all that the client
    /// has missed there; nil where there is none. `done` is called once.
    func take(
        _ claim: SocketClaim, in namespace: String, bytesMax: Int, _ done: @escaping (SocketPlace?) -> Void)
    /// Tells the other servers something, and perhaps asks for their answers.
    func tell(
        _ name: String, _ arguments: SocketArguments, in namespace: String, answers: ((SocketAnswers) -> Void)?)
    /// A namespace is there from now on, on some loop of this server.
    func opened(_ namespace: String)
    /// A namespace is not there any more, on any loop.
    func closed(_ namespace: String)
    /// Somebody of this server is in that room from now on, where ``SocketHubSettings/tellsRooms`` says so.
    func roomOpened(_ room: String, in namespace: String)
    /// Nobody is in it any more.
    func roomClosed(_ room: String, in namespace: String)
    /// The turn is over: what was said goes out.
    func flush()
}

extension SocketRelay {
    /// Finds none.
    package func take(
        _ claim: SocketClaim, in namespace: String, bytesMax: Int, _ done: @escaping (SocketPlace?) -> Void
    ) { done(nil) }

    /// Waits for nobody.
    package func sequence(
        _ ticket: SocketTicket, _ emission: SocketEmission, to target: SocketTarget, in namespace: String
    ) -> Bool {
        relay(.emit(emission), to: target, in: namespace)
        return false
    }

    /// Minds no rooms.
    package func roomOpened(_ room: String, in namespace: String) {}

    /// Minds no rooms.
    package func roomClosed(_ room: String, in namespace: String) {}

    /// Keeps none.
    package func keep(_ place: SocketPlace, refused: @escaping () -> Void) { refused() }
}

/// What is heard of a question that sockets elsewhere were asked.
package enum SocketAskReport: Sendable {
    /// So many more sockets were asked.
    case asked(Int)
    /// One of them has answered.
    case answered(SocketArguments)
    /// One of them has gone.
    case missed
    /// Whoever could have more sockets has said how many.
    case complete
}
