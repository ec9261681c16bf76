import ByteKit
import Determinism
import JSONCore
import SocketIOCore

/// What a hub counts of its cluster.
extension SocketHub {
    /// Whether this is the hub that speaks to other servers: that of the first loop.
    package var isFirst: Bool { loops?.isFirst ?? true }

    /// Whether the server has told every client to go.
    package var isClosing: Bool { server.isClosing }

    /// An id that no other server has: twelve digits, perhaps with a name and a hyphen in front.
    package func makeServerID(named name: String) -> String {
        let random = server.randomBytes(6).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        return name.isEmpty ? random : "\(name)-\(random)"
    }

    /// The bus is not reached from now on.
    package func clusterLost() { server.counters[.clusterOutages] += 1 }

    /// Messages to other servers were dropped.
    package func clusterMessagesDropped(_ count: Int) { server.counters[.clusterMessagesDropped] += UInt64(count) }

    /// A fresh id of a request.
    func makeRequestID() -> String { Base64.encodeURL(server.randomBytes(9)) }

    /// Asks sockets of this server for another one.
    ///
    /// - Parameters:
    ///   - counted: Told once how many they are.
    ///   - answered: Told what each answers.
    func askForServer(
        _ emission: SocketEmission, _ target: SocketTarget, in namespace: String, counted: @escaping (Int) -> Void,
        answered: @escaping (JSONValue) -> Void
    ) {
        var count = 0
        // How long the asker waits is not told; it leaves out what comes too late.
        ask(emission, target, in: namespace, timeout: max(settings.ackTimeout, .seconds(30)), acrossLoops: true) {
            switch $0 {
            case .asked(let more): count += more
            case .complete: counted(count)
            case .answered(let arguments): answered(arguments.first)
            case .missed: break
            }
        }
    }

    /// Another server has told this one something; the first answer counts.
    func toldByServer(
        _ event: String, _ arguments: SocketArguments, in namespace: String, answer: ((JSONValue) -> Void)?
    ) {
        var isAnswered = false
        let once = answer.map { answer in
            { (arguments: SocketArguments) -> Void in
                guard !isAnswered else { return }
                isAnswered = true
                answer(arguments.first)
            }
        }
        told(event, arguments, in: namespace, answer: once)
    }

    /// Takes a message of another server; one that cannot be taken is counted, and logged now and then.
    func attempt(_ take: () throws(ClusterMessageError) -> Void) {
        do throws(ClusterMessageError) {
            try take()
        } catch {
            refused(error)
        }
    }

    private func refused(_ error: ClusterMessageError) {
        server.counters[.clusterMessagesMalformed] += 1
        let text = "\(error)"
        guard let heldBack = server.peerLog.pass(text, at: server.clock()) else { return }
        let more = heldBack > 0 ? " (and \(heldBack) times more in the last while)" : ""
        server.hooks.log(.error) { text + more }
    }
}
