import Compression
import Determinism
import FuzzTargets
import Testing
import WebSocketCore

@Suite("RFC 7692 messages, sent and received")
struct MessageDeflaterTests {
    private static let text = Array(String(repeating: "{\"tick\":1,\"seat\":\"north\"}", count: 60).utf8)

    private func frame(
        _ payload: [UInt8], _ deflater: MessageDeflater, opcode: WebSocketOpcode = .binary, mask: UInt32? = nil
    ) -> [UInt8] {
        var out: [UInt8] = []
        deflater.append(opcode, payload.span, to: &out, mask: mask)
        return out
    }

    @Test(arguments: [WebSocketRole.server, .client], [9, 12, 15])
    func `what one side compresses the other reads, in every cut`(_ sender: WebSocketRole, _ bits: Int) {
        for keeps in [false, true] {
            let agreement = PermessageDeflate.Agreement(
                serverNoContextTakeover: !keeps, clientNoContextTakeover: !keeps, serverMaxWindowBits: UInt8(bits),
                clientMaxWindowBits: UInt8(bits))
            let pool = DeflatePool()
            let deflater = MessageDeflater(agreement, role: sender, pool: pool, threshold: 32)
            var random = SeededRandom(seed: UInt64(bits))
            var stream: [UInt8] = []
            var sent: [WebSocketEntry] = []
            for _ in 0..<25 {
                let letters = [3, 90][random.int(in: 0...1)]
                let message = (0..<random.int(in: 0...3000)).map { _ in UInt8(0x20 + random.int(in: 0...letters)) }
                let mask = sender == .client ? UInt32(truncatingIfNeeded: random.next()) : nil
                // Some are left out of it, as one with a secret would be.
                if random.int(in: 0...4) == 0 {
                    WebSocketFrame.append(.text, message.span, to: &stream, mask: mask)
                } else {
                    deflater.append(.text, message.span, to: &stream, mask: mask)
                }
                sent.append(.text(message))
            }
            let receiver: WebSocketRole = sender == .server ? .client : .server
            for sizes in [[], [1], [7, 2], [1000, 3]] {
                let read = transcript(of: pieces(of: stream, sizes: sizes)) {
                    WebSocketReceiver(
                        role: receiver, inflater: MessageInflater(agreement, role: receiver, pool: pool))
                }
                #expect(read == sent, "context kept: \(keeps), cut in \(sizes)")
            }
            #expect(pool.lent == (keeps ? 1 : 0))
        }
    }

    @Test func `a message goes out as it is where it would not get smaller`() {
        var random = SeededRandom(seed: 7)
        let noise = (0..<2000).map { _ in UInt8(random.int(in: 0...255)) }
        let agreement = PermessageDeflate.Agreement()
        let deflater = MessageDeflater(agreement, role: .server, pool: DeflatePool())
        var stream = frame(Self.text, deflater)
        #expect(stream[0] == 0xC2 && stream.count < Self.text.count / 4)
        let plain = frame(noise, deflater)
        #expect(plain == WebSocketFrame.framed(.binary, noise.span))
        // What was compressed in vain may not be referred to.
        stream += plain + frame(noise + Self.text, deflater) + frame(Self.text, deflater)
        let read = transcript(of: [stream]) {
            WebSocketReceiver(
                role: .client, inflater: MessageInflater(agreement, role: .client, pool: DeflatePool()))
        }
        #expect(read == [.binary(Self.text), .binary(noise), .binary(noise + Self.text), .binary(Self.text)])
    }

    @Test func `short messages, and a window that zlib does not have, are left as they are`() {
        let pool = DeflatePool()
        let deflater = MessageDeflater(PermessageDeflate.Agreement(), role: .server, pool: pool, threshold: 1500)
        #expect(frame(Array(Self.text.prefix(1499)), deflater)[0] == 0x82)
        #expect(frame(Self.text, deflater)[0] == 0xC2)
        let narrow = PermessageDeflate.Agreement(clientMaxWindowBits: 8)
        #expect(frame(Self.text, MessageDeflater(narrow, role: .client, pool: pool), mask: 1)[0] == 0x82)
    }

