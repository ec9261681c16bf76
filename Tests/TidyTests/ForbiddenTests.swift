import Testing

/// The targets with no clock, thread, ambient randomness, `async` or I/O of their own: everything that also runs in
/// virtual time. What is left has sockets, or is the command.
private let withTheWorld: Set<String> = [
    "EventLoop", "TLS", "Muster", "MusterClient", "Fleet", "MusterCommand", "Conformance", "CUV", "COpenSSL",
    "CHiredis", "Examples", "StorageKit", "StorageSQLite",
]

/// A pattern that code may not contain, and what to do instead.
private struct Rule: CustomTestStringConvertible {
    let pattern: String
    let advice: String
    init(_ pattern: String, _ advice: String) {
        self.pattern = pattern
        self.advice = advice
    }
    var testDescription: String { pattern }

    func record(_ places: [String]) {
        for place in places { Issue.record("\(place)\n→ \(advice)") }
    }
}

@Suite("Words that code may not contain")
struct ForbiddenTests {
    @Test(arguments: [
        Rule(#"\bimport\s+Foundation"#, "Cores do without Foundation: it brings clocks, locales and I/O."),
        Rule(#"\bDate\("#, "Take an Instant as an argument."),
        Rule(#"\b(ContinuousClock|SuspendingClock|DispatchTime)\b"#, "Take an Instant as an argument."),
        Rule(#"\bSystemRandomNumberGenerator\b"#, "Take a SeededRandom, or random bytes, as an argument."),
        Rule(
            #"\.(random\((?!.*using:)|randomElement\(\)|shuffled\(\)|shuffle\(\))"#,
            "Use a SeededRandom that was handed in."),
        Rule(#"\b(async|await)\b"#, "Cores are synchronous; results of async work come back as events (design.md, 3)."),
        Rule(#"\bTask\s*(\.|\{|\()"#, "Cores start nothing; return what is to be done."),
        Rule(#"\b(print|debugPrint|dump)\("#, "Cores do no I/O; return an event or count it."),
        Rule(#"\b(Thread|DispatchQueue|Mutex|Atomic)\b"#, "Cores belong to one loop and lock nothing."),
        Rule(#"\bhashValue\b"#, "Seeded per process, so it differs between runs; use StableHash."),
    ])
    private func `a core asks the world for nothing`(_ rule: Rule) {
        for file in Repository.shippedFiles where !withTheWorld.contains(file.target ?? "") {
            rule.record(file.places(matching: rule.pattern))
        }
    }

    /// Files outside the kernels and the loop that may be unsafe, and why.
    private static let unsafeFiles: Set<String> = [
        // A SymmetricKey lends its bytes in no other way.
        "Sources/Muster/AdminPassword.swift"
    ]

    /// The targets that stand on a C library: they hold its pointers, and their objects cross threads by its rules.
    private static let besideC: Set<String> = ["EventLoop", "TLS", "Redis"]

    /// There are three folders of kernels: ByteKit's, Compression's, which is all that stands around zlib, and GameKit's,
    /// which reads and writes a row's fields at the offsets that the compiler gives, since a key path for each value costs
    /// more than all the rest of a snapshot.
    @Test func `unsafe code stands in the kernels and beside the C libraries only`() {
        let rule = Rule(#"\bunsafe\b"#, "Put the unsafe line into a kernel behind a safe function, with tests.")
        for file in Repository.shippedFiles
        where !file.path.contains("/Kernels/") && !Self.besideC.contains(file.target ?? "")
            && !Self.unsafeFiles.contains(file.path)
        {
            rule.record(file.places(matching: rule.pattern))
        }
    }

    @Test func `only what stands beside a C library vouches for Sendable itself`() {
        let rule = Rule(
            #"@unchecked\s+Sendable"#, "Confine the class to its loop instead; only EventLoop and TLS cross threads.")
        for file in Repository.swiftFiles where !Self.besideC.contains(file.target ?? "") {
            rule.record(file.places(matching: rule.pattern))
        }
    }

    @Test(arguments: [
        Rule(#"\btry!"#, "Handle the error, or make the failure a precondition with a sentence."),
        Rule(#"\bas!"#, "Use `as?` and say what happens otherwise."),
    ])
    private func `shipped code forces nothing`(_ rule: Rule) {
        for file in Repository.shippedFiles { rule.record(file.places(matching: rule.pattern)) }
    }

    @Test(arguments: [
        Rule(#"nonisolated\(unsafe\)"#, "No global mutable state: make it a property of what owns it."),
        Rule(
            #"\bunsafe"# + #"Flags\b|-Oun"# + "checked",
            "Banned by the design: no one could depend on the package by version, or checks would go."),
        Rule(#"\.disabled\("#, "Mend the test or remove it."),
    ])
    private func `no file escapes the compiler's checks or the tests`(_ rule: Rule) {
        for file in Repository.swiftFiles { rule.record(file.places(matching: rule.pattern)) }
    }

    @Test func `a test does not sleep`() throws {
        let rule = Rule(
            #"(\.|\b|u)sle"# + #"ep\("#, "Advance virtual time, or wait for the event itself with a deadline.")
        let python = Repository.paths(in: ["Tests"], extensions: ["py"])
        let scripts = try python.map { SourceFile(path: $0, text: try Repository.text($0)) }
        // An attacker that drips bytes, a load at a steady pace, and a line that is dead for a while are made of waiting.
        let paced = ["Tests/Abuse/", "Tests/Benchmarks/", "Tests/Chaos/"]
        for file in Repository.swiftFiles + scripts
        where file.path.hasPrefix("Tests/") && !paced.contains(where: file.path.hasPrefix) {
            rule.record(file.places(matching: rule.pattern))
        }
    }

    @Test func `nothing is left for later in the code`() throws {
        let words = ["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"]
        let folders = ["Sources", "Tests", "protocol", "simulator", "scripts"]
        for path in Repository.paths(in: folders, extensions: ["swift", "py", "js", "json", "md", "h", ""]) {
            guard let text = try? Repository.text(path) else { continue }
            for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
                let found = line.split { !($0.isLetter || $0.isNumber || $0 == "_") }.contains {
                    words.contains("\($0)")
                }
                if found { Issue.record("\(path):\(index + 1): do it now, or write it into the issue.") }
            }
        }
    }
}
