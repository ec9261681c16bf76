internal import HTTPCore
internal import HTTPTypes
package import WebSocketCore

/// What a server makes of the fields `Sec-WebSocket-Extensions` of a request that is right otherwise.
package func offers(in fields: [String]) throws(WebSocketHandshakeError) -> [PermessageDeflate.Offer] {
    var head = HTTPRequestHead(
        method: .get, path: "/",
        fields: [
            .upgrade: "websocket", .connection: "Upgrade", .secWebSocketVersion: "13",
            .secWebSocketKey: "dGhlIHNhbXBsZSBub25jZQ==",
        ])
    for field in fields { head.fields.append(HTTPField(name: .secWebSocketExtensions, value: field)) }
    return try WebSocketHandshake.check(head).offers
}

/// What a client that offered `deflate` makes of a server's `Sec-WebSocket-Extensions`.
package func agreement(
    answeredBy fields: [String], to deflate: PermessageDeflate
) throws(WebSocketHandshakeError) -> PermessageDeflate.Agreement? {
    let client = WebSocketClientHandshake(nonce: Array("the sample nonce".utf8), deflate: deflate)
    var head = HTTPResponseHead(
        status: .switchingProtocols,
        fields: [
            .upgrade: "websocket", .connection: "Upgrade", .secWebSocketAccept: "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
        ])
    for field in fields { head.fields.append(HTTPField(name: .secWebSocketExtensions, value: field)) }
    return try client.check(head).extensions
}

/// The fuzz target `extension-negotiation`: lines of offers or answers, under chosen settings. What is agreed to is within
/// what was offered and set, and says the same when it is read back.
package func fuzzExtensionNegotiation(_ input: [UInt8]) {
    var settings = Settings(input)
    let bits = settings.byte()
    let flags = settings.byte()
    let deflate = PermessageDeflate(
        sendWindowBitsMax: 9 + bits % 7, receiveWindowBitsMax: 8 + bits / 16 % 8, sendsWithoutContext: flags & 1 != 0,
        receivesWithoutContext: flags & 2 != 0)
    let lines = settings.rest.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        .map { String(decoding: $0, as: UTF8.self) }
    do throws(WebSocketHandshakeError) {
        let separate = try offers(in: lines)
        let joined = try offers(in: [lines.joined(separator: ",")])
        precondition(separate == joined, "fields of one name are one list")
        if let agreed = deflate.agreement(for: separate) { try check(agreed, by: deflate) }
    } catch {
        precondition(error == .extensions, "only the extensions can be wrong here")
    }
    do throws(WebSocketHandshakeError) {
        guard let agreed = try agreement(answeredBy: lines, to: deflate) else { return }
        precondition(agreed.windowBits(sentBy: .server) <= deflate.receiveWindowBitsMax, "a window over ours")
        precondition(agreed.windowBits(sentBy: .client) <= deflate.sendWindowBitsMax, "a window over ours")
        precondition(agreed.serverNoContextTakeover || !deflate.receivesWithoutContext, "a context we do not want")
    } catch {
        precondition(error == .extensions, "only the extensions can be wrong here")
    }
}

private func check(
    _ agreed: PermessageDeflate.Agreement, by deflate: PermessageDeflate
) throws(WebSocketHandshakeError) {
    precondition((9...deflate.sendWindowBitsMax).contains(agreed.windowBits(sentBy: .server)), "no window of ours")
    precondition((8...15).contains(agreed.windowBits(sentBy: .client)), "no window at all")
    precondition(agreed.serverNoContextTakeover || !deflate.sendsWithoutContext, "a context we do not want")
    precondition(agreed.clientNoContextTakeover || !deflate.receivesWithoutContext, "a context we do not want")
    let again = try offers(in: [agreed.fieldValue])
    precondition(again.first?.parameters == agreed, "an answer that reads otherwise")
}
