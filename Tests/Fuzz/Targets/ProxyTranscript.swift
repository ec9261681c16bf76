package import HTTPCore

/// All that a PROXY header's parser reported about one stream.
package struct ProxyTranscript: Equatable {
    /// The header, once it was whole.
    package var header: ProxyHeader?
    /// Why it was refused.
    package var error: ProxyHeaderError?
    /// The bytes behind it.
    package var rest: [UInt8] = []
}

/// What a listener behind a proxy reads from `pieces`.
package func proxyTranscript(of pieces: [[UInt8]]) -> ProxyTranscript {
    var parser = ProxyHeaderParser()
    var transcript = ProxyTranscript()
    for piece in pieces {
        var cursor = 0
        do throws(ProxyHeaderError) {
            if transcript.header == nil { transcript.header = try parser.next(piece.span, at: &cursor) }
        } catch {
            transcript.error = error
            return transcript
        }
        precondition(transcript.header != nil || cursor == piece.count, "nothing more is read, and bytes are left")
        transcript.rest += piece[cursor...]
    }
    return transcript
}
