import Determinism
import JSONCore
import ServerCore
import SocketIOCore

/// Notes what it is to carry, and answers what it is told to.
final class NotedRelay: SocketRelay {
    private let hall: Hall
    /// What is found elsewhere.
    var finding = SocketFinding()
    /// Where the last question's answers go; without it a question has nobody to answer.
    private(set) var report: ((SocketAskReport) -> Void)?
    /// The places that were asked for.
    private(set) var claims: [(claim: SocketClaim, namespace: String, done: (SocketPlace?) -> Void)] = []

    init(_ hall: Hall) { self.hall = hall }

    func relay(_ command: SocketCommand, to target: SocketTarget, in namespace: String) {
        let what =
            switch command {
            case .emit(let emission): "emit(\"\(emission.name)\")"
            default: "\(command)"
            }
        hall.note("\(namespace) \(target.rooms) \(what)")
    }

    func ask(
        _ emission: SocketEmission, _ target: SocketTarget, in namespace: String, timeout: Interval,
        report: @escaping (SocketAskReport) -> Void
    ) { self.report = report }

    func fetch(_ target: SocketTarget, in namespace: String, _ done: @escaping (SocketFinding) -> Void) {
        done(finding)
    }

    func tell(
        _ name: String, _ arguments: SocketArguments, in namespace: String, answers: ((SocketAnswers) -> Void)?
    ) {
        var all = SocketAnswers()
        all.answers = [[.string(name)]]
        answers?(all)
    }

    func take(
        _ claim: SocketClaim, in namespace: String, bytesMax: Int, _ done: @escaping (SocketPlace?) -> Void
    ) { claims.append((claim, namespace, done)) }

    func opened(_ namespace: String) { hall.note("opened \(namespace)") }

    func flush() {}

    func closed(_ namespace: String) { hall.note("closed \(namespace)") }
}