    @Test func `contexts are lent for one message, kept a few at a time, and given back when a connection ends`() {
        let pool = DeflatePool(idleMax: 2)
        let alone = PermessageDeflate.Agreement(serverNoContextTakeover: true, clientNoContextTakeover: true)
        let shared = (0..<100).map { _ in MessageDeflater(alone, role: .server, pool: pool) }
        let frames = shared.map { frame(Self.text, $0) }
        #expect(Set(frames).count == 1 && shared.allSatisfy { $0.makesSharedFrames && $0.residentBytes == 0 })
        #expect(pool.lent == 0 && pool.idle == 1)
        do {
            let keeping = (0..<5).map { _ in
                MessageDeflater(PermessageDeflate.Agreement(), role: .server, pool: pool)
            }
            for deflater in keeping { _ = frame(Self.text, deflater) }
            #expect(pool.lent == 5 && keeping.allSatisfy { !$0.makesSharedFrames && $0.residentBytes > 200_000 })
        }
        #expect(pool.lent == 0 && pool.idle == 2)
    }

    @Test func `what connections may come to hold is reserved from their beginning to their end`() {
        let alone = PermessageDeflate.Agreement(serverNoContextTakeover: true, clientNoContextTakeover: true)
        let narrow = PermessageDeflate.Agreement(clientMaxWindowBits: 9)
        let pool = DeflatePool(bytesMax: 400_000)
        #expect(pool.hasRoom(for: alone, role: .server) && pool.hasRoom(for: narrow, role: .server))
        do {
            let receivers = (0..<10).map { _ in MessageInflater(alone, role: .server, pool: pool) }
            #expect(receivers.count == 10 && pool.reservedBytes == 10 * 39 * 1_024)
            #expect(!pool.hasRoom(for: alone, role: .server) && pool.lent == 0)
        }
        #expect(pool.reservedBytes == 0)
        do {
            let halves = (
                MessageInflater(narrow, role: .server, pool: pool), MessageDeflater(narrow, role: .server, pool: pool)
            )
            #expect(pool.reservedBytes == 7 * 1_024 + 512 + 262 * 1_024)
            let compressed = frame(Self.text, halves.1)
            #expect(compressed[0] == 0xC2 && halves.1.residentBytes <= pool.reservedBytes - 7 * 1_024)
            #expect(!pool.hasRoom(for: narrow, role: .server) && pool.hasRoom(for: alone, role: .server))
            withExtendedLifetime(halves) {}
        }
        #expect(pool.reservedBytes == 0 && pool.lent == 0)
    }

    @Test func `work beyond the allowance ends the stream, however small its messages are`() {
        let alone = PermessageDeflate.Agreement(serverNoContextTakeover: true, clientNoContextTakeover: true)
        let pool = DeflatePool()
        let bomb = frame([UInt8](repeating: 7, count: 50_000), MessageDeflater(alone, role: .server, pool: pool))
        let speck = frame([1], MessageDeflater(alone, role: .server, pool: pool, threshold: 1))
        // One byte does not get smaller, so its frame is made by hand: a fixed block of one literal.
        let tiny: [UInt8] = [0xC2, 0x03, 0x62, 0x04, 0x00]
        #expect(speck[0] == 0x82)
        func read(_ stream: [UInt8], _ allowance: Int) -> [WebSocketEntry] {
            transcript(of: [stream]) {
                let inflater = MessageInflater(alone, role: .client, pool: pool)
                inflater.allowance = allowance
                return WebSocketReceiver(role: .client, messageBytesMax: 65_536, inflater: inflater)
            }
        }
        let four = read(bomb + bomb + bomb + bomb, 160_000)
        #expect(four.count == 4 && four.last == .failed(.tooMuchToInflate))
        let many = read((0..<1_000).flatMap { _ in tiny }, 100_000)
        #expect(many.last == .failed(.tooMuchToInflate) && (370...390).contains(many.count))
        #expect(WebSocketError.tooMuchToInflate.closeCode == WebSocketCloseCode.rateLimited)
        #expect(pool.lent == 0 && pool.reservedBytes == 0)
    }

