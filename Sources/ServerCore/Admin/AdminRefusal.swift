import HTTPTypes
import JSONCore
import LobbyCore

/// Why something that an admin wants is not done: nothing has changed (protocol/spec/admin.md §4).
struct AdminRefusal: Error, Sendable, Equatable {
    /// By this a program tells one refusal from another.
    let code: String
    /// The refusal in words.
    let message: String
    /// The status that says it over HTTP.
    let status: HTTPResponse.Status

    private init(_ code: String, _ message: String, _ status: HTTPResponse.Status) {
        self.code = code
        self.message = message
        self.status = status
    }

    /// What was asked for is not what it must be; the text says how it must be.
    static func malformed(_ message: String) -> AdminRefusal { AdminRefusal("malformed", message, .badRequest) }

    /// Whoever asks has not shown to be an admin, or not lately.
    static let unauthorized = AdminRefusal("unauthorized", "log in first", .unauthorized)

    /// It is for a higher role.
    static func forbidden(_ role: AdminRole) -> AdminRefusal {
        AdminRefusal("forbidden", "this is for the role \(role.rawValue)", .forbidden)
    }

    /// There is no such thing to be asked for.
    static let noSuchVerb = AdminRefusal(
        "no-such-verb", "no such command: \(AdminVerb.all.map { $0.name }.joined(separator: ", "))", .notFound)

    static let noSuchLobby = AdminRefusal("no-such-lobby", "no such lobby", .notFound)
    static let noSuchSeat = AdminRefusal("no-such-seat", "the seat is free", .notFound)
    static let noSuchSession = AdminRefusal("no-such-session", "no such session", .notFound)
    static let noSuchNamespace = AdminRefusal(
        "no-such-namespace", "nothing is done to the namespace, or there is none", .notFound)
    static let noSuchBan = AdminRefusal("no-such-ban", "there is no such ban", .notFound)

    /// The server has nowhere to keep it.
    static let noStorage = AdminRefusal(
        "no-storage", "this server keeps no results: it was started without a storage", .notFound)

    /// It cannot be done as things stand; the text says why.
    static func conflict(_ message: String) -> AdminRefusal { AdminRefusal("conflict", message, .conflict) }

    /// Too much is under way, or the storage does not answer.
    static func busy(_ message: String) -> AdminRefusal { AdminRefusal("busy", message, .serviceUnavailable) }

    /// What a lobby's own table has refused.
    init(_ refusal: MatchRefusal) {
        let status: HTTPResponse.Status =
            switch refusal {
            case .malformed: .badRequest
            case .noSuchSeat: .notFound
            default: .conflict
            }
        self.init(refusal.code, refusal.message, status)
    }

    /// What whoever has asked is told.
    var json: JSONValue { ["error": .string(message), "code": .string(code)] }
}
