import ByteKit
import Determinism
import JSONCore
import LobbyCore

/// A wish for seats to be kept: `{"count"?, "players"?, "password"?}` (protocol/spec/lobby.md §2.2).
struct SeatRequest: Sendable {
    /// For whom a seat is to be kept.
    struct Player: Sendable {
        /// What the player is called; nil leaves that to the player.
        var name: String?
        /// Who alone may take it; nil for whoever has the ticket.
        var subject: String?
    }

    /// The most seats that one request can have kept.
    static let countMax = 16

    /// Who wishes it, and of which lobby.
    var join: JoinRequest
    /// For whom; never empty.
    var players: [Player]
    /// Whether whoever wishes it sits in the lobby: then there is no need of a password.
    var isMember = false

    /// Reads the wish of a join request, whose data it is in.
    init(_ join: JoinRequest, isMember: Bool = false) throws(JoinRefusal) {
        self.join = join
        self.isMember = isMember
        let data = join.auth
        guard join.choice != .match, join.token == nil, join.ticket == nil else {
            throw .badRequest("seats are kept in a lobby of a known id, in any (~quick) or in a new one (~new)")
        }
        if let list = data["players"], list != .null {
            guard let list = list.array, (1...Self.countMax).contains(list.count), data["count"] ?? .null == .null
            else {
                throw .badRequest("\"players\" is an array of 1 to \(Self.countMax) objects, and without \"count\"")
            }
            players = []
            for entry in list { players.append(try Self.player(entry)) }
            return
        }
        var count = 1
        if let value = data["count"], value != .null {
            guard let whole = value.integer.flatMap({ Int(exactly: $0) }), (1...Self.countMax).contains(whole) else {
                throw .badRequest("\"count\" is a whole number from 1 to \(Self.countMax)")
            }
            count = whole
        }
        players = Array(repeating: Player(), count: count)
    }

    private static func player(_ entry: JSONValue) throws(JoinRefusal) -> Player {
        guard case .object(let members) = entry, members.members.allSatisfy({ ["name", "subject"].contains($0.key) })
        else {
            throw .badRequest("a player is an object of \"name\" and \"subject\"")
        }
        var player = Player()
        if let name = entry["name"]?.string {
            let cleaned = DisplayText.cleaned(name, charactersMax: 32)
            player.name = cleaned.isEmpty ? nil : cleaned
        }
        if let subject = entry["subject"], subject != .null {
            guard let text = subject.string, (1...128).contains(text.utf8.count) else {
                throw .badRequest("a \"subject\" is a string of 1 to 128 bytes")
            }
            player.subject = text
        }
        return player
    }
}

extension HostedLobby {
    /// Keeps seats, all that are wished or none, and hands out a ticket for each.
    func reserve(_ request: SeatRequest) throws(JoinRefusal) -> JSONValue {
        let identity = request.join.identity
        if !request.isMember {
            try checkBans(of: identity.subject, request.join)
            guard terms.admits(password: request.join.shownPassword) else { throw .wrongPassword }
        }
        guard server.drainDeadline == nil else { throw .draining }
        guard !server.settings.ticketKey.isEmpty else { throw .notAuthorized("this server keeps no seats") }
        guard !lobby.isLocked else { throw .lobbyLocked }
        guard playerCount + request.players.count <= playersMax else { throw .lobbyFull }
        let time = server.settings.reservationTime
        let expires = server.clock() + time
        var tickets: [JSONValue] = []
        for player in request.players {
            // A single seat is for whoever has shown who it is.
            let subject = player.subject ?? (request.players.count == 1 ? identity.subject : nil)
            guard let kept = lobby.reserve(for: subject, until: expires) else { throw .lobbyFull }
            server.counters[.seatsReserved] += 1
            let ticket = SeatTicket(kept, expires: expires, name: player.name, subject: subject)
            tickets.append(["seat": .integer(Int64(kept.seat)), "ticket": .string(ticket.text(for: self))])
        }
        return [
            "lobby": .string(id), "seconds": .integer(time.nanoseconds / 1_000_000_000), "tickets": .array(tickets),
        ]
    }

