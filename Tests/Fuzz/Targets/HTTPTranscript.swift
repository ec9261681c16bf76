package import HTTPCore
internal import HTTPTypes
internal import WebSocketCore

/// All that a head parser reported about one stream.
package struct HTTPTranscript<Head: Equatable>: Equatable {
    /// The heads before the end, an error or an upgrade.
    package var heads: [Head] = []
    /// The body of each request, as far as it came.
    package var bodies: [[UInt8]] = []
    /// How far the last request came. Nil for a client, and after an error.
    package var stage: HTTPRequestStage?
    /// The error that ended it.
    package var error: HTTPError?
    /// The bytes after the head that asked for an upgrade, or agreed to one.
    package var rest: [UInt8] = []
}

/// What a server reads from `pieces`, with `bodyBytesMax` for every request.
package func requestTranscript(
    of pieces: [[UInt8]], limits: HTTPLimits = HTTPLimits(), bodyBytesMax: Int = 16 * 1024
) -> HTTPTranscript<HTTPRequestHead> {
    var parser = HTTPRequestParser(limits: limits)
    var transcript = HTTPTranscript<HTTPRequestHead>()
    var isUpgraded = false
    for piece in pieces {
        var cursor = 0
        do throws(HTTPError) {
            while !isUpgraded, let event = try parser.next(piece.span, at: &cursor) {
                switch event {
                case .head(let head):
                    transcript.heads.append(head)
                    transcript.bodies.append([])
                    isUpgraded = head.fields.contains(.upgrade)
                    parser.bodyBytesMax = bodyBytesMax
                case .body(let range):
                    precondition(!range.isEmpty && range.upperBound == cursor, "a piece of body that is none")
                    transcript.bodies[transcript.bodies.count - 1] += piece[range]
                case .end:
                    precondition(parser.stage == .idle, "a request is over, and the next one has begun unread")
                }
            }
        } catch {
            transcript.error = error
            return transcript
        }
        precondition(isUpgraded || cursor == piece.count, "nothing more is read, and bytes are left")
        if isUpgraded { transcript.rest += piece[cursor...] }
    }
    transcript.stage = parser.stage
    return transcript
}

/// What a client reads from `pieces`.
package func responseTranscript(
    of pieces: [[UInt8]], limits: HTTPLimits = HTTPLimits()
) -> HTTPTranscript<HTTPResponseHead> {
    var parser = HTTPResponseParser(limits: limits)
    var transcript = HTTPTranscript<HTTPResponseHead>()
    var isUpgraded = false
    for piece in pieces {
        var cursor = 0
        do throws(HTTPError) {
            while !isUpgraded, let head = try parser.next(piece.span, at: &cursor) {
                transcript.heads.append(head)
                isUpgraded = head.status.code == 101
            }
        } catch {
            transcript.error = error
            return transcript
        }
        if isUpgraded { transcript.rest += piece[cursor...] }
    }
    return transcript
}

/// What a client that polls reads from `pieces`: heads and their bodies.
package func wholeResponseTranscript(
    of pieces: [[UInt8]], limits: HTTPLimits = HTTPLimits(), bodyBytesMax: Int = 16
) -> HTTPTranscript<HTTPResponseHead> {
    var collector = HTTPResponseCollector(limits: limits, bodyBytesMax: bodyBytesMax)
    var transcript = HTTPTranscript<HTTPResponseHead>()
    for piece in pieces {
        var cursor = 0
        do throws(HTTPError) {
            while let response = try collector.next(piece.span, at: &cursor) {
                transcript.heads.append(response.head)
                transcript.bodies.append(response.body)
            }
        } catch {
            transcript.error = error
            return transcript
        }
    }
    return transcript
}

