import Testing

/// What each target may import: the layers of docs/architecture.md, lowest first. A target imports only what stands in
/// its row, and a row names only our targets that stand above it in this list.
private let allowedImports: [(target: String, modules: Set<String>)] = [
    // Primitives.
    ("ByteKit", []),
    ("Determinism", []),
    // The wire.
    ("JSONCore", ["ByteKit"]),
    ("MessagePackCore", ["ByteKit", "JSONCore"]),
    ("HTTPCore", ["ByteKit", "HTTPTypes"]),
    // The only importer of zlib.
    ("Compression", ["CZlib", "ByteKit"]),
    ("WebSocketCore", ["ByteKit", "HTTPCore", "Compression", "HTTPTypes", "Crypto"]),
    ("SocketIOCore", ["ByteKit", "Determinism", "JSONCore", "MessagePackCore"]),
    ("SnapshotCore", ["ByteKit", "Determinism"]),
    // The loop: the only importer of libuv.
    ("EventLoop", ["CUV", "CPrefetch", "ByteKit", "Determinism", "Glibc", "Synchronization"]),
    // The only importer of hiredis.
    ("Redis", ["CHiredis", "ByteKit", "Determinism", "DequeModule"]),
    // The only importer of OpenSSL.
    ("TLS", ["COpenSSL", "ByteKit", "Glibc", "Synchronization"]),
    // The game side: it never sees the wire's transports or the loop.
    ("GameKit", ["SnapshotCore", "JSONCore", "ByteKit", "Determinism"]),
    ("RecordingCore", ["GameKit", "SnapshotCore", "JSONCore", "ByteKit", "Determinism"]),
    ("LobbyCore", ["RecordingCore", "GameKit", "SnapshotCore", "JSONCore", "Determinism"]),
    ("Games", ["GameKit", "SnapshotCore", "JSONCore", "Determinism"]),
    // What outlives the server: what a storage is, with the queue before it, and one in a file. The only importer of GRDB.
    ("StorageKit", ["DequeModule", "Dispatch", "Synchronization"]),
    ("StorageSQLite", ["StorageKit", "GRDB"]),
    // Where they meet: still without a loop.
    (
        "ServerCore",
        [
            "CPrefetch", "ByteKit", "Determinism", "JSONCore", "HTTPCore", "Compression", "WebSocketCore",
            "SocketIOCore", "MessagePackCore", "SnapshotCore", "GameKit", "RecordingCore", "LobbyCore", "HTTPTypes",
            "Crypto",
            "HeapModule", "Histogram",
        ]
    ),
    // The client's end: still without a loop.
    (
        "ClientCore",
        [
            "ByteKit", "Determinism", "JSONCore", "HTTPCore", "WebSocketCore", "SocketIOCore", "HTTPTypes",
            "HeapModule",
        ]
    ),
    // Clients with sockets.
    (
        "MusterClient",
        [
            "ClientCore", "EventLoop", "TLS", "JSONCore", "WebSocketCore", "SocketIOCore", "ByteKit", "Determinism",
            "HTTPTypes", "Synchronization",
        ]
    ),
    // The server with sockets.
    (
        "Muster",
        [
            "EventLoop", "TLS", "Redis", "StorageKit", "StorageSQLite", "ServerCore", "GameKit", "RecordingCore",
            "LobbyCore", "JSONCore", "HTTPCore", "WebSocketCore",
            "SocketIOCore",
            "ByteKit",
            "Determinism", "HTTPTypes", "Crypto", "CryptoExtras", "Configuration", "JWTKit", "Logging", "CoreMetrics",
            "FoundationEssentials",
            "Glibc", "Synchronization",
        ]
    ),
    ("Conformance", ["Muster", "Determinism", "HTTPTypes", "ArgumentParser", "Dispatch", "Foundation"]),
    // Clients and worlds.
    (
        "BotCore",
        [
            "ClientCore", "ByteKit", "Determinism", "JSONCore", "MessagePackCore", "WebSocketCore", "SocketIOCore",
            "SnapshotCore", "GameKit", "Histogram", "HeapModule", "DequeModule",
        ]
    ),
    (
        "SimulatedWorld",
        [
            "ServerCore", "LobbyCore", "GameKit", "ClientCore", "BotCore", "HTTPCore", "SocketIOCore", "SnapshotCore",
            "JSONCore", "ByteKit", "Determinism", "HeapModule", "DequeModule",
        ]
    ),
    (
        "Fleet",
        [
            "ClientCore", "MusterClient", "BotCore", "EventLoop", "TLS", "GameKit", "JSONCore", "SocketIOCore",
            "ByteKit", "Determinism", "Foundation", "Glibc",
        ]
    ),
    (
        "MusterCommand",
        [
            "Muster", "MusterClient", "ServerCore", "Games", "GameKit", "Fleet", "BotCore", "SimulatedWorld",
            "RecordingCore", "SnapshotCore", "Determinism",
            "JSONCore", "ArgumentParser", "Foundation", "Glibc",
        ]
    ),
]

@Suite("Layers: dependencies point down")
struct LayeringTests {
    @Test func `a target imports only what its layer allows`() {
        let table = Dictionary(uniqueKeysWithValues: allowedImports.map { ($0.target, $0.modules) })
        for file in Repository.shippedFiles {
            guard let target = file.target, let allowed = table[target] else { continue }
            for (module, place) in file.imports where !allowed.contains(module) {
                Issue.record(
                    """
                    \(place): \(target) may not import \(module). Move the code to a layer that may, or hand in \
                    what it needs as an argument; a new edge belongs in the table above and docs/architecture.md.
                    """)
            }
        }
    }

    @Test func `every shipped target has a row, so a new one has to say what it may know`() {
        let rows = Set(allowedImports.map(\.target))
        let targets = Set(Repository.shippedFiles.compactMap(\.target))
        for target in targets.subtracting(rows).subtracting(leafTargets).sorted() {
            Issue.record("\(target): no row in the table of LayeringTests.swift. Add one, in its layer's place.")
        }
    }

    @Test func `a row names only targets that stand above it`() {
        let ours = Set(allowedImports.map(\.target))
        var above: Set<String> = []
        for (target, modules) in allowedImports {
            let upward = modules.intersection(ours).subtracting(above)
            #expect(upward.isEmpty, "\(target) would depend upwards on \(upward.sorted()): that makes a cycle.")
            above.insert(target)
        }
    }

    @Test func `an import is found behind attributes, access levels and kinds`() {
        let file = SourceFile(
            path: "Sources/X/a.swift",
            text: """
                import A
                @testable import B
                package import C.Sub
                import struct D.Thing
                // import E
                let text = "import F"
                """)
        #expect(file.imports.map(\.module) == ["A", "B", "C", "D"])
        #expect(file.imports.map(\.place).last == "Sources/X/a.swift:4")
    }
}

/// C modules, and the examples, which stand on the public products like any user's code.
private let leafTargets: Set<String> = ["CUV", "CZlib", "COpenSSL", "CHiredis", "CPrefetch", "Examples"]