    /// Seats whoever has come with a ticket.
    func claim(
        _ text: String, _ request: JoinRequest, _ newToken: SeatTable.TokenDigest
    ) throws(JoinRefusal) -> Int {
        do throws(JoinRefusal) {
            let ticket = try ticket(text)
            let subject = request.identity.subject
            if let wanted = ticket.subject, wanted != subject {
                throw .notAuthorized("the seat is kept for somebody else")
            }
            let name = request.identity.name == nil ? ticket.name ?? request.name : request.name
            do throws(SeatRefusal) {
                try lobby.claim(
                    ticket.seat, reservation: ticket.reservation, name: name, subject: subject,
                    role: request.identity.role, token: newToken, team: ticket.team)
            } catch {
                throw JoinRefusal.used
            }
            server.counters[.reservationsUsed] += 1
            server.counters[.joins] += 1
            return ticket.seat
        } catch {
            server.counters[.reservationsRefused] += 1
            throw error
        }
    }

    /// Gives up the seat that is kept for whoever has a ticket, and with it the ticket.
    func giveUp(_ text: String) throws(JoinRefusal) {
        let ticket = try ticket(text)
        guard lobby.seats.rows[ticket.seat].reservation == ticket.reservation else { throw .used }
        server.counters[.reservationsCancelled] += 1
        lobby.free(ticket.seat, by: .leave)
        settle()
    }

    /// The ticket that a text is, if it was made for this lobby and its time is not over.
    private func ticket(_ text: String) throws(JoinRefusal) -> SeatTicket {
        guard let ticket = SeatTicket(text, for: self), lobby.seats.rows.indices.contains(ticket.seat) else {
            throw .invalidToken
        }
        guard server.clock() < ticket.expires else { throw .expired("the seat was kept until its time was over") }
        return ticket
    }
}

extension Server {
    /// Keeps seats in a lobby, wherever it is: the answer is at once when all of this is on this loop.
    func reserve(_ request: SeatRequest, _ answered: @escaping (Result<JSONValue, JoinRefusal>) -> Void) {
        let id = request.join.lobbyID
        let loop = loops.withDirectory { $0.loop(of: id) } ?? nil
        guard lobby(id) == nil, let loop, loop != loops.own else { return answered(reserveHere(request)) }
        loops.ask(loop, .reserve(request)) { answer in
            if case .reserved(let outcome) = answer { answered(outcome) }
        }
    }

    /// Keeps seats in a lobby of this loop.
    func reserveHere(_ request: SeatRequest) -> Result<JSONValue, JoinRefusal> {
        do throws(JoinRefusal) {
            guard let lobby = lobby(request.join.lobbyID) else { throw .noSuchLobby }
            return .success(try lobby.reserve(request))
        } catch {
            counters[.reservationsRefused] += 1
            return .failure(error)
        }
    }

    /// Reads a wish for seats that came with `data`, finds out who has it, settles in which lobby, and keeps the seats.
    ///
    /// - Parameters:
    ///   - lobbyID: The lobby's id, or a word in its place.
    ///   - isMember: Whether whoever has it sits in the lobby.
    func reserve(
        in lobbyID: String, _ data: JSONValue, from peer: PeerAddress?, isMember: Bool,
        _ answered: @escaping (Result<JSONValue, JoinRefusal>) -> Void
    ) {
        do throws(JoinRefusal) {
            let join = try JoinRequest(lobbyID: lobbyID, auth: data, peerAddress: peer?.description ?? "")
            let request = try SeatRequest(join, isMember: isMember)
            guard let peer, lobbyOpenings.take(peer, at: clock()) else { throw .tooManyReservations }
            guard !isMember else { return reserve(request, answered) }
            identify(join, from: peer) { [weak self] outcome in
                switch outcome {
                case .failure(let refusal): answered(.failure(refusal))
                case .success(let join):
                    var request = request
                    request.join = join
                    request.join.opener = LobbyOpener(peer: peer, isCharged: true)
                    self?.settleAndReserve(request, answered)
                }
            }
        } catch {
            counters[.reservationsRefused] += 1
            answered(.failure(error))
        }
    }

    /// Keeps seats in the lobby that is meant, which is opened for that if it is to be a new one.
    private func settleAndReserve(
        _ request: SeatRequest, _ answered: @escaping (Result<JSONValue, JoinRefusal>) -> Void
    ) {
        guard request.join.choice != .named else { return reserve(request, answered) }
        do throws(JoinRefusal) {
            let room = try seats(ofNewLobby: request.join)
            guard request.players.count <= room else { throw .lobbyFull }
        } catch {
            counters[.reservationsRefused] += 1
            return answered(.failure(error))
        }
        settle(request.join, room: request.players.count, decided: answered) { [weak self] join, decided in
            var request = request
            request.join = join
            self?.openLobby(join) { [weak self] opened in
                switch opened {
                case .failure(let refusal): decided(.failure(refusal))
                case .success: self?.reserve(request, decided)
                }
            }
        }
    }
}
