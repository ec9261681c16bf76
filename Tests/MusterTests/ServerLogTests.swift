import Foundation
import JSONCore
import Logging
import Synchronization
import Testing

@testable import Muster

/// Lines that were written.
private final class Lines: Sendable {
    private let all = Mutex<[String]>([])
    var lines: [String] { all.withLock { $0 } }

    func logger(isJSON: Bool, at seconds: @escaping @Sendable () -> Double = { 0 }) -> Logger {
        Logger(label: "muster") { [self] _ in
            ServerLog(isJSON: isJSON, now: { Date(timeIntervalSince1970: seconds()) }) { line in
                self.all.withLock { $0.append(line) }
            }
        }
    }
}

@Suite("The log (reliability.md A-02, A-08)")
struct ServerLogTests {
    static let hostile = [
        "a\r\nb", "\u{1B}[2J\u{1B}]0;x\u{7}", "\u{2028}\u{2029}", "\u{202E}txt.exe", "a\u{0}b",
        String(decoding: [0xFF, 0xFE, 0x61], as: UTF8.self),
        String(repeating: "x", count: 1_000_000), #""}{"level":"error"#, "%s%n%x %d", "a\tb", "🎲👨‍👩‍👧", "\u{9B}31m\u{85}",
    ]

    @Test(arguments: hostile)
    func `whatever a text holds, a line stays one JSON object, or one line that commands no terminal`(_ text: String)
        throws
    {
        for isJSON in [true, false] {
            let lines = Lines()
            lines.logger(isJSON: isJSON).info("name \(text) end", metadata: ["room": "\(text)"])
            #expect(lines.lines.count == 1)
            let line = try #require(lines.lines.first)
            #expect(line.utf8.count < 12_000)
            #expect(
                line.unicodeScalars.allSatisfy {
                    $0.properties.generalCategory != .control && $0.properties.generalCategory != .format
                })
            guard isJSON else { continue }
            let value = try JSONValue.parse(Array(line.utf8).span)
            #expect(value["level"] == "info" && value["time"] == "1970-01-01T00:00:00Z")
            #expect(value["message"]?.string?.hasPrefix("name ") == true && value["room"] != nil)
        }
    }

    @Test func `a terminal gets text`() {
        let lines = Lines()
        lines.logger(isJSON: false).warning("a key that everybody may read", metadata: ["b": "2", "a": "1"])
        #expect(lines.lines == ["1970-01-01T00:00:00Z warning a key that everybody may read a=1 b=2"])
    }

    @Test(arguments: ["token", "password", "jwt", "ticket", "sid", "TOKEN"])
    func `secrets do not get out, wherever they stand`(_ name: String) {
        let lines = Lines()
        let logger = lines.logger(isJSON: true)
        logger.info("GET /x?a=1&\(name)=s3cr3t&b=2 HTTP/1.1", metadata: ["referrer": "http://h/?\(name)=s3cr3t"])
        logger.info("Authorization: Bearer s3cr3t and more")
        #expect(
            lines.lines.allSatisfy { !$0.contains("s3cr3t") } && lines.lines[0].contains("&b=2")
                && lines.lines[1].contains("and more"))
    }

    @Test func `a flood of lines is cut for each level, and what was left out is told`() {
        final class Clock: Sendable {
            let time = Mutex(0.0)
        }
        let (lines, time) = (Lines(), Clock())
        let logger = lines.logger(isJSON: false) { time.time.withLock { $0 } }
        for number in 0..<1_000 { logger.info("line \(number)") }
        logger.error("another level")
        #expect(lines.lines.count == 201 && lines.lines.last?.contains("another level") == true)
        time.time.withLock { $0 = 1 }
        logger.info("later")
        #expect(
            lines.lines.suffix(2).map { $0.dropFirst(21) } == [
                "info 800 lines of this level were left out", "info later",
            ])
    }
}
