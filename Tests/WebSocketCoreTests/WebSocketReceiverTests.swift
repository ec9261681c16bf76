import ByteKit
import Determinism
import FuzzTargets
import Testing
import WebSocketCore

@Suite("RFC 6455 §5–§6 receiving and sending")
struct WebSocketReceiverTests {
    @Test(arguments: [WebSocketRole.server, .client], [UInt64(1), 2, 3, 4])
    func `what one side writes the other reads, in every cut`(_ receiving: WebSocketRole, _ seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var stream: [UInt8] = []
        var sent: [WebSocketEntry] = []
        for _ in 0..<60 {
            let payload = (0..<random.int(in: 0...random.int(in: 0...700))).map { _ in
                UInt8(random.int(in: 0x20...0x7E))
            }
            appendMessage(payload, to: &stream, sent: &sent, receiving, &random)
        }
        let receiver = WebSocketReceiver(role: receiving, messageBytesMax: 700)
        for sizes in [[], [1], [2, 3], [random.int(in: 1...5000), random.int(in: 1...50)]] {
            let read = transcript(of: pieces(of: stream, sizes: sizes), by: receiver)
            #expect(read == sent, "seed \(seed), cut in \(sizes)")
        }
    }

    private func appendMessage(
        _ payload: [UInt8], to stream: inout [UInt8], sent: inout [WebSocketEntry], _ receiving: WebSocketRole,
        _ random: inout SeededRandom
    ) {
        func key() -> UInt32? {
            receiving == .server ? UInt32(truncatingIfNeeded: random.next()) : nil
        }
        let isText = random.int(in: 0...1) == 0
        var rest = payload[...]
        var opcode = isText ? WebSocketOpcode.text : .binary
        while random.int(in: 0...2) == 0 {
            let part = Array(rest.prefix(random.int(in: 0...200)))
            rest = rest.dropFirst(part.count)
            WebSocketFrame.append(opcode, part.span, to: &stream, mask: key(), isFinal: false)
            opcode = .continuation
            WebSocketFrame.append(.ping, Array(part.prefix(125)).span, to: &stream, mask: key())
            sent.append(.ping(Array(part.prefix(125))))
        }
        WebSocketFrame.append(opcode, Array(rest).span, to: &stream, mask: key())
        sent.append(isText ? .text(payload) : .binary(payload))
    }

    @Test func `a message whole in one read is not copied`() throws {
        var stream: [UInt8] = []
        WebSocketFrame.append(.binary, [1, 2, 3].span, to: &stream, mask: 0x01020304)
        var receiver = WebSocketReceiver(role: .server)
        var span = stream.mutableSpan
        var cursor = 0
        let event = try receiver.next(&span, at: &cursor)
        #expect(event == .binary(.input(6..<9)))
        #expect(receiver.residentBytes == 0)
        #expect(stream[6...] == [1, 2, 3])
    }

    @Test func `memory is kept only while a message is partial`() throws {
        var receiver = WebSocketReceiver(role: .client, messageBytesMax: 1 << 20)
        var first = WebSocketFrame.framed(.binary, [UInt8](repeating: 1, count: 100_000).span)
        var last = Array(first[50_000...])
        first.removeSubrange(50_000...)
        var cursor = 0
        var span = first.mutableSpan
        let nothing = try receiver.next(&span, at: &cursor)
        #expect(nothing == nil && receiver.isMidMessage && receiver.residentBytes >= 49_990)
        cursor = 0
        var rest = last.mutableSpan
        let event = try receiver.next(&rest, at: &cursor)
        #expect(event == .binary(.assembled) && receiver.assembled.count == 100_000)
        let end = try receiver.next(&rest, at: &cursor)
        #expect(end == nil && !receiver.isMidMessage && receiver.residentBytes == 0)
    }

    @Test func `a declared length allocates nothing`() throws {
        var receiver = WebSocketReceiver(role: .client, messageBytesMax: .max)
        var header: [UInt8] = [0x82, 127, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 9]
        var span = header.mutableSpan
        var cursor = 0
        let event = try receiver.next(&span, at: &cursor)
        #expect(event == nil && receiver.residentBytes < 1024)
    }

    @Test func `a lowered limit counts from the next frame`() throws {
        var receiver = WebSocketReceiver(role: .client, messageBytesMax: 100)
        var stream: [UInt8] = [0x02, 3, 1, 2, 3, 0x80, 1, 4]
        var span = stream.mutableSpan
        var cursor = 0
        receiver.messageBytesMax = 3
        #expect(throws: WebSocketError.messageTooBig) {
            var copy = receiver
            var bytes: [UInt8] = [0x02, 3, 1, 2, 3, 0x80, 1, 4]
            var lent = bytes.mutableSpan
            var start = 0
            _ = try copy.next(&lent, at: &start)
        }
        receiver.messageBytesMax = 4
        let event = try receiver.next(&span, at: &cursor)
        #expect(event == .binary(.assembled))
    }

    @Test func `a message in a hundred thousand reads costs no more copying than its doublings`() throws {
        var receiver = WebSocketReceiver(role: .client, messageBytesMax: 1 << 20)
        var header: [UInt8] = [0x82, 127, 0, 0, 0, 0, 0, 1, 0x86, 0xA0]
        var cursor = 0
        var span = header.mutableSpan
        _ = try receiver.next(&span, at: &cursor)
        var growths = 0
        var capacity = 0
        for _ in 0..<99_999 {
            var byte: [UInt8] = [1]
            var piece = byte.mutableSpan
            cursor = 0
            _ = try receiver.next(&piece, at: &cursor)
            if receiver.residentBytes != capacity {
                growths += 1
                capacity = receiver.residentBytes
            }
        }
        #expect(growths < 24)
    }

    @Test(arguments: [[], [1], [7, 1, 4_000]])
    func `65,536 fragments of one byte cost no more than twice their bytes (W-06)`(_ sizes: [Int]) throws {
        let count = 65_536
        var stream: [UInt8] = []
        for number in 0..<count {
            WebSocketFrame.append(
                number == 0 ? .binary : .continuation, [UInt8(truncatingIfNeeded: number)].span, to: &stream,
                mask: 0x0102_0304, isFinal: number == count - 1)
        }
        var receiver = WebSocketReceiver(role: .server, messageBytesMax: count, fragmentsMax: count)
        var most = 0.0
        for piece in pieces(of: stream, sizes: sizes) {
            var lent = piece
            var span = lent.mutableSpan
            var cursor = 0
            while let event = try receiver.next(&span, at: &cursor) {
                #expect(event == .binary(.assembled) && receiver.assembled.count == count)
            }
            let kept = receiver.assembled.count
            most = max(most, Double(receiver.residentBytes - 64) / Double(max(1, kept)))
        }
        #expect(most <= 2 && receiver.residentBytes <= 2 * count)
    }

    @Test(arguments: [WebSocketError.mask, .invalidText, .tooManyFragments, .messageTooBig, .closePayload])
    func `the close frame for an error reads back`(_ error: WebSocketError) {
        var out: [UInt8] = []
        WebSocketFrame.appendClose(code: error.closeCode, reason: error.reason, to: &out)
        let read = transcript(of: [out], by: WebSocketReceiver(role: .client))
        #expect(read == [.close(code: error.closeCode, reason: error.reason)])
    }

    @Test func `a code that may not be sent stops us, not the peer`() async {
        await #expect(processExitsWith: .failure) {
            var out: [UInt8] = []
            WebSocketFrame.appendClose(code: 1006, to: &out)
        }
    }
}
