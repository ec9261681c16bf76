/// Why bytes are not one MessagePack value within the limits, and where.
package struct MessagePackError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What was wrong.
    package enum Reason: String, Sendable {
        /// The bytes end inside a value, or there are none; also an array or map that claims more than can follow.
        case endOfBytes
        /// The byte C1, which begins no value.
        case unusedByte
        /// Something follows the value.
        case bytesAfterValue
        /// A text or a key that is not valid UTF-8.
        case invalidUTF8
        /// A key of a map that is not text.
        case keyNotText
        /// A key that the map already has.
        case duplicateKey
        /// An extension that is neither undefined, nor bytes, nor a date.
        case unknownExtension
        /// Arrays and maps nested deeper than the limit.
        case tooDeep
        /// More values than the limit.
        case tooManyValues
    }

    /// What was wrong.
    package let reason: Reason

    /// Where it shows: the index of the first byte of the value or key that cannot be accepted, or the end.
    package let offset: Int

    package init(_ reason: Reason, at offset: Int) {
        self.reason = reason
        self.offset = offset
    }

    /// A sentence for a log; holds nothing of the bytes themselves.
    package var description: String {
        let what =
            switch reason {
            case .endOfBytes: "the bytes end inside a value"
            case .unusedByte: "no value begins with C1"
            case .bytesAfterValue: "something follows the value"
            case .invalidUTF8: "the text is not valid UTF-8"
            case .keyNotText: "the key is not text"
            case .duplicateKey: "the map already has this key"
            case .unknownExtension: "the extension is not known"
            case .tooDeep: "arrays and maps are nested too deep"
            case .tooManyValues: "there are too many values"
            }
        return "MessagePack at byte \(offset): \(what)."
    }
}
