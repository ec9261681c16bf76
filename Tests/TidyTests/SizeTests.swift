import Testing

private let fileLinesMax = 500
private let functionLinesMax = 100

/// Functions that were longer than the limit when it was set, with the length they may not exceed. It only shrinks.
private let longFunctions: [String: Int] = [:]

@Suite("Sizes that a reader can hold")
struct SizeTests {
    @Test func `a file is one idea`() {
        for file in Repository.swiftFiles where file.lines.count - 1 > fileLinesMax {
            // The text of another file, as `scripts/embed` has put it there.
            if file.path.hasPrefix("Sources/ServerCore/Web/Embedded/") { continue }
            Issue.record(
                "\(file.path): \(file.lines.count - 1) lines. Split it by aspect: Thing.swift, Thing+Close.swift.")
        }
    }

    @Test func `a function fits on a screen or two`() {
        for file in Repository.swiftFiles {
            for function in file.functions where function.lineCount > functionLinesMax {
                let key = "\(file.path):\(function.name)"
                guard function.lineCount > longFunctions[key] ?? 0 else { continue }
                Issue.record(
                    """
                    \(file.path):\(function.line): \(function.name) has \(function.lineCount) lines, over \
                    \(longFunctions[key] ?? functionLinesMax). Keep the branches, move the straight-line work out.
                    """)
            }
        }
    }

    @Test func `functions are measured from their name to their closing brace`() {
        let file = SourceFile(
            path: "Sources/X/a.swift",
            text: """
                protocol P {
                    func requirement(_ body: () -> Void)
                    var value: Int { get }
                }
                struct S {
                    init() { }
                    func one(_ body: () -> Void = { }) -> Int {
                        // }
                        let text = "}"
                        return text.count
                    }
                    func `two words`() {
                    }
                }
                """)
        #expect(file.functions.map(\.name) == ["init", "one", "`two words`"])
        #expect(file.functions.map(\.lineCount) == [1, 5, 2])
        #expect(file.functions.map(\.line) == [6, 7, 12])
    }
}

@Suite("What tidy takes for code")
struct BlankingTests {
    @Test(arguments: [
        ("a // b", "a     "),
        ("a /* b /* c */ d */ e", "a                   e"),
        (#"f("x\"y", 1)"#, #"f(      , 1)"#),
        (##"f(#"a"b"#, 1)"##, "f(       , 1)"),
        (#"f("a\(g("b"))c")d"#, "f(             )d"),
        ("f(\"\"\"\n  a \"b\"\n  \"\"\")", "f(   \n       \n     )"),
        ("func `a // b`()", "func `      `()"),
        ("#if os(Linux)", "#if os(Linux)"),
        ("\"open\nnext", "     \nnext"),
    ])
    func `comments, strings and quoted names are blanked, everything else stays where it was`(
        _ source: String, _ code: String
    ) {
        #expect(blankingCommentsAndStrings(source) == code)
    }
}
