import Compression
import Determinism
import FuzzTargets
import Testing
import WebSocketCore

/// 12 and 13: sizes of messages, and of the fragments that they come in, 0 for none.
private let sizes = [
    (16, 0), (64, 0), (256, 0), (1024, 0), (4096, 0), (8192, 0), (16_384, 0), (32_768, 0), (65_536, 0), (131_072, 0),
    (8192, 256), (16_384, 256), (32_768, 256), (65_536, 256), (131_072, 256), (131_072, 1024), (131_072, 4096),
    (131_072, 32_768),
]

/// 13: what the client offers, and what is answered where we would rather keep contexts.
private let negotiations = [
    ("permessage-deflate; client_max_window_bits", "permessage-deflate"),
    (
        "permessage-deflate; server_no_context_takeover; client_max_window_bits",
        "permessage-deflate; server_no_context_takeover"
    ),
    (
        "permessage-deflate; server_max_window_bits=9; client_max_window_bits",
        "permessage-deflate; server_max_window_bits=9"
    ),
    (
        "permessage-deflate; server_max_window_bits=15; client_max_window_bits",
        "permessage-deflate; server_max_window_bits=15"
    ),
    (
        "permessage-deflate; server_no_context_takeover; server_max_window_bits=9; client_max_window_bits",
        "permessage-deflate; server_no_context_takeover; server_max_window_bits=9"
    ),
    (
        "permessage-deflate; server_no_context_takeover; server_max_window_bits=15; client_max_window_bits",
        "permessage-deflate; server_no_context_takeover; server_max_window_bits=15"
    ),
    (
        "permessage-deflate; server_no_context_takeover; server_max_window_bits=9; client_max_window_bits, "
            + "permessage-deflate; server_no_context_takeover; client_max_window_bits, "
            + "permessage-deflate; client_max_window_bits",
        "permessage-deflate; server_no_context_takeover; server_max_window_bits=9"
    ),
]

@Suite("RFC 7692 by the cases of the Autobahn fuzzing client")
struct AutobahnDeflateTests {
    /// Text, pictures and noise: windows of the same data move through it, as there.
    private static let data: [[UInt8]] = {
        var random = SeededRandom(seed: 12)
        var json = ""
        while json.utf8.count < 140_000 {
            json += "{\"id\": \(random.int(in: 0...99_999)), \"name\": \"Grüße \(random.int(in: 0...99))\"},\n"
        }
        var noise: [UInt8] = []
        while noise.count < 140_000 { noise.append(UInt8(random.int(in: 0...255))) }
        var picture: [UInt8] = []
        while picture.count < 140_000 { picture.append(UInt8(128 + random.int(in: 0...9))) }
        return [Array(json.utf8), picture, noise]
    }()

    @Test(arguments: negotiations.indices, [true, false])
    func `what an agreeing client sends is echoed, in all sizes and fragments`(_ index: Int, _ keeps: Bool) throws {
        let settings = PermessageDeflate(sendsWithoutContext: !keeps, receivesWithoutContext: !keeps)
        let agreed = try #require(settings.agreement(for: offers(in: [negotiations[index].0])))
        if keeps { #expect(agreed.fieldValue == negotiations[index].1) }
        let pool = DeflatePool()
        let echo = MessageDeflater(agreed, role: .server, pool: pool, threshold: 1)
        let peer = Peer(agreed)
        var server = WebSocketReceiver(
            role: .server, messageBytesMax: 16 << 20, fragmentsMax: 65_536,
            inflater: MessageInflater(agreed, role: .server, pool: pool))
        var client = WebSocketReceiver(
            role: .client, messageBytesMax: 16 << 20,
            inflater: MessageInflater(agreed, role: .client, pool: DeflatePool()))
        for (turn, (size, fragment)) in sizes.enumerated() {
            // All of the data in the small sizes, one of it after the other in the large ones.
            for (kind, data) in Self.data.enumerated() where size < 10_000 || turn % 3 == kind {
                for start in size < 10_000 ? [0, 777, 5000] : [turn * 777] {
                    let message = Array((data + data)[start..<start + size])
                    var stream = peer.frames(message, fragment: fragment)
                    let received = try read(&stream, by: &server)
                    #expect(received == message, "data \(kind), \(size) bytes in \(fragment)")
                    var back: [UInt8] = []
                    echo.append(.binary, received.span, to: &back)
                    #expect(try read(&back, by: &client) == message)
                }
            }
        }
    }

    private func read(_ stream: inout [UInt8], by receiver: inout WebSocketReceiver) throws -> [UInt8] {
        var span = stream.mutableSpan
        var cursor = 0
        guard case .binary(let bytes) = try receiver.next(&span, at: &cursor) else { return [] }
        return receiver.copy(bytes, from: span.span)
    }

    /// A client that compresses every message, and cuts it into frames.
    private struct Peer {
        private let deflater: Deflater
        private let keepsContext: Bool

        init(_ agreed: PermessageDeflate.Agreement) {
            deflater = Deflater(windowBits: max(9, agreed.windowBits(sentBy: .client)))
            keepsContext = !agreed.isWithoutContext(sentBy: .client)
        }

        func frames(_ message: [UInt8], fragment: Int) -> [UInt8] {
            if !keepsContext { deflater.reset() }
            var compressed: [UInt8] = []
            deflater.deflateMessage(message.span, into: &compressed)
            let step = fragment == 0 ? compressed.count : fragment
            var stream: [UInt8] = []
            for start in stride(from: 0, to: compressed.count, by: step) {
                let end = min(compressed.count, start + step)
                WebSocketFrame.append(
                    start == 0 ? .binary : .continuation, compressed.span.extracting(start..<end), to: &stream,
                    mask: 0xA1B2_C3D4, isFinal: end == compressed.count, isCompressed: start == 0)
            }
            return stream
        }
    }
}
