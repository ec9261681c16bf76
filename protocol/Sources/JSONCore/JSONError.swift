/// Why a text is not one JSON value within the limits, and where.
public struct JSONError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What was wrong.
    public enum Reason: String, Sendable {
        /// The text ends inside a value, or holds none.
        case endOfText
        /// A byte that nothing valid can have there: also a byte order mark, a trailing comma, a bare word.
        case unexpectedByte
        /// Something other than white space follows the value.
        case bytesAfterValue
        /// A number that breaks the grammar: a leading zero, a missing digit.
        case malformedNumber
        /// A number beyond the range of a double, or of more than 512 bytes.
        case numberOutOfRange
        /// A control character inside a string that is not escaped.
        case controlCharacter
        /// A backslash that no known escape follows.
        case malformedEscape
        /// An escaped surrogate without its other half.
        case loneSurrogate
        /// A string that is not valid UTF-8.
        case invalidUTF8
        /// A key that the object already has.
        case duplicateKey
        /// Arrays and objects nested deeper than the limit.
        case tooDeep
        /// More values than the limit.
        case tooManyValues
    }

    /// What was wrong.
    public let reason: Reason

    /// Where it shows: the index of the first byte that cannot be accepted, or of the start of the string, key or
    /// number that cannot.
    public let offset: Int

    /// A sentence for a log; holds nothing of the text itself.
    public var description: String {
        let what =
            switch reason {
            case .endOfText: "the text ends inside a value"
            case .unexpectedByte: "no such byte can stand here"
            case .bytesAfterValue: "something follows the value"
            case .malformedNumber: "the number is malformed"
            case .numberOutOfRange: "the number is out of range"
            case .controlCharacter: "a control character in a string is not escaped"
            case .malformedEscape: "the escape is unknown or cut short"
            case .loneSurrogate: "a surrogate lacks its other half"
            case .invalidUTF8: "the string is not valid UTF-8"
            case .duplicateKey: "the object already has this key"
            case .tooDeep: "arrays and objects are nested too deep"
            case .tooManyValues: "the document holds too many values"
            }
        return "JSON at byte \(offset): \(what)."
    }
}

/// What a document may hold at most. The bytes of the document are bounded by whoever received it.
public struct JSONLimits: Sendable, Equatable {
    /// How deep arrays and objects may be nested: 1 allows `[1]`, 2 allows `[[1]]`.
    public let depthMax: Int

    /// How many values there may be, counting arrays, objects and everything in them, but not keys.
    public let valuesMax: Int

    /// Limits; the defaults hold for everything a peer sends.
    ///
    /// `depthMax` is 0 to 128, since the parser and everything that walks a value recurse.
    public init(depthMax: Int = 32, valuesMax: Int = 4096) {
        precondition((0...128).contains(depthMax), "The depth of a document is limited to 128 at most.")
        self.depthMax = depthMax
        self.valuesMax = valuesMax
    }
}
