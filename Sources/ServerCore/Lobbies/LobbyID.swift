/// The names that lobbies may have.
enum LobbyID {
    static let rule = "a lobby id is 1 to 64 characters from A-Z a-z 0-9 . _ -"

    /// What the codes of new lobbies are made of: no letter or digit that looks like another.
    private static let codeAlphabet = Array("ABCDEFGHJKLMNPQRSTUVWXYZ23456789")
    /// How long a code is: about a thousand million of them.
    static let codeCharacters = 6

    static func isValid(_ id: String) -> Bool {
        (1...64).contains(id.utf8.count)
            && id.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }

    /// A code that people can read out: an id for a lobby that nobody has named.
    static func code(from random: [UInt8]) -> String {
        precondition(random.count == codeCharacters, "a random byte for each character")
        return String(random.map { codeAlphabet[Int($0 & 31)] })
    }
}

/// Which lobby a join is for.
package enum LobbyChoice: UInt8, Sendable, CaseIterable {
    /// The one of the id.
    case named
    /// One that is opened for it, with a code for its id.
    case new
    /// One that is open and has room, or a new one.
    case quick
    /// A new one, with others who wait for a match.
    case match

    /// What stands in place of the id, in a path or a namespace; nil for a lobby that is named.
    var alias: String? {
        switch self {
        case .named: nil
        case .new: "~new"
        case .quick: "~quick"
        case .match: "~match"
        }
    }

    /// The choice that the last part of a path or namespace makes; nil where it can be no lobby.
    init?(place: String) {
        if let choice = Self.allCases.first(where: { $0.alias == place }) {
            self = choice
        } else if LobbyID.isValid(place) {
            self = .named
        } else {
            return nil
        }
    }
}
