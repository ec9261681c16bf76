import Determinism
import GameKit
import JSONCore
import LobbyCore
import SnapshotCore

/// A member without a seat: it is shown what everybody in the lobby is shown, and nothing that it says reaches the game
/// (protocol/spec/lobby.md §6).
///
/// To its session it is as good as any. Like every member it may be a ``RemoteSession``'s: then a ``RemoteMember`` stands for
/// it on its session's loop.
final class Spectator: LocalMember {
    /// By what a guest among them is known; nil where that says nothing.
    let guestAddress: String?
    /// Who it has shown to be, if anybody.
    let subject: String?
    /// Whether it still watches.
    private(set) var isHere = true

    init(session: Session, dialect: Dialect, request: JoinRequest, hosted: HostedLobby) {
        guestAddress = request.guestAddress
        subject = request.identity.subject
        super.init(session: session, dialect: dialect, request: request, hosted: hosted, seat: -1)
    }

    override func confirmed() {}

    override func welcomed() { hosted.audience?.welcomed(self) }

    override func take(_ inputs: ArraySlice<QuantisedInput>, seen: UInt32) {
        session.server.counters[.inputsRefused] += UInt64(inputs.count)
    }

    override func take(_ input: OfferedInput, key: JSONValue?) {
        session.server.counters[.inputsRefused] += 1
        refuse("input", key)
    }

    override func ask(_ command: LobbyCommand, key: JSONValue?) { refuse(command.event, key) }

    override func askTick(key: JSONValue) { refuse("input", key) }

    private func refuse(_ event: String, _ key: JSONValue?) {
        session.commandAnswered(self, key: key, LobbyAnswer(event: event, outcome: .failure(.notHere)))
    }

    override func transportDrained() { hosted.audience?.sendSnapshot(to: self) }

    override func leave() { end(.left) }

    override func connectionLost() { hosted.audience?.remove(self) }

    /// Ends the watching, and tells its session why.
    func end(_ departure: Departure) {
        guard isHere else { return }
        hosted.audience?.remove(self)
        session.ended(self, departure)
    }

    /// It watches no more.
    func gone() { isHere = false }
}

extension HostedLobby {
    /// Lets somebody watch who has asked for it by a join.
    func admitSpectator(
        _ request: JoinRequest, session: Session, dialect: Dialect
    ) throws(JoinRefusal) -> (LocalMember, welcome: JSONValue) {
        do throws(JoinRefusal) {
            try checkWatching(role: request.identity.role)
            try checkBans(of: request.identity.subject, request)
            guard terms.admits(password: request.shownPassword) else { throw .wrongPassword }
            guard server.admitWatcher(to: self) else { throw .tooManyWatch }
        } catch {
            server.counters[.watchersRefused] += 1
            throw error
        }
        let audience = audience ?? Audience(of: self, delay: .zero)
        self.audience = audience
        let spectator = Spectator(session: session, dialect: dialect, request: request, hosted: self)
        audience.add(spectator)
        server.hooks.log(.debug) { "\(request.peerAddress) watches \(request.lobbyID)" }
        var welcome = introduction(to: request)
        addCodec(of: spectator, to: &welcome, request)
        welcome["name"] = .string(request.name)
        welcome["tick"] = .integer(Int64(shownTick ?? 0))
        welcome["watching"] = true
        welcome["delay"] = .number(watchDelay.seconds)
        return (spectator, .object(welcome))
    }

    /// Whether somebody with that role may watch at all.
    func checkWatching(role: String?) throws(JoinRefusal) {
        guard server.settings.isWatchable else {
            throw .notAuthorized("this server shows its lobbies to their players only")
        }
        guard watchersWanted > 0 else { throw .notAuthorized("this lobby is shown to its players only") }
        guard let wanted = lobby.rules.watch.role else { return }
        guard role == wanted else { throw .notAuthorized("only who has the role \"\(wanted)\" may watch") }
    }

    /// The most who may watch at a time, of both kinds.
    var watchersMax: Int { min(server.settings.watchersPerLobbyMax, watchersWanted) }

    /// As many as the game wants, and whoever has opened the lobby.
    private var watchersWanted: Int { min(lobby.rules.watch.most ?? .max, terms.watchersMax ?? .max) }

    /// How many watch.
    var watcherCount: Int { (audience?.count ?? 0) + (gallery?.count ?? 0) }

    /// How long after the players those who watch see what happens: the longest of what the server, the game and the terms say.
    var watchDelay: Interval { audience?.line?.delay ?? .zero }

    /// The tick of the newest snapshot that those who watch may see; nil before the first.
    var shownTick: UInt32? {
        guard let line = audience?.line else { return lobby.newestSnapshotTick }
        return line.newestTick
    }

    /// That snapshot.
    var shownState: WorldState? {
        guard let line = audience?.line else { return lobby.newestSnapshot }
        return line.newest
    }

    /// `tick` if a message to that snapshot can start there.
    func shownBaseline(_ tick: UInt32?) -> UInt32? {
        guard let line = audience?.line else { return lobby.baseline(tick) }
        return line.baseline(tick)
    }

    /// The message that leads there.
    func shownMessage(since baseline: UInt32?, isChecked: Bool) -> [UInt8] {
        guard let line = audience?.line else {
            return lobby.snapshotMessage(baseline: baseline, isChecked: isChecked).bytes
        }
        return line.message(since: baseline)
    }
}
