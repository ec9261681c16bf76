import CHiredis

/// What a Redis server answers (RESP 2).
package enum RedisReply: Sendable, Equatable {
    /// A short text, such as `OK`.
    case status(String)
    /// Why a command was refused.
    case error(String)
    case integer(Int64)
    case bytes([UInt8])
    case array([RedisReply])
    case null

    /// The bytes, or those of a status.
    package var bytes: [UInt8]? {
        switch self {
        case .bytes(let bytes): bytes
        case .status(let text): Array(text.utf8)
        default: nil
        }
    }

    /// The bytes as text, if they are UTF-8.
    package var text: String? { bytes.flatMap { String(validating: $0, as: UTF8.self) } }

    /// The number.
    package var integer: Int64? { if case .integer(let value) = self { value } else { nil } }

    /// The parts.
    package var array: [RedisReply]? { if case .array(let parts) = self { parts } else { nil } }
}

/// Bytes of a server that are no reply, or one too long.
package enum RedisReplyError: Error, Equatable, CustomStringConvertible {
    /// Not RESP 2, deeper than eight arrays, an array of more than ``RedisReplyReader/elementsMax``, or a line without an end.
    case malformed
    /// One reply has more bytes than the bound.
    case tooLong

    /// A sentence.
    package var description: String {
        switch self {
        case .malformed: "The server's answer is not of Redis's protocol."
        case .tooLong: "The server's answer is longer than \(RedisReplyReader.replyBytesMax) bytes."
        }
    }
}

/// Puts replies together from the bytes of one connection, in whatever pieces they come.
///
/// `@safe`, for the pointers are hiredis's own reader and its functions from the first to the last moment of this object, and a
/// reply's memory is read before it is freed.
@safe package final class RedisReplyReader {
    /// The most bytes of one reply.
    package static let replyBytesMax = 64 * 1024 * 1024
    /// The most elements of one array.
    package static let elementsMax = 65_536
    /// The most bytes of a line: all that is no bulk of bytes, whose length is told first.
    static let lineBytesMax = 64 * 1024

    private let reader: UnsafeMutablePointer<redisReader>
    /// How replies are made: as hiredis does it, with a bound on arrays.
    private let functions = UnsafeMutablePointer<redisReplyObjectFunctions>.allocate(capacity: 1)
    /// What has come since the last reply was whole.
    private var heldBytes = 0

    /// A reader that has read nothing.
    package init() {
        guard let reader = unsafe redisReaderCreate() else { preconditionFailure("no memory for a reader") }
        unsafe self.reader = reader
        unsafe functions.initialize(to: Self.own)
        // Of an array that nobody has so many elements for it would make room for all of them at once.
        unsafe functions.pointee.createArray = { task, count in
            count <= RedisReplyReader.elementsMax ? unsafe RedisReplyReader.own.createArray(task, count) : nil
        }
        unsafe reader.pointee.fn = functions
    }

    /// hiredis's own ways to make replies.
    private static let own = {
        guard let reader = unsafe redisReaderCreate() else { preconditionFailure("no memory for a reader") }
        defer { unsafe redisReaderFree(reader) }
        return unsafe reader.pointee.fn.pointee
    }()

    deinit {
        unsafe redisReaderFree(reader)
        unsafe functions.deallocate()
    }

    /// Takes bytes; the replies in them are got with ``next()``.
    package func feed(_ bytes: Span<UInt8>) throws(RedisReplyError) {
        heldBytes += bytes.count
        guard heldBytes <= Self.replyBytesMax else { throw .tooLong }
        let result = unsafe bytes.withUnsafeBufferPointer { buffer in
            guard let start = buffer.baseAddress else { return REDIS_OK }
            return unsafe start.withMemoryRebound(to: CChar.self, capacity: buffer.count) { start in
                unsafe redisReaderFeed(reader, start, buffer.count)
            }
        }
        guard result == REDIS_OK, !isEndless else { throw .malformed }
    }

    /// Whether what is being read is a line that does not end: hiredis would look through all of it again each time.
    private var isEndless: Bool {
        guard heldBytes > Self.lineBytesMax else { return false }
        let rest = unsafe UnsafeRawBufferPointer(
            start: reader.pointee.buf + reader.pointee.pos, count: reader.pointee.len - reader.pointee.pos)
        return unsafe rest.count > Self.lineBytesMax
            && !rest.prefix(Self.lineBytesMax).contains(UInt8(ascii: "\n"))
    }

    /// The next reply that is whole; nil when more bytes must come.
    package func next() throws(RedisReplyError) -> RedisReply? {
        var found: UnsafeMutableRawPointer?
        guard unsafe redisReaderGetReply(reader, &found) == REDIS_OK else { throw .malformed }
        guard let found = unsafe found else { return nil }
        defer { unsafe freeReplyObject(found) }
        heldBytes = unsafe reader.pointee.len - reader.pointee.pos
        return unsafe Self.reply(found.assumingMemoryBound(to: redisReply.self))
    }

    /// hiredis nests eight arrays at most, so that this does not go deeper.
    private static func reply(_ raw: UnsafeMutablePointer<redisReply>) -> RedisReply {
        switch unsafe raw.pointee.type {
        case REDIS_REPLY_STATUS: .status(String(decoding: unsafe bytes(raw), as: UTF8.self))
        case REDIS_REPLY_ERROR: .error(String(decoding: unsafe bytes(raw), as: UTF8.self))
        case REDIS_REPLY_INTEGER: .integer(unsafe raw.pointee.integer)
        case REDIS_REPLY_STRING: .bytes(unsafe bytes(raw))
        case REDIS_REPLY_ARRAY:
            .array(
                (0..<(unsafe raw.pointee.elements)).map { index in
                    guard let element = unsafe raw.pointee.element[index] else { return .null }
                    return unsafe reply(element)
                })
        default: .null
        }
    }

    private static func bytes(_ raw: UnsafeMutablePointer<redisReply>) -> [UInt8] {
        guard let start = unsafe raw.pointee.str else { return [] }
        return unsafe Array(UnsafeRawBufferPointer(start: start, count: raw.pointee.len))
    }
}

/// A command as its bytes.
package enum RedisCommand {
    /// Writes a command of those words.
    package static func encode(_ words: [[UInt8]]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(words.reduce(16) { $0 + $1.count + 16 })
        bytes += "*\(words.count)\r\n".utf8
        for word in words {
            bytes += "$\(word.count)\r\n".utf8
            bytes += word
            bytes += "\r\n".utf8
        }
        return bytes
    }

    /// Writes a command of those words.
    package static func encode(_ words: String...) -> [UInt8] { encode(words.map { Array($0.utf8) }) }
}
