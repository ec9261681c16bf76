import GameKit
import JSONCore
import LobbyCore
import SnapshotCore

/// A member whose lobby is on another loop: what its session says goes there with the turn's batch.
final class RemoteMember: Member {
    /// The most inputs of one member that the other loop has not taken yet; more are dropped.
    static let inputsMax = 128

    private unowned let hub: LoopHub
    /// The loop of its lobby.
    let loop: Int
    /// Its number there: see ``LoopMessage``.
    let number: Int
    private var inFlight = InFlight()
    /// A snapshot was given to the transport, and the lobby's loop has not been told that it went on.
    private var owesReport = false
    /// Whether it is looked at when the turn ends.
    var isToReport = false

    init(
        session: Session, dialect: Dialect, request: JoinRequest, game: GameType, seat: Int, hub: LoopHub, loop: Int,
        number: Int
    ) {
        self.hub = hub
        self.loop = loop
        self.number = number
        super.init(session: session, dialect: dialect, request: request, game: game, seat: seat)
    }

    private func say(_ message: LoopMessage) { hub.link(to: loop).say(message) }

    // MARK: To the lobby

    override func confirmed() { say(.confirm(remote: number)) }

    override func take(_ inputs: ArraySlice<QuantisedInput>, seen: UInt32) {
        if mayAsk(inputs.count) { say(.inputs(remote: number, Array(inputs), seen: seen)) }
    }

    override func take(_ input: OfferedInput, key: JSONValue?) {
        if mayAsk(1) { say(.input(remote: number, input, key: key)) }
    }

    override func acknowledge(_ tick: UInt32) {
        if mayAsk(1) { say(.ack(remote: number, tick)) }
    }

    override func ask(_ command: LobbyCommand, key: JSONValue?) {
        if mayAsk(1) { say(.ask(remote: number, command, key: key)) }
    }

    override func askTick(key: JSONValue) {
        if mayAsk(1) { say(.tick(remote: number, key: key)) }
    }

    override func needsKeyframe(isMismatch: Bool) {
        if mayAsk(1) { say(.keyframe(remote: number, isMismatch: isMismatch)) }
    }

    private func mayAsk(_ count: Int) -> Bool {
        if inFlight.add(count, to: hub.link(to: loop), limit: Self.inputsMax) { return true }
        hub.server.counters[.inputsOverflowed] += UInt64(count)
        return false
    }

    override func leave() {
        guard hub.forget(self) else { return }
        say(.leave(remote: number))
        session.ended(self, .left)
    }

    override func connectionLost() {
        guard hub.forget(self) else { return }
        say(.lost(remote: number))
    }

    // MARK: To the client

    /// Gives the transport a snapshot. It waits there when the connection has come to a halt meanwhile, and no other
    /// follows before it has gone.
    func sendLatest(_ frames: [UInt8]) {
        transport.sendLatest(frames)
        guard !owesReport else { return }
        owesReport = true
        hub.reportLater(self)
    }

    /// Gives the transport what is to arrive in any case.
    func send(_ frames: [UInt8]) {
        transport.send(frames)
        hub.reportLater(self)
    }

    override func transportDrained() { hub.reportLater(self) }

    /// After a flush: tells the lobby's loop where the connection has fallen behind, or has caught up.
    func reportCongestion() {
        if let isCongested = congestionChange() { say(.congested(remote: number, isCongested)) }
    }

    /// After a flush: whether the lobby may be told that the last snapshot has been handed to the byte stream. Asked again
    /// once the transport has drained.
    func isReportDue() -> Bool {
        guard owesReport, transport.takesLatest else { return false }
        owesReport = false
        return true
    }
}

/// A join that another loop has not answered yet.
struct PendingJoin {
    let request: JoinRequest
    let session: Session
    let dialect: Dialect
    let loop: Int
    /// How many loops have said that the lobby is not there.
    var moves = 0
    let decided: (JoinOutcome) -> Void
}
