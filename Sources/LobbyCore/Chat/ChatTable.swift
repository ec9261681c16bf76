import Determinism

/// Whom a message is for.
package enum ChatTarget: Sendable, Equatable {
    /// Everybody in the lobby.
    case lobby
    /// The sender's team.
    case team
    /// One other player.
    case seat(Int)
}

/// Who may talk in one lobby just now: how much each seat has said of late, and who is muted.
///
/// Time is an argument. What a seat has said counts on when its player leaves, so that leaving and coming back buys nothing.
package struct ChatTable: Sendable {
    /// The most messages of one seat within ``window``, whomever they are for.
    package static let messagesMax = 5
    package static let window = Interval.seconds(5)
    /// The longest message: in bytes as it comes, in characters once it is cleaned.
    package static let bytesMax = 1_024
    package static let charactersMax = 256
    /// For how long the same text to the same target is not sent again.
    package static let repeatTime = Interval.seconds(30)
    /// The longest mute.
    package static let muteMax = Interval.seconds(86_400)
    /// How many of those who were muted are remembered after they have left.
    package static let remembered = 64

    private struct Mute: Sendable {
        var until: Instant
        var reason: String
        /// Who it is, where that is known: then the mute outlasts the seat.
        var person: String?
    }

    private struct Speaker: Sendable {
        /// When the last messages were sent, the oldest first; ``messagesMax`` at most.
        var sent: [Instant] = []
        var last: (text: String, target: ChatTarget)?
        var mute: Mute?
    }

    private var speakers: [Speaker]
    private var gone: [Mute] = []

    /// Nobody has said anything yet.
    package init(seatCount: Int) {
        speakers = Array(repeating: Speaker(), count: seatCount)
    }

    /// Takes a message, or says why not. What is refused counts for nothing.
    ///
    /// - Returns: The text as others are to be shown it.
    package mutating func say(
        _ text: String, to target: ChatTarget, by seat: Int, at now: Instant
    ) throws(MatchRefusal) -> String {
        if let mute = mute(of: seat, at: now) { throw mute }
        let recent = speakers[seat].sent.filter { $0 + Self.window > now }
        guard recent.count < Self.messagesMax else { throw .tooFast }
        guard text.utf8.count <= Self.bytesMax else { throw .tooLong }
        let cleaned = ChatText.cleaned(text)
        guard cleaned.count <= Self.charactersMax else { throw .tooLong }
        guard !cleaned.isEmpty else { throw .empty }
        if let last = speakers[seat].last, let at = speakers[seat].sent.last, at + Self.repeatTime > now,
            last.target == target, last.text == cleaned
        {
            throw .repeated
        }
        speakers[seat].sent = recent + [now]
        speakers[seat].last = (cleaned, target)
        return cleaned
    }

    /// Keeps a seat's player from talking until then.
    ///
    /// - Parameters:
    ///   - person: Who it is, where that is known; then leaving and coming back ends nothing.
    ///   - until: ``muteMax`` from now at most. A time that has passed ends the mute.
    package mutating func mute(_ seat: Int, person: String?, until: Instant, reason: String) {
        if let person { gone.removeAll { $0.person == person } }
        speakers[seat].mute = Mute(until: until, reason: reason, person: person)
    }

    /// Somebody has taken a seat.
    package mutating func joined(_ seat: Int, person: String?, at now: Instant) {
        speakers[seat].last = nil
        speakers[seat].mute = nil
        gone.removeAll { $0.until <= now }
        guard let person else { return }
        speakers[seat].mute = gone.first { $0.person == person }
    }

    /// A seat is empty.
    package mutating func left(_ seat: Int) {
        guard let mute = speakers[seat].mute else { return }
        speakers[seat].mute = nil
        guard mute.person != nil else { return }
        gone.removeAll { $0.person == mute.person }
        if gone.count == Self.remembered { gone.removeFirst() }
        gone.append(mute)
    }

    /// Why a seat's player may not talk; nil for who may.
    package func mute(of seat: Int, at now: Instant) -> MatchRefusal? {
        guard let mute = speakers[seat].mute, mute.until > now else { return nil }
        let left = (mute.until - now).nanoseconds
        return .muted(reason: mute.reason, seconds: Int((left + 999_999_999) / 1_000_000_000))
    }
}