    @Test func `a context is held and charged only while a message is under way`() throws {
        let pool = DeflatePool()
        let agreement = PermessageDeflate.Agreement(serverNoContextTakeover: true, clientNoContextTakeover: true)
        let inflater = MessageInflater(agreement, role: .client, pool: pool)
        var receiver = WebSocketReceiver(role: .client, inflater: inflater)
        let stream = frame(Self.text, MessageDeflater(agreement, role: .server, pool: pool))
        var first = Array(stream.prefix(30))
        var rest = Array(stream.dropFirst(30))
        var cursor = 0
        var span = first.mutableSpan
        let nothing = try receiver.next(&span, at: &cursor)
        #expect(nothing == nil && receiver.residentBytes >= 7 * 1024 && pool.lent == 1)
        cursor = 0
        var last = rest.mutableSpan
        let event = try receiver.next(&last, at: &cursor)
        #expect(event == .binary(.assembled) && receiver.assembled == Self.text && pool.lent == 0)
        let end = try receiver.next(&last, at: &cursor)
        #expect(end == nil && receiver.residentBytes == 0)
        #expect(Int.max - inflater.allowance >= stream.count - 4 + Self.text.count)
    }

    @Test func `a hundred bombs at once take no more than their limits`() throws {
        let pool = DeflatePool()
        let agreement = PermessageDeflate.Agreement(serverNoContextTakeover: true, clientNoContextTakeover: true)
        var bomb: [UInt8] = []
        let zeros = [UInt8](repeating: 0, count: 1 << 20)
        MessageDeflater(agreement, role: .server, pool: pool).append(.binary, zeros.span, to: &bomb)
        var resident = 0
        for _ in 0..<100 {
            var receiver = WebSocketReceiver(
                role: .client, messageBytesMax: 65_536,
                inflater: MessageInflater(agreement, role: .client, pool: pool))
            var input = bomb
            var span = input.mutableSpan
            var cursor = 0
            #expect(throws: WebSocketError.messageTooBig) {
                var lent = bomb
                var bytes = lent.mutableSpan
                var start = 0
                var copy = receiver
                _ = try copy.next(&bytes, at: &start)
            }
            _ = try? receiver.next(&span, at: &cursor)
            resident += receiver.residentBytes
        }
        #expect(resident == 0 && pool.lent == 0 && pool.idle <= 16)
    }
}

@Suite("RFC 7692 messages that many are sent")
struct SharedDeflateTests {
    /// One who is sent messages of its own and of everybody.
    private final class Peer {
        let agreement: PermessageDeflate.Agreement
        let deflater: MessageDeflater
        var stream: [UInt8] = []
        var sent: [WebSocketEntry] = []

        init(keeps: Bool, bits: UInt8, _ pool: DeflatePool, threshold: Int = 32) {
            agreement = PermessageDeflate.Agreement(serverNoContextTakeover: !keeps, serverMaxWindowBits: bits)
            deflater = MessageDeflater(agreement, role: .server, pool: pool, threshold: threshold)
        }

        var read: [WebSocketEntry] {
            let pool = DeflatePool()
            return transcript(of: [stream]) {
                WebSocketReceiver(
                    role: .client, messageBytesMax: 1 << 20,
                    inflater: MessageInflater(self.agreement, role: .client, pool: pool))
            }
        }
    }

    private func text(_ random: inout SeededRandom) -> [UInt8] {
        (0..<random.int(in: 0...3000)).map { _ in UInt8(0x20 + random.int(in: 0...3)) }
    }

