import FuzzTargets
import Testing
import WebSocketCore

/// What Autobahn's fuzzing client sends in one case, and what a strict echo server makes of it.
private struct Case: CustomTestStringConvertible, Sendable {
    var id: String
    var frames: [[UInt8]]
    var entries: [WebSocketEntry]
    var testDescription: String { id }

    init(_ id: String, _ frames: [[UInt8]], _ entries: [WebSocketEntry]) {
        self.id = id
        self.frames = frames
        self.entries = entries
    }
}

/// One masked frame, however wrong: nothing is checked here.
private func frame(_ opcode: UInt8, _ payload: [UInt8] = [], final: Bool = true, reserved: UInt8 = 0) -> [UInt8] {
    let key: [UInt8] = [0x37, 0xFA, 0x21, 0x3D]
    var frame = [opcode | (final ? 0x80 : 0) | reserved << 4]
    switch payload.count {
    case ...125: frame.append(0x80 | UInt8(payload.count))
    case ...0xFFFF: frame += [0x80 | 126, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)]
    default: frame += [0x80 | 127] + (0..<8).map { UInt8(truncatingIfNeeded: payload.count >> (56 - 8 * $0)) }
    }
    return frame + key + payload.enumerated().map { $1 ^ key[$0 & 3] }
}

private func text(_ text: String) -> [UInt8] { Array(text.utf8) }

private let hello = text("Hello, world!")

/// 1: any length of text and binary; 2: pings; 3: reserved bits; 4: reserved opcodes.
private let framing: [Case] = {
    var cases: [Case] = []
    for (index, length) in [0, 125, 126, 127, 128, 65_535, 65_536].enumerated() {
        let stars = [UInt8](repeating: 0x2A, count: length)
        let noise = [UInt8](repeating: 0xFE, count: length)
        cases.append(Case("1.1.\(index + 1)", [frame(1, stars)], [.text(stars)]))
        cases.append(Case("1.2.\(index + 1)", [frame(2, noise)], [.binary(noise)]))
    }
    let payloads = [[], text("Hello, world!"), [0, 0xFF, 0xFE, 0xFD, 0xFC, 0xFB, 0, 0xFF]]
    for (index, payload) in (payloads + [[UInt8](repeating: 0xFE, count: 125)]).enumerated() {
        cases.append(Case("2.\(index + 1)", [frame(9, payload)], [.ping(payload)]))
    }
    cases.append(Case("2.5", [frame(9, [UInt8](repeating: 0xFE, count: 126))], [.failed(.controlTooLong)]))
    cases.append(Case("2.7", [frame(10)], [.pong([])]))
    cases.append(Case("2.8", [frame(10, hello)], [.pong(hello)]))
    cases.append(Case("2.9", [frame(10, hello), frame(9, text("ping"))], [.pong(hello), .ping(text("ping"))]))
    let pings = (0..<10).map { text("payload-\($0)") }
    cases.append(Case("2.10", pings.map { frame(9, $0) }, pings.map { .ping($0) }))
    for reserved in UInt8(1)...7 {
        for opcode: UInt8 in [1, 2, 8, 9, 10] {
            cases.append(
                Case(
                    "3.\(reserved) on \(opcode)",
                    [frame(1, hello), frame(opcode, hello, reserved: reserved), frame(9)],
                    [.text(hello), .failed(.reservedBits)]))
        }
    }
    for opcode in Array(UInt8(3)...7) + Array(UInt8(11)...15) {
        for payload in [[], hello] {
            cases.append(
                Case(
                    "4 with \(opcode)", [frame(1, hello), frame(opcode, payload), frame(9)],
                    [.text(hello), .failed(.reservedOpcode)]))
        }
    }
    return cases
}()

