/// What stands around a DEFLATE stream (RFC 1951).
package enum CompressionFormat: Sendable {
    /// Nothing, as permessage-deflate wants it (RFC 7692 §7.2).
    case raw
    /// The zlib header and checksum (RFC 1950): what HTTP calls "deflate" (RFC 9110 §8.4.1.2).
    case zlib
    /// The gzip header and checksum (RFC 1952).
    case gzip

    /// The parameter by which zlib knows the format and the window.
    func zlibBits(_ windowBits: Int) -> Int32 {
        switch self {
        case .raw: Int32(-windowBits)
        case .zlib: Int32(windowBits)
        case .gzip: Int32(windowBits + 16)
        }
    }
}

/// Why a stream could not be inflated. The inflater is good for another one after `reset`.
package enum InflateError: Error, Equatable, Sendable {
    /// The bytes are no DEFLATE stream, or end in its middle.
    case invalidData
    /// There would be more output than the caller allows.
    case outputTooLong
}

/// `bytes` as a gzip file, for `Content-Encoding: gzip` (RFC 9110 §8.4.1.3). The same bytes give the same file.
package func gzip(_ bytes: Span<UInt8>, level: Int = 6) -> [UInt8] {
    compressed(bytes, as: .gzip, level: level)
}

/// `bytes` in the zlib format, for `Content-Encoding: deflate` (RFC 9110 §8.4.1.2).
package func zlibDeflate(_ bytes: Span<UInt8>, level: Int = 6) -> [UInt8] {
    compressed(bytes, as: .zlib, level: level)
}

/// What a whole gzip file or zlib stream holds.
///
/// - Parameter outputMax: Bytes at most; not one more is made.
/// - Throws: ``InflateError/invalidData`` also for what follows the end, or is missing before it.
package func inflated(
    _ bytes: Span<UInt8>, as format: CompressionFormat, outputMax: Int
) throws(InflateError) -> [UInt8] {
    var output: [UInt8] = []
    let isWhole = try Inflater(format: format).inflateWhole(bytes, into: &output, outputMax: outputMax)
    guard isWhole else { throw .invalidData }
    return output
}

private func compressed(_ bytes: Span<UInt8>, as format: CompressionFormat, level: Int) -> [UInt8] {
    var output: [UInt8] = []
    Deflater(format: format, level: level).finish(bytes, into: &output)
    return output
}
