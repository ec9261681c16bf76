/// A game that can be played in a lobby: one value is one running game.
///
/// A game is a plain struct and everything that happens to it is synchronous. The host calls it, one call at a time, and
/// it answers by changing itself and by telling the context what is to be sent. The same seed, options and
/// calls must give the same game on every machine, so a game uses no clock, no randomness and no trigonometry but
/// what the context and its own code give it, and never lets the order of a `Set` or `Dictionary` show. (`+ − × ÷ √` are
/// exact everywhere; `sin` and its like are not.)
public protocol Game: SendableMetatype {
    /// What players ask for.
    associatedtype Input: GameInput

    /// The name by which lobbies ask for the game: `"arena"`.
    static var name: String { get }
    /// How fast it runs and whom it lets in.
    static var rules: Rules { get }
    /// What clients see of it.
    @ReplicationBuilder<Self> static var replicated: Replication<Self> { get }
    /// Tables that were trained for this game, which make its snapshots smaller: what `MusterServer.trainTables(on:)` has made of
    /// recordings. Nil, unless the game says otherwise, for tables that serve any game.
    ///
    /// They are good for one `replicated`. After a change of it they are of no use until they are trained anew, and the server says so
    /// when it starts.
    static var snapshotTables: [UInt8]? { get }

    /// A game in which no one sits yet.
    ///
    /// - Parameters:
    ///   - context: At tick 0.
    ///   - options: What the creator of the lobby asked for; `.null` when nothing. Comes from outside: check it.
    /// - Throws: Anything, when the options are unusable; the lobby is then not created.
    init(_ context: inout GameContext, options: JSONValue) throws

    /// Somebody has taken a seat.
    mutating func join(_ seat: Seat, _ context: inout GameContext)
    /// A seat is empty for good: its player left, was kicked, or stayed away longer than the grace time.
    mutating func leave(_ seat: Seat, _ context: inout GameContext)
    /// A seated player's connection is gone; the grace time runs. Does nothing unless the game says otherwise.
    mutating func drop(_ seat: Seat, _ context: inout GameContext)
    /// A dropped player is back in time. Does nothing unless the game says otherwise.
    mutating func resume(_ seat: Seat, _ context: inout GameContext)
    /// The time of a timer has come that the game has started (``GameContext/startTimer(_:after:repeats:)``). Called at the new
    /// tick, before its step. Does nothing unless the game says otherwise.
    mutating func timer(_ timer: Int, _ context: inout GameContext)
    /// Moves the game on by one tick.
    ///
    /// - Parameters:
    ///   - inputs: What has come in for this tick, in an order that is part of the record.
    ///   - context: At the new tick.
    /// - Throws: Anything; the lobby then ends with an error, and no other lobby notices.
    mutating func step(_ inputs: Inputs<Input>, _ context: inout GameContext) throws
    /// Says what the holder of a seat sees, in a game whose entities are in groups (``Entities``). Asked after each step of which a
    /// snapshot is taken; what is not added then is not sent. Unless the game says otherwise a player sees the groups of its seat
    /// and of its team.
    ///
    /// - Parameter view: Has ``Group/all`` in it.
    func view(of seat: Seat, _ view: inout View)
}

extension Game {
    /// Tables that serve any game.
    public static var snapshotTables: [UInt8]? { nil }
    /// Does nothing.
    public mutating func drop(_ seat: Seat, _ context: inout GameContext) {}
    /// Does nothing.
    public mutating func resume(_ seat: Seat, _ context: inout GameContext) {}
    /// Does nothing.
    public mutating func timer(_ timer: Int, _ context: inout GameContext) {}
    /// Adds the seat's group and the team's.
    public func view(of seat: Seat, _ view: inout View) {
        view.add(.seat(seat.number))
        if let team = seat.team { view.add(.team(team)) }
    }
}

/// What a player asks for at one tick: a small struct whose properties have defaults.
///
/// What arrives has been checked against the fields' kinds, so a game need not check ranges again.
public protocol GameInput: Sendable {
    /// The input of somebody who does nothing. Hand-written clients may leave fields out; they are then as here.
    init()
    /// The fields that clients send, at most 64.
    @FieldBuilder<Self> static var fields: [Field<Self>] { get }
}

/// A place in a running game and who sits there.
public struct Seat: Sendable, Equatable {
    /// From 0 up to, not including, the number of seats in the rules.
    public let number: Int
    /// What the player is called; not unique.
    public let name: String
    /// Who the player is: your own id of it, vouched for by a JWT or by your own check; nil for a guest. The same in every
    /// lobby, so that a game may know a player again; others may see it, and it proves nothing to them.
    ///
    /// Like ``role`` it is what it was when the seat was taken, also when its player comes back, and part of the record.
    public let subject: String?
    /// What the player may be, in your words, from where ``subject`` is: a game's referee, say. Nil for nothing in
    /// particular.
    public let role: String?
    /// False while the player's connection is gone and the grace time runs.
    public package(set) var isConnected: Bool
    /// Whether the player's connection does not keep up with what the player is sent: true once more waits for it than the
    /// host's high water mark, false again once less waits than the low one.
    ///
    /// A game that sends events in bulk had better send this seat none meanwhile: what goes on growing ends its
    /// connection. Snapshots need no care, as of them only the latest is sent. It changes between steps only, and is part
    /// of the record like ``isConnected``.
    public package(set) var isCongested = false
    /// How long the way to the player is; nil until something is known of it, and while the connection is gone. It changes
    /// between steps only, about once a second, and is part of the record like ``isConnected``.
    public package(set) var latency: Latency?
    /// The player's team, from 0; nil in a game without teams. It does not change while the game runs.
    public let team: Int?

    /// A taken seat.
    package init(
        number: Int, name: String, team: Int? = nil, subject: String? = nil, role: String? = nil,
        isConnected: Bool = true
    ) {
        self.number = number
        self.name = name
        self.subject = subject
        self.role = role
        self.team = team
        self.isConnected = isConnected
    }
}

/// The inputs for one step, in the order of the tick they were meant for, then seat, then the sender's numbering.
///
/// A seat may have none or several. Only taken seats have any.
public struct Inputs<Input: GameInput>: Sendable, Sequence {
    @usableFromInline var entries: [(seat: Int, input: Input)]

    /// Inputs in this order.
    @usableFromInline package init(_ entries: [(seat: Int, input: Input)]) {
        self.entries = entries
    }

    /// Goes through seat numbers and inputs in order.
    @inlinable public func makeIterator() -> IndexingIterator<[(seat: Int, input: Input)]> { entries.makeIterator() }

    /// The newest input of a seat; nil when it has none.
    @inlinable public func last(of seat: Int) -> Input? {
        entries.last { $0.seat == seat }?.input
    }
}