/// 5: fragments.
private let fragments: [Case] = {
    let (one, two) = (text("fragment1"), text("fragment2"))
    let start = frame(1, one, final: false)
    let whole: WebSocketEntry = .text(one + two)
    let loose = frame(0, text("non-continuation payload"))
    let ping = frame(9, text("ping payload"))
    return [
        Case("5.1", [frame(9, one, final: false), frame(0, two)], [.failed(.fragmentedControl)]),
        Case("5.2", [frame(10, one, final: false), frame(0, two)], [.failed(.fragmentedControl)]),
        Case("5.3-5.5", [start, frame(0, two)], [whole]),
        Case("5.6-5.8", [start, ping, frame(0, two)], [.ping(text("ping payload")), whole]),
        Case("5.9-5.11", [loose, frame(1, hello)], [.failed(.unexpectedContinuation)]),
        Case(
            "5.12-5.14", [frame(0, one, final: false), frame(1, hello)], [.failed(.unexpectedContinuation)]),
        Case(
            "5.15", [start, frame(0, two), frame(0, one, final: false), frame(1, two)],
            [whole, .failed(.unexpectedContinuation)]),
        Case(
            "5.16", [frame(0, one, final: false), start, frame(0, two)], [.failed(.unexpectedContinuation)]),
        Case("5.17", [frame(0, one), start, frame(0, two)], [.failed(.unexpectedContinuation)]),
        Case("5.18", [start, frame(1, two)], [.failed(.expectedContinuation)]),
        Case(
            "5.19-5.20",
            [
                start, frame(0, two, final: false), frame(9, text("pongme 1!")), frame(0, one, final: false),
                frame(0, two, final: false), frame(9, text("pongme 2!")), frame(0, one),
            ],
            [.ping(text("pongme 1!")), .ping(text("pongme 2!")), .text(one + two + one + two + one)]),
        Case("6.1.1", [frame(1)], [.text([])]),
        Case("6.1.2", [frame(1, final: false), frame(0, final: false), frame(0)], [.text([])]),
        Case("6.1.3", [frame(1, final: false), frame(0, one, final: false), frame(0)], [.text(one)]),
    ]
}()

/// 7: closing, and what comes after.
private let closing: [Case] = {
    let normal = frame(8, [0x03, 0xE8])
    let closed: WebSocketEntry = .close(code: 1000, reason: "")
    func close(_ code: Int, _ reason: [UInt8] = []) -> [UInt8] {
        frame(8, [UInt8(code >> 8), UInt8(code & 0xFF)] + reason)
    }
    let big = [UInt8](repeating: 0x2A, count: 256 * 1024)
    let stars = [UInt8](repeating: 0x2A, count: 123)
    var cases = [
        Case("7.1.1", [frame(1, hello), normal], [.text(hello), closed]),
        Case("7.1.2", [normal, normal], [closed]),
        Case("7.1.3", [normal, frame(9)], [closed]),
        Case("7.1.4", [normal, frame(1, hello)], [closed]),
        Case("7.1.5", [frame(1, text("fragment1"), final: false), normal, frame(0, text("fragment2"))], [closed]),
        Case("7.1.6", [frame(1, big), frame(1, hello), normal, frame(9)], [.text(big), .text(hello), closed]),
        Case("7.3.1", [frame(8)], [.close(code: nil, reason: "")]),
        Case("7.3.2", [frame(8, [0x61])], [.failed(.closePayload)]),
        Case("7.3.3", [normal], [closed]),
        Case("7.3.4", [close(1000, text("Hello World!"))], [.close(code: 1000, reason: "Hello World!")]),
        Case("7.3.5", [close(1000, stars)], [.close(code: 1000, reason: String(repeating: "*", count: 123))]),
        Case("7.3.6", [close(1000, stars + [0x2A])], [.failed(.controlTooLong)]),
        Case("7.5.1", [close(1000, [0xCE, 0xBA, 0xED, 0xA0, 0x80, 0x65])], [.failed(.invalidText)]),
    ]
    for code in [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999] {
        cases.append(Case("7.7 with \(code)", [close(code)], [.close(code: UInt16(code), reason: "")]))
    }
    for code in [0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999, 5000, 65_535] {
        cases.append(Case("7.9 and 7.13 with \(code)", [close(code)], [.failed(.closePayload)]))
    }
    return cases
}()

