package import HTTPCore
internal import HTTPTypes
internal import WebSocketCore

/// All that a head parser reported about one stream.
package struct HTTPTranscript<Head: Equatable>: Equatable {
    /// The heads before the end, an error or an upgrade.
    package var heads: [Head] = []
    /// The error that ended it.
    package var error: HTTPError?
    /// The bytes after the head that asked for an upgrade, or agreed to one.
    package var rest: [UInt8] = []
}

/// What a server reads from `pieces`.
package func requestTranscript(
    of pieces: [[UInt8]], limits: HTTPLimits = HTTPLimits()
) -> HTTPTranscript<HTTPRequestHead> {
    var parser = HTTPRequestParser(limits: limits)
    return transcript(of: pieces, isLast: { $0.fields.contains(.upgrade) }) { bytes, cursor throws(HTTPError) in
        try parser.next(bytes, at: &cursor)
    }
}

/// What a client reads from `pieces`.
package func responseTranscript(
    of pieces: [[UInt8]], limits: HTTPLimits = HTTPLimits()
) -> HTTPTranscript<HTTPResponseHead> {
    var parser = HTTPResponseParser(limits: limits)
    return transcript(of: pieces, isLast: { $0.status.code == 101 }) { bytes, cursor throws(HTTPError) in
        try parser.next(bytes, at: &cursor)
    }
}

private func transcript<Head: Equatable>(
    of pieces: [[UInt8]], isLast: (Head) -> Bool, next: (Span<UInt8>, inout Int) throws(HTTPError) -> Head?
) -> HTTPTranscript<Head> {
    var transcript = HTTPTranscript<Head>()
    var isUpgraded = false
    for piece in pieces {
        var cursor = 0
        do throws(HTTPError) {
            while !isUpgraded, let head = try next(piece.span, &cursor) {
                transcript.heads.append(head)
                isUpgraded = isLast(head)
            }
        } catch {
            transcript.error = error
            return transcript
        }
        if isUpgraded { transcript.rest += piece[cursor...] }
    }
    return transcript
}

/// The fuzz target `http-head`: requests or responses under chosen limits and cuts, their queries and handshakes, and
/// the answers to whatever was wrong. Nothing but a declared error may come of any input, whichever way it is cut.
package func fuzzHTTPHead(_ input: [UInt8]) {
    var settings = Settings(input)
    let isResponse = settings.byte() & 1 == 1
    var limits = HTTPLimits()
    limits.targetBytesMax = settings.byte()
    limits.fieldsMax = settings.byte() & 15
    limits.headBytesMax = 64 + settings.byte() * 16
    let sizes = settings.sizes()
    let stream = Array(settings.rest)
    guard !isResponse else {
        let whole = responseTranscript(of: [stream], limits: limits)
        let cut = responseTranscript(of: pieces(of: stream, sizes: sizes), limits: limits)
        precondition(whole == cut, "a response was read differently when cut")
        return
    }
    let whole = requestTranscript(of: [stream], limits: limits)
    let cut = requestTranscript(of: pieces(of: stream, sizes: sizes), limits: limits)
    precondition(whole == cut, "a request was read differently when cut")
    if let error = whole.error { checkAnswer(error.response()) }
    for head in whole.heads {
        do throws(HTTPError) {
            let query = try HTTPQuery(head.query)
            _ = try query.value("sid")
        } catch {
            precondition(error == .query, "a query fails as a query")
        }
        do throws(WebSocketHandshakeError) {
            let handshake = try WebSocketHandshake.check(head)
            checkAnswer(handshake.response(subprotocol: handshake.subprotocols.first))
        } catch {
            checkAnswer(error.response())
        }
    }
}

/// What we answer is read by our own client as one head.
private func checkAnswer(_ bytes: [UInt8]) {
    let answer = responseTranscript(of: [bytes])
    precondition(answer.heads.count >= 1, "an answer that is no response")
}