    @Test func `messages before, between and behind what everybody is sent are read, whatever each has agreed to`() {
        let pool = DeflatePool()
        let peers = [(false, 15), (true, 15), (true, 9), (false, 10), (true, 12), (true, 15)].map {
            Peer(keeps: $0.0, bits: UInt8($0.1), pool)
        }
        var random = SeededRandom(seed: 11)
        for _ in 0..<30 {
            // The same again, so that whoever kept its context would refer to it.
            let common = text(&random)
            for peer in peers where random.int(in: 0...2) > 0 {
                peer.deflater.append(.text, common.span, to: &peer.stream)
                peer.sent.append(.text(common))
            }
            var frames = WebSocketFrame.framed(.text, common.span)
            let attachment = text(&random)
            WebSocketFrame.append(.binary, attachment.span, to: &frames)
            WebSocketFrame.append(.ping, [1, 2].span, to: &frames)
            for peer in peers {
                peer.stream += peer.deflater.shared(frames)
                peer.sent += [.text(common), .binary(attachment), .ping([1, 2])]
                peer.deflater.append(.text, common.span, to: &peer.stream)
                peer.sent.append(.text(common))
            }
            pool.forgetShared()
        }
        for peer in peers { #expect(peer.read == peer.sent, "\(peer.agreement), seed 11") }
    }

    @Test func `it is compressed once for all of the same window and threshold`() {
        let pool = DeflatePool(idleMax: 0)
        let text = Array(String(repeating: "all of them ", count: 500).utf8)
        let frames = WebSocketFrame.framed(.text, text.span)
        let peers = (0..<50).map { Peer(keeps: $0 % 2 == 0, bits: 15, pool) }
        let sent = peers.map { $0.deflater.shared(frames) }
        let first = address(sent[0])
        #expect(sent[0].count < 200 && sent.allSatisfy { address($0) == first }, "they share the bytes")
        let narrow = Peer(keeps: true, bits: 9, pool).deflater.shared(frames)
        #expect(address(narrow) != first && narrow.count < 400)
        pool.forgetShared()
        #expect(address(peers[0].deflater.shared(frames)) != first, "nothing is kept longer than a turn")
    }

    private func address(_ bytes: [UInt8]) -> UInt {
        unsafe bytes.withUnsafeBufferPointer { UInt(bitPattern: $0.baseAddress) }
    }

    @Test func `what is short, or would not get smaller, goes out as it is, and contexts live on`() {
        let pool = DeflatePool()
        let peer = Peer(keeps: true, bits: 15, pool, threshold: 100)
        var random = SeededRandom(seed: 3)
        let noise = (0..<2000).map { _ in UInt8(random.int(in: 0...255)) }
        let long = Array(String(repeating: "abcdefghijklmnop", count: 30).utf8)
        peer.deflater.append(.text, long.span, to: &peer.stream)
        for message in [noise, Array(long.prefix(99))] {
            let frames = WebSocketFrame.framed(.binary, message.span)
            #expect(peer.deflater.shared(frames) == frames)
            peer.stream += frames
        }
        let before = peer.stream.count
        peer.deflater.append(.text, long.span, to: &peer.stream)
        #expect(peer.stream.count - before < 12, "it refers to the first")
        #expect(peer.read == [.text(long), .binary(noise), .binary(Array(long.prefix(99))), .text(long)])
    }

    @Test func `a message just as long as the threshold is compressed, one byte less is not`() {
        let peer = Peer(keeps: false, bits: 15, DeflatePool(), threshold: 200)
        for (count, first) in [(199, UInt8(0x81)), (200, 0xC1), (70_000, 0xC1)] {
            let text = [UInt8](repeating: 0x61, count: count)
            #expect(peer.deflater.shared(WebSocketFrame.framed(.text, text.span))[0] == first)
        }
    }
}
