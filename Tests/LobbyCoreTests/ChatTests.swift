import Determinism
import LobbyCore
import Testing

@Suite("What players write, made fit to be shown (abuse G-13)")
struct ChatTextTests {
    @Test(arguments: [
        ("control", "a\u{0}b\u{7}c\u{1B}[31md\u{85}e", "abc[31mde"),
        ("line breaks", "a\r\nb\tc\u{2028}d", "a  b c d"),
        ("bidi override", "\u{202E}txt.exe\u{202C} \u{2066}x\u{2069}\u{200F}", "txt.exe x"),
        ("zero width", "a\u{200B}b\u{200C}c\u{200D}d\u{2060}e\u{FEFF}f", "abcdef"),
        ("what shows nothing", "\u{3164}\u{115F}\u{FFA0}\u{2800}\u{E0041}x", "x"),
        ("combining piles", "Z\u{351}\u{36B}\u{343}\u{36A}\u{302}\u{36B}a", "Z\u{351}\u{36B}\u{343}a"),
        ("a mark in front", "\u{301}abc", "abc"),
        ("letters with marks", "Vi\u{1EC7}t na\u{6D}\u{300}\u{301}", "Vi\u{1EC7}t na\u{6D}\u{300}\u{301}"),
        ("repeated characters", "nooooooooooooooo!!!!!!!!!!!!", "noooooooo!!!!!!!!"),
        ("blanks", "   hi   ", "hi"),
        ("links", "see https://example.com/?a=b&c=<d>", "see https://example.com/?a=b&c=<d>"),
        ("markup", "<b onclick=x>&amp;</b> **x** `y`", "<b onclick=x>&amp;</b> **x** `y`"),
        ("commands", "/kick 1 ~admin", "/kick 1 ~admin"),
        ("an emoji", "\u{2764}\u{FE0F}\u{1F44D}\u{1F3FD}", "\u{2764}\u{FE0F}\u{1F44D}\u{1F3FD}"),
        ("nothing", " \u{200B}\u{7} ", ""),
    ])
    func `text stays text, and is cleaned exactly`(_ name: String, _ text: String, _ expected: String) {
        let cleaned = ChatText.cleaned(text)
        #expect(Array(cleaned.unicodeScalars) == Array(expected.unicodeScalars), "\(name)")
        #expect(ChatText.cleaned(cleaned) == cleaned, "\(name): cleaning twice changes nothing")
    }

    @Test func `whatever is written, nobody sees a control or a formatting character`() {
        var random = SeededRandom(seed: 13)
        for _ in 0..<2_000 {
            var text = String.UnicodeScalarView()
            for _ in 0..<40 {
                let range = [0...0x9F, 0x300...0x36F, 0x2000...0x206F, 0xE0000...0xE01EF, 0x41...0x45]
                let value = random.int(in: range[random.int(in: 0...4)])
                if let scalar = Unicode.Scalar(UInt32(value)) { text.append(scalar) }
            }
            var marks = 0
            for scalar in ChatText.cleaned(String(text)).unicodeScalars {
                let category = scalar.properties.generalCategory
                #expect(![.control, .format, .lineSeparator, .paragraphSeparator].contains(category))
                marks = category == .nonspacingMark ? marks + 1 : 0
                #expect(marks <= ChatText.marksMax)
            }
        }
    }
}

@Suite("Who may talk, and how much (abuse G-13)")
struct ChatTableTests {
    private var chat = ChatTable(seatCount: 3)
    private var now = Instant.zero + .seconds(100)

    /// Says something, and tells the cleaned text or the code of the refusal.
    private mutating func say(_ text: String, to target: ChatTarget = .lobby, by seat: Int = 0) -> String {
        do throws(MatchRefusal) {
            return try chat.say(text, to: target, by: seat, at: now)
        } catch {
            return error.code
        }
    }

    @Test mutating func `five messages in any five seconds, whomever they are for`() {
        for (index, target) in [ChatTarget.lobby, .team, .seat(1), .seat(2), .lobby].enumerated() {
            #expect(say("\(index)", to: target) == "\(index)")
            now = now + .milliseconds(500)
        }
        #expect(say("x") == "too-fast" && say("x", to: .seat(1)) == "too-fast" && say("y", by: 1) == "y")
        now = now + .milliseconds(2_499)
        #expect(say("x") == "too-fast")
        now = now + .milliseconds(1)
        #expect(say("x") == "x" && say("y") == "too-fast", "the first is five seconds ago, the second is not")
    }

    @Test mutating func `what is refused does not count`() {
        for _ in 0..<20 { #expect(say("") == "empty") }
        for index in 0..<5 { #expect(say("\(index)") == "\(index)") }
        for _ in 0..<20 { #expect(say("x") == "too-fast") }
        now = now + .seconds(5)
        #expect(say("x") == "x")
    }

    @Test mutating func `at most 1 KiB as it comes, and 256 characters as it is shown`() {
        #expect(say(String(repeating: "ab", count: 128)).count == 256)
        #expect(say(String(repeating: "ab", count: 128) + "c") == "too-long")
        #expect(say(String(repeating: "\u{1F600}x", count: 128)).count == 256)
        #expect(say(String(repeating: "\u{200B}", count: 341) + "x") == "x", "1,024 bytes")
        #expect(say(String(repeating: "\u{200B}", count: 341) + "xy") == "too-long")
    }

    @Test mutating func `the same text to the same players is not sent again within half a minute`() {
        #expect(say("buy now") == "buy now" && say("buy  \u{200B}now") == "buy  now")
        #expect(say("buy now", by: 1) == "buy now")
        #expect(say("spam") == "spam" && say("sp\u{200B}am") == "repeated" && say("spam", to: .team) == "spam")
        now = now + .seconds(29)
        #expect(say("spam", to: .team) == "repeated")
        now = now + .seconds(1)
        #expect(say("spam", to: .team) == "spam")
    }

    @Test mutating func `who is muted is told why and for how long, and may talk again then`() throws {
        chat.mute(0, person: nil, until: now + .seconds(60), reason: "rude")
        #expect(say("x") == "muted" && say("x", by: 1) == "x")
        #expect(chat.mute(of: 0, at: now + .milliseconds(500)) == .muted(reason: "rude", seconds: 60))
        now = now + .seconds(60)
        #expect(say("x") == "x")
        chat.mute(0, person: nil, until: now + .seconds(60), reason: "")
        chat.mute(0, person: nil, until: now, reason: "")
        #expect(say("y") == "y", "ended before its time")
    }

    @Test mutating func `who leaves and comes back is as muted as before, and has said as much`() {
        chat.mute(0, person: "198.51.100.7", until: now + .seconds(60), reason: "rude")
        chat.left(0)
        chat.joined(0, person: "203.0.113.9", at: now)
        for index in 0..<5 { #expect(say("\(index)") == "\(index)", "somebody else") }
        chat.joined(1, person: "198.51.100.7", at: now)
        #expect(say("x", by: 1) == "muted")
        chat.left(0)
        chat.joined(0, person: "203.0.113.9", at: now)
        #expect(say("x") == "too-fast", "leaving buys nothing")
        chat.left(1)
        now = now + .seconds(61)
        chat.joined(1, person: "198.51.100.7", at: now)
        #expect(say("x", by: 1) == "x")
    }
}
