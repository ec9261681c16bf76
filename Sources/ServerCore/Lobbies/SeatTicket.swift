import ByteKit
import Crypto
import Determinism
import JSONCore
import LobbyCore

/// What brings somebody to a seat that is kept: signed by this process, for one seat of one lobby, good until its time is over
/// and once (protocol/spec/lobby.md §2.2).
///
/// Its text is `PAYLOAD.CODE`, both base64url: a JSON object, and HMAC-SHA256 over the lobby, which of the lobbies of that
/// id it is, and the payload. The key is made when the process starts, so no ticket outlives that.
struct SeatTicket: Sendable, Equatable {
    /// The seat's number.
    var seat: Int
    /// The reservation's number in its lobby.
    var reservation: UInt64
    /// The first instant at which it is good no more.
    var expires: Instant
    /// What its player is called; nil leaves that to the player.
    var name: String?
    /// Who alone may use it; nil for whoever has it.
    var subject: String?
    /// The team in which its player is awaited; nil leaves that to the lobby.
    var team: Int?

    /// The longest text of a ticket, in bytes: a name and a subject of the longest, and what stands around them.
    static let bytesMax = 1_024

    /// A ticket as text.
    func text(for lobby: HostedLobby) -> String {
        var payload: JSONObject = [
            "seat": .integer(Int64(seat)), "reservation": .integer(Int64(clamping: reservation)),
            "expires": .integer(expires.nanoseconds),
        ]
        if let name { payload["name"] = .string(name) }
        if let subject { payload["subject"] = .string(subject) }
        if let team { payload["team"] = .integer(Int64(team)) }
        var bytes: [UInt8] = []
        JSONValue.object(payload).write(to: &bytes)
        return Base64.encodeURL(bytes) + "." + Base64.encodeURL(Self.code(of: bytes, for: lobby))
    }

    /// The ticket that a text is; nil when this process never made it for this lobby.
    init?(_ text: String, for lobby: HostedLobby) {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).map(Array.init)
        guard parts.count == 2, !lobby.server.settings.ticketKey.isEmpty else { return nil }
        let (payloadText, codeText) = (parts[0], parts[1])
        guard let bytes = Base64.decodeURL(payloadText.span), let code = Base64.decodeURL(codeText.span),
            ConstantTime.areEqual(code, Self.code(of: bytes, for: lobby)),
            let payload = try? JSONValue.parse(bytes.span, limits: JSONLimits()),
            let seat = payload["seat"]?.integer.flatMap({ Int(exactly: $0) }),
            let reservation = payload["reservation"]?.integer.flatMap({ UInt64(exactly: $0) }),
            let expires = payload["expires"]?.integer
        else { return nil }
        self.seat = seat
        self.reservation = reservation
        self.expires = Instant(nanoseconds: expires)
        name = payload["name"]?.string
        subject = payload["subject"]?.string
        team = payload["team"]?.integer.flatMap { Int(exactly: $0) }
    }

    init(_ kept: (seat: Int, number: UInt64), expires: Instant, name: String? = nil, subject: String? = nil) {
        seat = kept.seat
        reservation = kept.number
        self.expires = expires
        self.name = name
        self.subject = subject
    }

    private static func code(of payload: [UInt8], for lobby: HostedLobby) -> [UInt8] {
        // A lobby's id has no space, so nothing can be read in two ways.
        let signed = Array("seat \(lobby.id) \(lobby.number) ".utf8) + payload
        return Array(
            HMAC<SHA256>.authenticationCode(for: signed, using: SymmetricKey(data: lobby.server.settings.ticketKey)))
    }
}