@Suite("RFC 6455 by the cases of the Autobahn fuzzing client")
struct AutobahnTests {
    @Test(arguments: framing + fragments + closing)
    private func `a case is read as a strict server reads it, in every chop`(_ one: Case) {
        let stream = one.frames.flatMap(\.self)
        let receiver = WebSocketReceiver(role: .server, messageBytesMax: 1 << 20, fragmentsMax: 65_536)
        // By frames, as it is sent; whole; byte by byte, as the cases with a chop size of 1 do; and in between.
        let chops = stream.count > 10_000 ? [[4099]] : [[1], [64], [997], [3, 1, 5]]
        let ways = [one.frames, [stream]] + chops.map { pieces(of: stream, sizes: $0) }
        for way in ways { #expect(transcript(of: way, by: receiver) == one.entries) }
    }

    /// 6.4: the middle part makes the text wrong, in its second byte, and what is right before it makes nothing fail.
    @Test(arguments: ["6.4.1", "6.4.2", "6.4.3", "6.4.4"])
    func `text that cannot become right fails at once`(_ id: String) {
        let right: [UInt8] = [0xCE, 0xBA, 0xE1, 0xBD, 0xB9, 0xCF, 0x83, 0xCE, 0xBC, 0xCE, 0xB5]
        let wrong: [UInt8] = [0xF4, 0x90, 0x80, 0x80]
        let rest = text("edited")
        let first: [UInt8]
        let second: [UInt8]
        switch id {
        case "6.4.1":
            first = frame(1, right, final: false)
            second = frame(0, wrong, final: false)
        case "6.4.2":
            first = frame(1, right + wrong.prefix(1), final: false)
            second = frame(0, Array(wrong[1...1]), final: false)
        default:
            // In chops of one frame, which never comes to its end.
            let whole = frame(1, right + wrong + rest)
            let head = 6 + right.count + (id == "6.4.3" ? 0 : 1)
            first = Array(whole[..<head])
            second = Array(whole[head..<head + (id == "6.4.3" ? 4 : 1)])
        }
        let receiver = WebSocketReceiver(role: .server)
        #expect(transcript(of: [first], by: receiver).isEmpty)
        #expect(transcript(of: [first, second], by: receiver) == [.failed(.invalidText)])
    }

    /// 6.2–6.23: every kind of right and wrong text, each also across frames of one byte.
    @Test func `text is judged as the standard library judges it`() {
        let receiver = WebSocketReceiver(role: .server)
        for sample in textSamples {
            let expected: [WebSocketEntry] =
                String(validating: sample, as: UTF8.self) == nil ? [.failed(.invalidText)] : [.text(sample)]
            #expect(transcript(of: [frame(1, sample)], by: receiver) == expected, "\(sample)")
            var frames = sample.enumerated().map { frame($0 == 0 ? 1 : 0, [$1], final: false) }
            frames.append(frame(sample.isEmpty ? 1 : 0))
            #expect(transcript(of: frames, by: receiver) == expected, "\(sample) in frames of one byte")
        }
    }

    private var textSamples: [[UInt8]] {
        let right = text("κόσμε")
        var samples = (0...right.count).map { Array(right[..<$0]) }
        samples += [text("hello$world"), text("hello¢world"), text("hello€world"), text("hello𤭢world")]
        // First and last of each length, the edges of the surrogates, beyond the last, five and six bytes, overlong.
        let edges: [UInt32] = [0, 0x7F, 0x80, 0x7FF, 0x800, 0xD7FF, 0xD800, 0xDFFF, 0xE000, 0xFFFD, 0xFFFF]
        for value in edges + [0x10000, 0x10FFFF, 0x110000, 0x1FFFFF] {
            for length in 1...4 { samples.append(character(value, length: length)) }
        }
        samples += [
            [0xF8, 0x88, 0x80, 0x80, 0x80], [0xFC, 0x84, 0x80, 0x80, 0x80, 0x80], [0xFE], [0xFF],
            [0xFE, 0xFE, 0xFF, 0xFF], [0x80], [0xBF], [0x80, 0xBF, 0x80, 0xBF], Array(0x80...0xBF),
            [0xC0, 0xAF], [0xC1, 0xBF], [0xED, 0xA0, 0x80, 0xED, 0xB0, 0x80], [0xDF], [0xEF, 0xBF], [0xF7, 0xBF, 0xBF],
        ]
        samples += (UInt8(0xC0)...0xFD).map { [$0, 0x20] }
        // The characters that are none, at the end of each plane.
        for plane in UInt32(0)...0x10 {
            for low: UInt32 in [0xFFFE, 0xFFFF] {
                samples.append(character(plane << 16 | low, length: plane == 0 ? 3 : 4))
            }
        }
        return samples
    }

    /// `value` in `length` bytes, whether that is right or not.
    private func character(_ value: UInt32, length: Int) -> [UInt8] {
        guard length > 1 else { return [UInt8(truncatingIfNeeded: value)] }
        let first = [0xC0, 0xE0, 0xF0][length - 2] | value >> UInt32(6 * (length - 1))
        return [UInt8(truncatingIfNeeded: first)]
            + (1..<length).map { UInt8(0x80 | value >> UInt32(6 * (length - 1 - $0)) & 0x3F) }
    }

    /// 9.1–9.4: up to 16 MiB in one frame, and up to 65,536 frames.
    @Test(arguments: [(16 << 20, 16 << 20), (4 << 20, 64), (1 << 20, 256), (1 << 20, 4096), (1 << 20, 1 << 18)])
    func `a large message arrives, however it is cut into frames`(_ size: Int, _ fragment: Int) throws {
        let payload = [UInt8](repeating: 0x2A, count: size)
        var stream: [UInt8] = []
        for start in stride(from: 0, to: size, by: fragment) {
            WebSocketFrame.append(
                start == 0 ? .text : .continuation, payload.span.extracting(start..<min(size, start + fragment)),
                to: &stream, mask: 0x1234_5678, isFinal: start + fragment >= size)
        }
        let receiver = WebSocketReceiver(role: .server, messageBytesMax: 16 << 20, fragmentsMax: 65_536)
        let read = transcript(of: pieces(of: stream, sizes: [65_536]), by: receiver)
        #expect(read == [.text(payload)])
    }

    /// 9.5–9.6: one frame of 1 MiB in chops of 64 bytes to 2 KiB; 10.1.1: 64 KiB in fragments of 1,300 bytes.
    @Test(arguments: [64, 128, 256, 512, 1024, 2048])
    func `a large frame arrives in small chops`(_ chop: Int) {
        let payload = [UInt8](repeating: 0xFE, count: 1 << 20)
        let receiver = WebSocketReceiver(role: .server, messageBytesMax: 1 << 20)
        let read = transcript(of: pieces(of: frame(2, payload), sizes: [chop]), by: receiver)
        #expect(read == [.binary(payload)])
        let stars = [UInt8](repeating: 0x2A, count: 65_536)
        let frames = stride(from: 0, to: stars.count, by: 1300).map { start in
            frame(
                start == 0 ? 1 : 0, Array(stars[start..<min(stars.count, start + 1300)]),
                final: start + 1300 >= stars.count)
        }
        let fragmented = transcript(
            of: pieces(of: frames.flatMap(\.self), sizes: [chop]),
            by: WebSocketReceiver(role: .server, messageBytesMax: 65_536))
        #expect(fragmented == [.text(stars)])
    }
}
