import JSONCore

/// Something that an admin does to a server.
package enum MonitorAction: Sendable, Equatable {
    /// Removes a player for a while.
    case kick(Whom, reason: String)
    /// Keeps somebody out: for so many seconds, or nil for good; from all lobbies, or from the seat's alone.
    case ban(Whom, reason: String, seconds: Int?, everywhere: Bool)
    /// Lets somebody in again whom a ban from all lobbies is about, or from one.
    case unban(Whom, from: String?)
    /// Lists whom what keeps out.
    case bans
    /// Ends a lobby.
    case closeLobby(String, reason: String)
    /// Begins a season.
    case beginSeason(String)
    /// Anything that protocol/spec/admin.md §4 has.
    case ask(String, JSONObject)

    /// Somebody whom it is done to.
    package enum Whom: Sendable, Equatable {
        /// Whoever holds a seat.
        case seat(Int, lobby: String)
        /// Whoever has shown to be this.
        case subject(String)
        /// The guests of an address.
        case address(String)

        /// Reads `LOBBY/SEAT`, `subject:ID` or `address:IP`; nil for anything else.
        package init?(_ text: String) {
            if text.hasPrefix("subject:") || text.hasPrefix("address:") {
                let who = String(text.dropFirst(8))
                guard !who.isEmpty else { return nil }
                self = text.hasPrefix("s") ? .subject(who) : .address(who)
                return
            }
            guard let slash = text.lastIndex(of: "/"), let seat = Int(text[text.index(after: slash)...]), seat >= 0,
                slash > text.startIndex
            else { return nil }
            self = .seat(seat, lobby: String(text[..<slash]))
        }

        /// Whether it is a seat.
        package var isSeat: Bool {
            if case .seat = self { true } else { false }
        }

        fileprivate var data: JSONObject {
            switch self {
            case .seat(let seat, let lobby): ["lobby": .string(lobby), "seat": .integer(Int64(seat))]
            case .subject(let subject): ["subject": .string(subject)]
            case .address(let address): ["address": .string(address)]
            }
        }

        fileprivate var text: String {
            switch self {
            case .seat(let seat, let lobby): "seat \(seat) of lobby \(lobby)"
            case .subject(let subject): "subject \(subject)"
            case .address(let address): "the guests of \(address)"
            }
        }
    }

    /// The command and its data, as protocol/spec/admin.md has them.
    package var command: (name: String, data: JSONValue) {
        switch self {
        case .kick(let whom, let reason):
            var data = whom.data
            data["reason"] = .string(reason)
            return ("kick", .object(data))
        case .ban(let whom, let reason, let seconds, let isEverywhere):
            var data = whom.data
            data["reason"] = .string(reason)
            if let seconds { data["seconds"] = .integer(Int64(seconds)) }
            if isEverywhere { data["everywhere"] = true }
            return ("ban", .object(data))
        case .unban(let whom, let lobby):
            var data = whom.data
            if let lobby { data["lobby"] = .string(lobby) }
            return ("unban", .object(data))
        case .bans: return ("bans", .null)
        case .closeLobby(let lobby, let reason):
            return ("close-lobby", ["lobby": .string(lobby), "reason": .string(reason)])
        case .beginSeason(let name): return ("season", ["season": .string(name)])
        case .ask(let verb, let data): return (verb, .object(data))
        }
    }

    /// What the server's answer says, for a person or a script; nil when it says that nothing was done.
    package func text(of answer: JSONValue, asJSON: Bool) -> String? {
        if case .bans = self { return answer.array.map { asJSON ? answer.text : Self.table($0) } }
        if case .ask = self, answer["error"] == nil, answer["ok"] == nil {
            guard !asJSON, let entries = answer["entries"]?.array else { return answer.text }
            return entries.isEmpty ? "Nothing." : entries.map(JournalText.line).joined(separator: "\n")
        }
        guard answer["ok"]?.bool == true else { return nil }
        return asJSON ? answer.text : done
    }

    private var done: String {
        switch self {
        case .kick(let whom, _): "Kicked \(whom.text)."
        case .ban(let whom, _, _, let isEverywhere):
            "Banned \(whom.text)\(isEverywhere || !whom.isSeat ? " from all lobbies" : "")."
        case .unban(let whom, let lobby): "Let in \(whom.text) again\(lobby.map { ", to lobby \($0)" } ?? "")."
        case .bans: ""
        case .closeLobby(let lobby, _): "Closed lobby \(lobby)."
        case .ask: "Done."
        case .beginSeason(let name): name.isEmpty ? "Ended the season." : "Began season \(name)."
        }
    }

    private static func table(_ bans: [JSONValue]) -> String {
        guard !bans.isEmpty else { return "Nobody is kept out." }
        var table = Columns([.left, .left, .left, .right, .left, .left])
        table.add(["WHO", "FROM", "BY", "LEFT", "KIND", "REASON"])
        for ban in bans {
            let who = ban["subject"]?.string.map { "subject:\($0)" } ?? "address:\(ban["address"]?.string ?? "")"
            table.add([
                who, ban["lobby"]?.string ?? "all lobbies", ban["by"]?.string ?? "",
                ban["seconds"]?.number.map(Readable.duration) ?? "", ban["kind"]?.string ?? "",
                ban["reason"]?.string ?? "",
            ])
        }
        return table.lines.joined(separator: "\n")
    }
}