/// The fuzz target `http-head`: requests with bodies or responses under chosen limits and cuts, their queries, addresses
/// and handshakes, and the answers to whatever was wrong. Nothing but a declared error may come of any input, whichever
/// way it is cut.
package func fuzzHTTPHead(_ input: [UInt8]) {
    var settings = Settings(input)
    let first = settings.byte()
    let bodyBytesMax = (first >> 1) * 8
    var limits = HTTPLimits()
    limits.targetBytesMax = settings.byte()
    limits.fieldsMax = settings.byte() & 15
    limits.headBytesMax = 64 + settings.byte() * 16
    let sizes = settings.sizes()
    let stream = Array(settings.rest)
    let cut = pieces(of: stream, sizes: sizes)
    guard first & 1 == 0 else {
        precondition(
            responseTranscript(of: [stream], limits: limits) == responseTranscript(of: cut, limits: limits),
            "a response was read differently when cut")
        let read = responseTranscript(of: [stream], limits: limits)
        for head in read.heads { checkHead(head) }
        precondition((400..<600).contains(read.error?.status.code ?? 400), "an error that is none of HTTP's")
        precondition(
            wholeResponseTranscript(of: [stream], limits: limits, bodyBytesMax: bodyBytesMax)
                == wholeResponseTranscript(of: cut, limits: limits, bodyBytesMax: bodyBytesMax),
            "a response's body was read differently when cut")
        return
    }
    precondition(
        proxyTranscript(of: [stream]) == proxyTranscript(of: cut), "a PROXY header was read differently when cut")
    let whole = requestTranscript(of: [stream], limits: limits, bodyBytesMax: bodyBytesMax)
    precondition(
        whole == requestTranscript(of: cut, limits: limits, bodyBytesMax: bodyBytesMax),
        "a request was read differently when cut")
    precondition(whole.bodies.allSatisfy { $0.count <= bodyBytesMax }, "a body over its limit")
    if let error = whole.error { checkAnswer(error.response()) }
    for head in whole.heads { checkHead(head) }
}

/// Reads all that is read from a head later on.
private func checkHead(_ head: HTTPRequestHead) {
    do throws(HTTPError) {
        let query = try HTTPQuery(head.query)
        _ = try query.value("sid")
    } catch {
        precondition(error == .query, "a query fails as a query")
    }
    precondition(!head.host.isEmpty, "a request without a host")
    _ = (head.keepsAlive, head.expectsContinue, head.contentCoding)
    let trusted = ["10.0.0.0/8", "::1", "fd00::/8"].compactMap(AddressRange.init)
    let stranger = IPAddress(ipv4: 0xC000_0201)
    precondition(
        ForwardedAddress.client(peer: stranger, fields: head.fields, trusted: trusted) == stranger, "a stranger's word")
    let client = ForwardedAddress.client(peer: IPAddress(ipv4: 0x0A00_0001), fields: head.fields, trusted: trusted)
    precondition(IPAddress(client.description) == client, "an address that does not read back")
    for rule in [
        HTTPOriginRule(origins: ["https://a.example"], allowsCredentials: true), HTTPOriginRule(origins: ["*"]),
    ] {
        _ = rule.fields(for: rule.verdict(head.fields))
        guard let answer = rule.preflightFields(head.fields) else { continue }
        checkAnswer(HTTPWriter.response(.noContent, fields: answer))
    }
    let tags = [HTTPEntityTag("a"), HTTPEntityTag("b", isWeak: true)].map { $0.isNamed(in: head.fields) }
    precondition(!head.fields.contains(.ifNoneMatch) ? tags == [false, false] : true, "a tag that nobody named")
    _ = HTTPContentCoding.best(for: head.fields)
    do throws(WebSocketHandshakeError) {
        let handshake = try WebSocketHandshake.check(head)
        checkAnswer(handshake.response(subprotocol: handshake.subprotocols.first))
    } catch {
        checkAnswer(error.response())
    }
}

/// Reads all that a client reads from an answer, and asks again.
private func checkHead(_ head: HTTPResponseHead) {
    _ = head.keepsAlive
    for deflate in [nil, PermessageDeflate()] {
        let client = WebSocketClientHandshake(
            nonce: Array("the sample nonce".utf8), subprotocols: ["a", "b"], deflate: deflate)
        do throws(WebSocketHandshakeError) {
            let answer = try client.check(head)
            precondition(deflate != nil || answer.extensions == nil, "an extension that was not offered")
        } catch {
            checkAnswer(error.response())
        }
        do throws(HTTPError) {
            let location = head.fields[.location] ?? "/"
            let request = try client.request(target: location, host: head.fields[.server] ?? "a", fields: head.fields)
            let read = requestTranscript(of: [request])
            // A field of the answer may be wrong in a request.
            guard read.error == nil else { continue }
            precondition(
                read.heads.count == 1 && location.hasPrefix(read.heads[0].path), "a request that reads otherwise")
        } catch {
            precondition(error == .target || error == .host, "only what is not ours can be wrong here")
        }
    }
}

/// What we answer is read by our own client as one head.
private func checkAnswer(_ bytes: [UInt8]) {
    let answer = responseTranscript(of: [bytes])
    precondition(answer.heads.count >= 1, "an answer that is no response")
}
