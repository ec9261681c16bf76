internal import ByteKit
package import Compression

/// What an inflater made of a message.
package struct InflateTranscript: Equatable {
    /// What came out, up to an error.
    package var output: [UInt8] = []
    /// The error that ended it.
    package var error: InflateError?
}

/// All that `inflater` makes of one sync-flushed message that comes in `pieces`, its tail included.
///
/// Checks that no more than one byte over `outputMax` is made.
package func inflateTranscript(
    of pieces: [[UInt8]], by inflater: Inflater, outputMax: Int
) -> InflateTranscript {
    var transcript = InflateTranscript()
    do throws(InflateError) {
        for piece in pieces { try inflater.inflate(piece.span, into: &transcript.output, outputMax: outputMax) }
        try inflater.inflateTail(into: &transcript.output, outputMax: outputMax)
    } catch {
        transcript.error = error
    }
    precondition(transcript.output.count <= outputMax + 1, "more was made than is allowed")
    precondition(
        (transcript.output.count > outputMax) == (transcript.error == .outputTooLong), "the limit is not where it is")
    return transcript
}

/// The fuzz target `inflate`: compressed messages under chosen windows, limits and cuts, twice with the same context. What
/// comes out of a good one is compressed again, and must come out once more.
package func fuzzInflate(_ input: [UInt8]) {
    var settings = Settings(input)
    let bits = 8 + settings.byte() & 7
    let outputMax = settings.byte() * 64
    let sizes = settings.sizes()
    let stream = Array(settings.rest)
    // With a smaller window, what lies beyond it is found or not, depending on the cuts.
    let whole = Inflater()
    let cut = Inflater()
    for _ in 0..<2 {
        let first = inflateTranscript(of: [stream], by: whole, outputMax: outputMax)
        let second = inflateTranscript(of: pieces(of: stream, sizes: sizes), by: cut, outputMax: outputMax)
        precondition(first == second, "a message was inflated differently when cut")
        guard first.error == nil else { break }
        checkRoundTrip(first.output, windowBits: bits)
    }
    checkReset(whole, windowBits: max(9, bits))
    for format in [CompressionFormat.zlib, .gzip] {
        do throws(InflateError) {
            _ = try inflated(stream.span, as: format, outputMax: outputMax)
        } catch {
            continue
        }
    }
}

private func checkRoundTrip(_ bytes: [UInt8], windowBits: Int) {
    let bits = max(9, windowBits)
    let deflater = Deflater(windowBits: bits)
    let inflater = Inflater(windowBits: bits)
    for _ in 0..<2 {
        var compressed: [UInt8] = []
        deflater.deflateMessage(bytes.span, into: &compressed)
        let again = inflateTranscript(of: [compressed], by: inflater, outputMax: bytes.count)
        precondition(again.error == nil && again.output == bytes, "what was compressed did not come out again")
    }
}

/// An inflater that has taken anything takes another stream, of another window, as a new one does; and makes nothing where
/// no room is left.
private func checkReset(_ inflater: Inflater, windowBits: Int) {
    let message = Array("the same, the same, the same".utf8)
    var compressed: [UInt8] = []
    Deflater(windowBits: windowBits).deflateMessage(message.span, into: &compressed)
    inflater.reset(windowBits: windowBits)
    let transcript = inflateTranscript(of: [compressed], by: inflater, outputMax: 100)
    precondition(transcript.error == nil && transcript.output == message, "a stream that was not forgotten")
    var output = message
    do throws(InflateError) {
        try inflater.inflate(compressed.span, into: &output, outputMax: 1)
        preconditionFailure("more was made than is allowed")
    } catch {
        precondition(error == .outputTooLong && output == message, "another error")
    }
}
