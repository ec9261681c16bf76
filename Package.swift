// swift-tools-version: 6.2
import PackageDescription

/// Every Swift target is built with these: strict memory safety, no warning left, imports that name
/// what they use. None of them is an unsafe flag, so a game team can depend on Muster by version.
let settings: [SwiftSetting] = [
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let heap = Target.Dependency.product(name: "HeapModule", package: "swift-collections")
let histogram = Target.Dependency.product(name: "Histogram", package: "hdrhistogram-swift")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let metrics = Target.Dependency.product(name: "CoreMetrics", package: "swift-metrics")
let deque = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let cryptoExtras = Target.Dependency.product(name: "CryptoExtras", package: "swift-crypto")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let jwt = Target.Dependency.product(name: "JWTKit", package: "jwt-kit")
let configuration = Target.Dependency.product(name: "Configuration", package: "swift-configuration")

/// The wire: specification, vectors and the Swift codecs live under `protocol/`.
func wire(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(
        name: name, dependencies: dependencies, path: "protocol/Sources/\(name)",
        swiftSettings: settings)
}

/// The server side: the loop, the game API, lobbies, the server.
func server(_ name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = []) -> Target {
    .target(
        name: name, dependencies: dependencies, path: "Sources/\(name)", exclude: exclude, swiftSettings: settings)
}

/// Bots and the simulated world.
func simulator(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(
        name: name, dependencies: dependencies, path: "simulator/Sources/\(name)",
        swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(
        name: name, dependencies: dependencies, path: "Tests/\(name)", swiftSettings: settings)
}

let package = Package(
    name: "muster",
    products: [
        .executable(name: "muster", targets: ["MusterCommand"]),
        .executable(name: "tag", targets: ["ExampleGame"]),
        .executable(name: "chat", targets: ["ExampleChat"]),
        .executable(name: "chat-client", targets: ["ExampleChatClient"]),
        .executable(name: "muster-conformance", targets: ["Conformance"]),
        .library(name: "GameKit", targets: ["GameKit"]),
        .library(name: "Muster", targets: ["Muster"]),
        .library(name: "MusterClient", targets: ["MusterClient"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: []),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
    ],
    targets: [
        // Primitives.
        wire("ByteKit"),
        server("Determinism"),

        // The wire cores: no I/O, no clock, no threads.
        wire("JSONCore", ["ByteKit"]),
        wire("MessagePackCore", ["ByteKit", "JSONCore"]),
        wire("HTTPCore", ["ByteKit", httpTypes]),
        .systemLibrary(
            name: "CZlib", path: "Sources/CZlib", pkgConfig: "zlib",
            providers: [.apt(["zlib1g-dev"])]),
        wire("Compression", ["CZlib", "ByteKit"]),
        wire("WebSocketCore", ["ByteKit", "HTTPCore", "Compression", httpTypes, crypto]),
        wire("SocketIOCore", ["ByteKit", "JSONCore", "MessagePackCore", "Determinism"]),
        wire("SnapshotCore", ["ByteKit", "Determinism"]),

        // The loop.
        .systemLibrary(
            name: "CUV", path: "Sources/CUV", pkgConfig: "libuv",
            providers: [.apt(["libuv1-dev"])]),
        .systemLibrary(name: "CPrefetch", path: "Sources/CPrefetch"),
        server("EventLoop", ["CUV", "CPrefetch", "ByteKit", "Determinism"]),

        // Redis: its protocol and the life of a connection; the socket comes from outside.
        // Its pkg-config flags are for its own build.
        .systemLibrary(name: "CHiredis", path: "Sources/CHiredis", providers: [.apt(["libhiredis-dev"])]),
        server("Redis", ["CHiredis", "ByteKit", "Determinism", deque]),

        // Encryption.
        .systemLibrary(
            name: "COpenSSL", path: "Sources/COpenSSL", pkgConfig: "openssl",
            providers: [.apt(["libssl-dev"])]),
        server("TLS", ["COpenSSL", "ByteKit"]),

        // The game side.
        server("GameKit", ["SnapshotCore", "JSONCore", "ByteKit", "Determinism"]),
        server("RecordingCore", ["GameKit", "SnapshotCore", "JSONCore", "ByteKit", "Determinism"]),
        server("LobbyCore", ["RecordingCore", "GameKit", "SnapshotCore", "JSONCore", "Determinism"]),
        server("Games", ["GameKit"]),

        // The client's end.
        server(
            "ClientCore",
            [
                "ByteKit", "Determinism", "JSONCore", "HTTPCore", "WebSocketCore", "SocketIOCore", httpTypes, heap,
            ]),

        server(
            "MusterClient",
            [
                "ClientCore", "EventLoop", "TLS", "JSONCore", "WebSocketCore", "SocketIOCore", "ByteKit", "Determinism",
                httpTypes,
            ]),

        // What outlives the server: what a storage is, and one in an SQLite file.
        server("StorageKit", [deque]),
        server("StorageSQLite", ["StorageKit", grdb]),

        // Where they meet.
        server(
            "ServerCore",
            [
                "CPrefetch", "ByteKit", "Determinism", "JSONCore", "HTTPCore", "Compression", "WebSocketCore",
                "SocketIOCore", "MessagePackCore", "SnapshotCore", "GameKit", "RecordingCore", "LobbyCore", httpTypes,
                crypto,
                heap, histogram,
            ], exclude: ["Web/Files"]),
        server(
            "Muster",
            [
                "EventLoop", "TLS", "Redis", "StorageKit", "StorageSQLite", "ServerCore", "LobbyCore", "RecordingCore",
                "GameKit", "JSONCore", "HTTPCore", "WebSocketCore",
                "SocketIOCore", "ByteKit", "Determinism", httpTypes, crypto, cryptoExtras, configuration, logging,
                metrics,
                jwt,
            ]),

        .executableTarget(
            name: "ExampleGame", dependencies: ["Muster", "GameKit"], path: "Sources/Examples/Tag",
            swiftSettings: settings),
        .executableTarget(
            name: "ExampleChat", dependencies: ["Muster", httpTypes], path: "Sources/Examples/Chat",
            swiftSettings: settings),

        .executableTarget(
            name: "ExampleChatClient", dependencies: ["MusterClient"], path: "Sources/Examples/ChatClient",
            swiftSettings: settings),

        .executableTarget(
            name: "Conformance", dependencies: ["Muster", "Determinism", httpTypes, arguments],
            path: "Sources/Conformance",
            swiftSettings: settings),

        // Clients and worlds.
        simulator(
            "BotCore",
            [
                "ClientCore", "ByteKit", "Determinism", "JSONCore", "MessagePackCore", "WebSocketCore", "SocketIOCore",
                "SnapshotCore", "GameKit", histogram, heap, deque,
            ]),
        simulator(
            "SimulatedWorld",
            [
                "ServerCore", "ClientCore", "BotCore", "LobbyCore", "GameKit", "HTTPCore", "SocketIOCore",
                "SnapshotCore", "JSONCore", "ByteKit", "Determinism", heap, deque,
            ]),
        simulator(
            "Fleet",
            [
                "BotCore", "ClientCore", "MusterClient", "EventLoop", "TLS", "GameKit", "JSONCore", "SocketIOCore",
                "Determinism",
            ]),

        .executableTarget(
            name: "MusterCommand",
            dependencies: [
                "Muster", "MusterClient", "Fleet", "SimulatedWorld", "ServerCore", "BotCore", "Games", "RecordingCore",
                "GameKit", "SnapshotCore", "JSONCore", "Determinism", arguments,
            ],
            path: "Sources/MusterCommand", swiftSettings: settings),

        // For tests: golden vectors and stored inputs as bytes, the ways to cut them, and what the fuzzers run.
        .target(
            name: "VectorFiles", dependencies: ["Determinism"], path: "Tests/VectorFiles", swiftSettings: settings),
        .target(
            name: "FuzzTargets",
            dependencies: [
                "ByteKit", "HTTPCore", "WebSocketCore", "SocketIOCore", "JSONCore", "MessagePackCore", "Compression",
                "SnapshotCore", "Determinism", httpTypes,
            ],
            path: "Tests/Fuzz/Targets", swiftSettings: settings),
        .target(
            name: "ServerFuzzTargets",
            dependencies: [
                "FuzzTargets", "ServerCore", "HTTPCore", "WebSocketCore", "SocketIOCore", "ByteKit", "Determinism",
                httpTypes,
            ],
            path: "Tests/Fuzz/ServerTargets", swiftSettings: settings),

        // Games by which lobbies are measured, and bots that play them.
        .executableTarget(
            name: "lobby-bench",
            dependencies: [
                "Muster", "Fleet", "BotCore", "ServerCore", "WebSocketCore", "GameKit", "ByteKit", "Determinism",
                arguments,
            ],
            path: "Tests/LobbyBench", swiftSettings: settings),

        .target(
            name: "GameFuzzTargets",
            dependencies: ["FuzzTargets", "RecordingCore", "GameKit", "SnapshotCore", "JSONCore", "Games"],
            path: "Tests/Fuzz/GameTargets", swiftSettings: settings),

        .executableTarget(
            name: "determinism-probe", dependencies: ["GameFuzzTargets"], path: "Tests/DeterminismProbe",
            swiftSettings: settings),

        // The server's end of a client's connections, in a test's hands.
        .target(
            name: "ScriptedServer",
            dependencies: ["ClientCore", "ByteKit", "Determinism", "HTTPCore", "WebSocketCore", httpTypes],
            path: "Tests/ScriptedServer", swiftSettings: settings),

        tests("TidyTests", []),
        tests("ByteKitTests", ["ByteKit", "FuzzTargets", "VectorFiles"]),
        tests("DeterminismTests", ["Determinism"]),
        tests("JSONCoreTests", ["JSONCore", "FuzzTargets", "VectorFiles", "Determinism"]),
        tests("MessagePackCoreTests", ["MessagePackCore", "JSONCore", "FuzzTargets", "VectorFiles", "Determinism"]),
        tests("HTTPCoreTests", ["HTTPCore", "ByteKit", "FuzzTargets", "VectorFiles", httpTypes]),
        tests("CompressionTests", ["Compression", "FuzzTargets", "VectorFiles", "ByteKit", "Determinism"]),
        tests(
            "WebSocketCoreTests",
            [
                "WebSocketCore", "HTTPCore", "Compression", "FuzzTargets", "VectorFiles", "ByteKit", "Determinism",
                httpTypes,
            ]),
        tests(
            "SocketIOCoreTests",
            ["SocketIOCore", "FuzzTargets", "VectorFiles", "JSONCore", "MessagePackCore", "Determinism"]),
        tests("SnapshotCoreTests", ["SnapshotCore", "FuzzTargets", "VectorFiles", "ByteKit", "Determinism"]),
        tests("EventLoopTests", ["EventLoop", "ByteKit", "Determinism"]),
        tests("RedisTests", ["Redis", "ByteKit", "Determinism"]),
        tests("StorageTests", ["StorageKit", "StorageSQLite", grdb]),
        tests("TLSTests", ["TLS", "COpenSSL", "ByteKit", "Determinism"]),
        tests("GameKitTests", ["GameKit", "SnapshotCore", "JSONCore", "Determinism"]),
        tests(
            "GamesTests",
            ["Games", "ExampleGame", "GameFuzzTargets", "GameKit", "SnapshotCore", "JSONCore", "Determinism"]),
        tests(
            "RecordingCoreTests",
            [
                "RecordingCore", "LobbyCore", "Games", "GameKit", "SnapshotCore", "JSONCore", "GameFuzzTargets",
                "VectorFiles", "Determinism",
            ]),
        tests("LobbyCoreTests", ["LobbyCore", "GameKit", "SnapshotCore", "JSONCore", "Determinism"]),
        tests(
            "ServerCoreTests",
            [
                "ServerCore", "RecordingCore", "LobbyCore", "GameKit", "SnapshotCore", "JSONCore", "HTTPCore",
                "WebSocketCore",
                "SocketIOCore", "MessagePackCore", "Compression", "ServerFuzzTargets", "VectorFiles", "ByteKit",
                "Determinism", httpTypes,
            ]),
        tests(
            "MusterTests",
            [
                "Muster", "ServerCore", "EventLoop", "WebSocketCore", "HTTPCore", "JSONCore", "ByteKit", "Determinism",
                "GameKit", "LobbyCore", "RecordingCore", "SnapshotCore", configuration, logging, metrics, httpTypes,
                crypto,
            ]),
        tests(
            "MusterClientTests",
            [
                "MusterClient", "Muster", "ServerCore", "EventLoop", "TLS", "SocketIOCore", "JSONCore", "Determinism",
                "VectorFiles", logging,
            ]),
        tests(
            "BotCoreTests",
            [
                "BotCore", "ClientCore", "ScriptedServer", "ByteKit", "Determinism", "JSONCore", "WebSocketCore",
                "SnapshotCore", "GameKit",
            ]),
        tests(
            "ClientCoreTests",
            [
                "ClientCore", "ScriptedServer", "SimulatedWorld", "BotCore", "ServerCore", "ByteKit", "Determinism",
                "JSONCore",
                "HTTPCore", "WebSocketCore", "SocketIOCore", httpTypes,
            ]),
        tests(
            "SimulatedWorldTests",
            [
                "SimulatedWorld", "ServerCore", "LobbyCore", "ClientCore", "BotCore", "Games", "ExampleGame", "GameKit",
                "SnapshotCore", "JSONCore", "ByteKit", "Determinism", "VectorFiles",
            ]),
        tests(
            "FleetTests",
            ["Fleet", "EventLoop", "MusterClient", "BotCore", "ClientCore", "GameKit", "JSONCore", "Determinism"]),
        // What the integration tests run against servers that are not ours, and against the conformance server.
        .executableTarget(
            name: "client-probe", dependencies: ["MusterClient"], path: "Tests/ClientProbe", swiftSettings: settings),
        tests("MusterCommandTests", ["MusterCommand", "Muster", "Fleet", arguments]),
    ]
)

// The fuzzers themselves link libFuzzer, so they are built by scripts/fuzz alone.
if Context.environment["MUSTER_FUZZ"] != nil {
    let fuzzers = [
        ("http-head", "FuzzTargets"), ("websocket-stream", "FuzzTargets"), ("extension-negotiation", "FuzzTargets"),
        ("inflate", "FuzzTargets"), ("utf8", "FuzzTargets"), ("engine-payload", "FuzzTargets"),
        ("json", "FuzzTargets"), ("messagepack", "FuzzTargets"), ("primitives", "FuzzTargets"),
        ("socket-packets", "FuzzTargets"), ("packed-packets", "FuzzTargets"), ("socket-scan", "FuzzTargets"),
        ("http-connection", "ServerFuzzTargets"), ("engine-session", "ServerFuzzTargets"),
        ("cluster-messages", "ServerFuzzTargets"), ("recording", "GameFuzzTargets"),
        ("snapshot-codec1", "FuzzTargets"), ("snapshot-groups", "FuzzTargets"),
    ]
    package.targets += fuzzers.map { name, targets in
        .executableTarget(
            name: name, dependencies: [.init(stringLiteral: targets)], path: "Tests/Fuzz/\(name)", exclude: ["corpus"],
            swiftSettings: settings)
    }
    // Runs all stored inputs once: what scripts/coverage measures.
    package.targets.append(
        .executableTarget(
            name: "fuzz-replay", dependencies: ["FuzzTargets", "ServerFuzzTargets", "GameFuzzTargets", "VectorFiles"],
            path: "Tests/Fuzz/Replay", swiftSettings: settings))
}
