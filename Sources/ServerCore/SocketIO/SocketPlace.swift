import Determinism
import JSONCore

/// How clients that were lost get their place back.
package struct SocketRecoverySettings: Sendable {
    /// How long a client's place is kept.
    package var duration = Interval.seconds(120)
    /// Whether a client that comes back is let in without the namespace's middlewares.
    package var skipsMiddlewares = false
    /// The most clients whose places are kept; the one that was lost first goes for one more.
    package var placesMax = 10_000
    /// The most events that are kept for them.
    package var packetsMax = 10_000
    /// The most bytes of these.
    package var packetBytesMax = 16_777_216

    /// The defaults above.
    package init() {}
}

/// What a client shows to get its place back: the private id that came with its CONNECT, and how far it has read.
package struct SocketClaim: Sendable, Equatable {
    /// The private id as it was shown.
    package let pid: String
    /// Whose place it is, which others may know, too; nil where another implementation made the private id.
    package let id: SocketID?
    /// What proves it; nil likewise.
    package let secret: SocketID?
    /// The last event that the client has seen; nil when it has seen none.
    package let offset: SocketOffset?

    /// What a CONNECT's payload shows; nil where it shows nothing of the kind.
    package init?(_ payload: JSONValue) {
        guard let text = payload["pid"]?.string, (1...Self.pidBytesMax).contains(text.utf8.count) else { return nil }
        pid = text
        let isOwn = text.utf8.count == 40
        let (id, secret) = (SocketID(String(text.prefix(20))), SocketID(String(text.suffix(20))))
        (self.id, self.secret) = isOwn && id != nil && secret != nil ? (id, secret) : (nil, nil)
        offset = payload["offset"]?.string.map { SocketOffset(text: $0) }
    }

    /// The longest private id.
    private static let pidBytesMax = 64

    /// The private id as clients are told it.
    package static func text(_ id: SocketID, _ secret: SocketID) -> String { id.text + secret.text }
}

/// The offset of one event: its last argument, by which a client says how far it has read.
package struct SocketOffset: Sendable, Equatable {
    /// As it is on the wire.
    package let text: String
    /// By which it is found: a hash, never zero.
    package let key: UInt64
    /// Which event of the process it is: every loop counts its own, by as many as there are loops. nil where another server has made it.
    var number: UInt64?

    /// The offset of that text.
    package init(text: String) {
        self.text = text
        var hash = StableHash()
        hash.feed(text.utf8)
        key = max(1, hash.value)
    }

    /// An offset that no other loop of the process makes.
    ///
    /// - Parameter isLocal: Whether others are known to the servers of a cluster: then it does not look like one of those.
    init(number: UInt64, isLocal: Bool = false) {
        var (rest, digits) = (number, [UInt8]())
        repeat {
            digits.append(Self.alphabet[Int(rest & 63)])
            rest >>= 6
        } while rest > 0
        if isLocal { digits.append(UInt8(ascii: "~")) }
        self.init(text: String(decoding: digits.reversed(), as: UTF8.self))
        self.number = number
    }

    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
}

/// The place of a client that was lost: a value, so that it can go to another loop or server.
package struct SocketPlace: Sendable {
    /// An event that the client has missed.
    package struct Packet: Sendable {
        /// Its offset's.
        package var key: UInt64
        var number: UInt64?
        /// As it is sent.
        package var frames: [UInt8]
    }

    package let namespace: String
    package let id: SocketID
    package let secret: SocketID
    /// The rooms it was in, its own among them.
    package let rooms: [String]
    package let data: JSONValue
    /// When it is forgotten.
    package var expiresAt = Instant.zero
    /// The key of the offset of the last event that it was sent; 0 for none.
    var lastSent: UInt64
    /// From where on the log of events has all that it was sent; nil where that was another log's affair, until it is let in here.
    var since: Int?
    /// The key of the last event that it was sent before; 0 for none.
    var sinceKey: UInt64 = 0
    /// Up to where what it has missed is in ``missed``; the rest is in the log.
    var lostAt: Int
    /// What it has missed, in order. Empty until it has asked for its place.
    package var missed: [Packet] = []
    /// What whoever put ``missed`` together had heard by then: of that the log has nothing for it. Empty until it has asked for its place,
    /// and where it comes from another server.
    var heard = SocketHeard()
    /// Where it stands in the stream that all servers of a cluster read.
    var marks = SocketMarks()
    /// Its private id, where another implementation made that.
    var foreignID: String?

    /// What the client gets its place with.
    var privateID: String { foreignID ?? SocketClaim.text(id, secret) }

    /// The place where another log has the events that come from now on.
    func moved(to position: Int) -> SocketPlace {
        var place = self
        place.since = nil
        place.lostAt = position
        return place
    }

    /// Whether an event of those recipients would have been sent to it.
    func takes(_ recipients: SocketRecipients) -> Bool {
        switch recipients {
        case .socket(let id): id == self.id
        case .target(let target):
            target.exceptSocket != id && (target.rooms.isEmpty || target.rooms.contains(where: rooms.contains))
                && !target.exceptRooms.contains(where: rooms.contains)
        }
    }
}

/// Where a client stands in the stream that all servers of a cluster read; nil where there is none.
struct SocketMarks: Sendable {
    /// When it first came.
    var joined: StreamID?
    /// Up to where it was sent what is for it.
    var lost: StreamID?
}

/// Whom an event was for.
enum SocketRecipients {
    case socket(SocketID)
    case target(SocketTarget)
}
