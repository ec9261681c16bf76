import JSONCore
import WebSocketCore

/// Stands on a lobby's loop for a session of another loop, so that the lobby does not know the difference.
final class RemoteSession: Session {
    private unowned let hub: LoopHub
    private let remote: RemoteTransport
    /// The loop of the session that it stands for, and its number there.
    var home: Int { remote.home }
    var number: Int { remote.number }
    /// The seat it holds; nil before the join is decided and after the end.
    var member: LocalMember?

    init(hub: LoopHub, home: Int, number: Int, address: String) {
        self.hub = hub
        remote = RemoteTransport(hub: hub, home: home, number: number, address: address)
        super.init(remote)
        remote.session = self
    }

    /// Its last snapshot has been handed over: the newest may follow.
    func snapshotTaken() {
        remote.awaitsReport = false
        member?.transportDrained()
    }

    /// The peer has fallen behind with reading, or has caught up.
    func congested(_ isCongested: Bool) { remote.isPeerCongested = isCongested }

    /// Tells the session's loop something, in order with what the remote session is sent.
    func say(_ message: LoopMessage) { remote.say(message) }

    override func inputAnswered(_ member: Member, key: JSONValue, accepted: Bool?, moment: LobbyMoment) {
        say(.answered(remote: number, key: key, accepted: accepted, moment: moment))
    }

    override func commandAnswered(_ member: Member, key: JSONValue?, _ answer: LobbyAnswer) {
        say(.asked(remote: number, key: key, answer))
    }

    override func ended(_ member: Member, _ departure: Departure) {
        self.member = nil
        guard hub.forget(self) else { return }
        say(.ended(remote: number, departure))
        remote.session = nil
    }

    /// It was sent more than its loop takes.
    override func closed() {
        guard hub.forget(self) else { return }
        say(.ended(remote: number, .slowConsumer))
        let member = member
        self.member = nil
        member?.connectionLost()
    }

    /// It gets no seat; `answer` says why.
    func turnAway(_ answer: LoopMessage) {
        say(answer)
        remote.session = nil
    }

    /// The session itself has ended, or has given the seat up: nothing more is said to it.
    func dismissed() -> LocalMember? {
        remote.session = nil
        let member = member
        self.member = nil
        return member
    }
}

/// How a remote session's messages reach its session: with the turn's batch to the session's loop.
final class RemoteTransport: Transport {
    /// The loop of the session.
    let home: Int
    /// The remote session's number there.
    let number: Int
    private let link: LoopLink
    private let address: String
    private var inFlight = InFlight()
    /// A snapshot is on its way or waits for a slow reader: no other is sent.
    var awaitsReport = false
    /// What the session's loop has said last of the peer's connection.
    var isPeerCongested = false
    /// The first delivery of the batch being gathered that stands behind all this remote session was told in it.
    private var barrier = (batch: UInt64(0), delivery: 0)

    init(hub: LoopHub, home: Int, number: Int, address: String) {
        self.home = home
        self.number = number
        self.address = address
        link = hub.link(to: home)
        super.init(server: hub.server, limits: hub.remoteLimits)
    }

    override var peerAddress: String { address }

    override var takesLatest: Bool { session != nil && !awaitsReport }

    override func isCongested(_ before: Bool) -> Bool { isPeerCongested }

    func say(_ message: LoopMessage) {
        link.say(message)
        barrier = (link.gathering, link.deliveryCount)
    }

    override func send(_ frames: [UInt8]) {
        guard session != nil else { return }
        guard inFlight.add(frames.count, to: link, limit: limits.outboxBytesMax) else { return end(.slowConsumer) }
        deliver(frames, isLatest: false)
    }

    override func send(_ opcode: WebSocketOpcode, _ payload: Span<UInt8>, compresses: Bool) {
        send(WebSocketFrame.framed(opcode, payload))
    }

    override func sendLatest(_ frames: [UInt8]) {
        guard takesLatest else { return }
        awaitsReport = true
        deliver(frames, isLatest: true)
    }

    private func deliver(_ frames: [UInt8], isLatest: Bool) {
        let from = barrier.batch == link.gathering ? barrier.delivery : 0
        barrier = (
            link.gathering, link.deliver(frames, isLatest: isLatest, to: number, barrier: from)
        )
    }

    override func end(_ departure: Departure) {
        guard let session else { return }
        self.session = nil
        session.closed()
    }
}
