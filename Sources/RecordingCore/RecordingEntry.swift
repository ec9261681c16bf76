import GameKit

/// One thing that entered a game, in the order in which it did (protocol/spec/recording.md §3).
package enum RecordingEntry: Sendable, Equatable {
    /// A step with its inputs in the order in which they were handed in, and the game's fingerprint after it.
    case step([SeatInput], fingerprint: UInt32)
    /// A step at which the game threw: nothing but the end follows.
    case failedStep([SeatInput])
    /// Somebody took a seat.
    case join(Seat)
    /// A seat was freed for good.
    case leave(seat: Int)
    /// A player's connection was lost.
    case drop(seat: Int)
    /// A dropped player came back.
    case resume(seat: Int)
    /// A player's connection fell behind, or caught up.
    case congested(seat: Int, Bool)
    /// How long the way to a player is, as it was measured anew.
    case latency(seat: Int, Latency)
    /// The lobby ended. Nothing follows.
    case end(reason: String)

    /// The entry's first byte.
    enum Kind: UInt8 {
        case step = 1
        case failedStep, join, leave, drop, resume, congested, end, joinTeam, latency, joinKnown
    }

    /// The longest entry without its first byte and length: as many inputs as all seats may have waiting, with room.
    package static let bytesMax = 1 << 24
    /// The longest name of a player, in bytes.
    static let nameBytesMax = 1_024
    /// The longest subject or role of a player, in bytes.
    static let identityBytesMax = 128
    /// The longest reason of an end, in bytes; what is longer is cut.
    static let reasonBytesMax = 1_024
}

/// Why bytes are not a recording.
package enum RecordingFault: Error, Sendable, Equatable {
    /// The first line is another.
    case noRecording
    /// The first line names a version that this build does not know.
    case unknownVersion
    /// The header is over a mebibyte.
    case headerTooLong
    /// What is wrong with the header, to follow "the header's".
    case header(String)
    /// An entry's first byte names none.
    case unknownKind
    /// A number is out of range or not in its shortest form.
    case badNumber
    /// An entry is longer than any can be.
    case entryTooLong
    /// An entry ends before its parts do.
    case truncated
    /// A name or reason is not UTF-8, or too long.
    case badText
    /// An input's value is above its field's maximum.
    case valueOutOfRange
    /// Bytes, or bits that are not zero, after the end of an entry or of the recording.
    case trailingBytes
    /// What follows a step that has failed is not the end.
    case afterFailure
}

/// Why a file is not a recording, and where that shows.
package struct RecordingError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What is wrong.
    package let fault: RecordingFault
    /// Where the entry begins that is wrong, in bytes from the start.
    package let offset: Int

    /// A sentence for people.
    package var description: String {
        let what =
            switch fault {
            case .noRecording: "this is no recording"
            case .unknownVersion: "the recording is of a version that is not known here"
            case .headerTooLong: "the header is longer than any can be"
            case .header(let problem): "the header's \(problem)"
            case .unknownKind: "there is no such kind of entry"
            case .badNumber: "a number is out of its range"
            case .entryTooLong: "the entry is longer than any can be"
            case .truncated: "the entry ends too early"
            case .badText: "a text is not UTF-8 or too long"
            case .valueOutOfRange: "an input's value is out of its range"
            case .trailingBytes: "there are bytes behind the end"
            case .afterFailure: "something follows a step that has failed"
            }
        return "at byte \(offset): \(what)"
    }
}
