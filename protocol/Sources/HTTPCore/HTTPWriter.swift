package import HTTPTypes

/// What a response says in `Connection` (RFC 9110 §7.6.1).
package enum HTTPConnectionOption: String, Sendable {
    /// Nothing: HTTP/1.1 connections stay open unless told otherwise.
    case keepAlive = ""
    /// This is the last response.
    case close = "close"
    /// The response switches protocols; its fields say to which.
    case upgrade = "Upgrade"
    /// The response names a protocol that should have been asked for, and is the last.
    case upgradeThenClose = "Upgrade, close"
}

/// Writes whole HTTP/1.1 messages.
///
/// No text that a peer has chosen can end a line here: `HTTPField` and `HTTPResponse.Status` turn CR, LF and NUL into
/// spaces when they are made, and names and methods are tokens or do not exist.
package enum HTTPWriter {
    /// A response: status line, the given fields, then `Connection` and `Content-Length`, which are this function's
    /// alone and left out of `fields` if they are there.
    ///
    /// - Parameters:
    ///   - body: The content. 1xx, 204 and 304 responses have none, and no `Content-Length` (RFC 9110 §8.6).
    ///   - isForHead: Whether the request was HEAD, so that the length is told and the body is not sent.
    package static func response(
        _ status: HTTPResponse.Status, fields: HTTPFields = [:], body: [UInt8] = [],
        connection: HTTPConnectionOption = .keepAlive, isForHead: Bool = false
    ) -> [UInt8] {
        precondition(body.isEmpty || hasContent(status), "a response of this status has no body")
        var out: [UInt8] = []
        out.reserveCapacity(256 + body.count)
        appendHead(status, fields, contentLength: body.count, connection, to: &out)
        if !isForHead { out.append(contentsOf: body) }
        return out
    }

    /// The head of a response that goes on until the connection closes, such as an event stream: `Connection: close` and
    /// no length (RFC 9112 §6.3).
    package static func streamHead(_ status: HTTPResponse.Status = .ok, fields: HTTPFields = [:]) -> [UInt8] {
        precondition(hasContent(status), "a response of this status has no body")
        var out: [UInt8] = []
        out.reserveCapacity(256)
        appendHead(status, fields, contentLength: nil, .close, to: &out)
        return out
    }

    /// The interim response that lets a client send the body it holds back (RFC 9110 §15.2.1).
    package static let continueResponse = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)

    /// Whether responses of that status have content (RFC 9110 §6.4.1).
    private static func hasContent(_ status: HTTPResponse.Status) -> Bool {
        status.kind != .informational && status.code != 204 && status.code != 304
    }

    private static func appendHead(
        _ status: HTTPResponse.Status, _ fields: HTTPFields, contentLength: Int?, _ connection: HTTPConnectionOption,
        to out: inout [UInt8]
    ) {
        out.append(contentsOf: "HTTP/1.1 ".utf8)
        out.append(contentsOf: String(status.code).utf8)
        out.append(UInt8(ascii: " "))
        // A reason phrase is Latin-1 by its type.
        for scalar in status.reasonPhrase.unicodeScalars { out.append(UInt8(truncatingIfNeeded: scalar.value)) }
        appendLineEnd(to: &out)
        append(fields, except: ["connection", "content-length", "transfer-encoding"], to: &out)
        if connection != .keepAlive { append("Connection", connection.rawValue, to: &out) }
        if let contentLength, hasContent(status) { append("Content-Length", String(contentLength), to: &out) }
        appendLineEnd(to: &out)
    }

    /// A response whose body is a line of plain text.
    package static func response(
        _ status: HTTPResponse.Status, fields: HTTPFields = [:], text: String,
        connection: HTTPConnectionOption = .keepAlive, isForHead: Bool = false
    ) -> [UInt8] {
        var fields = fields
        fields[.contentType] = "text/plain; charset=utf-8"
        return response(
            status, fields: fields, body: Array((text + "\n").utf8), connection: connection, isForHead: isForHead)
    }

    /// A request.
    ///
    /// - Parameters:
    ///   - target: In origin form: path and query.
    ///   - host: The `Host` field; a `Host` among `fields` is left out, and so is a body's framing.
    ///   - body: The content; nil for a method that has none.
    /// - Throws: ``HTTPError/target`` or ``HTTPError/host`` for what a server would refuse.
    package static func request(
        _ method: HTTPRequest.Method, target: String, host: String, fields: HTTPFields = [:], body: [UInt8]? = nil
    ) throws(HTTPError) -> [UInt8] {
        let bytes = Array(target.utf8)
        guard HTTPTarget.isOriginForm(bytes.span) else { throw .target }
        let hostBytes = Array(host.utf8)
        guard HTTPHost.isValid(hostBytes.span) else { throw .host }
        var out = Array("\(method.rawValue) \(target) HTTP/1.1\r\n".utf8)
        append("Host", host, to: &out)
        append(fields, except: ["host", "content-length", "transfer-encoding"], to: &out)
        if let body { append("Content-Length", String(body.count), to: &out) }
        appendLineEnd(to: &out)
        if let body { out += body }
        return out
    }

    private static func append(_ fields: HTTPFields, except own: [String], to out: inout [UInt8]) {
        for field in fields where !own.contains(field.name.canonicalName) {
            append(field.name.rawName, field.value, to: &out)
        }
    }

    private static func append(_ name: String, _ value: String, to out: inout [UInt8]) {
        out.append(contentsOf: name.utf8)
        out.append(contentsOf: ": ".utf8)
        out.append(contentsOf: value.utf8)
        appendLineEnd(to: &out)
    }

    private static func appendLineEnd(to out: inout [UInt8]) {
        out.append(contentsOf: "\r\n".utf8)
    }
}
