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
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")

/// The wire: specification, vectors and the Swift codecs live under `protocol/`.
func wire(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(
        name: name, dependencies: dependencies, path: "protocol/Sources/\(name)",
        swiftSettings: settings)
}

/// The server side: the loop, the game API, lobbies, the server.
func server(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(
        name: name, dependencies: dependencies, path: "Sources/\(name)", swiftSettings: settings)
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
        .library(name: "GameKit", targets: ["GameKit"]),
        .library(name: "Muster", targets: ["Muster"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    ],
    targets: [
        // Primitives.
        wire("ByteKit"),
        server("Determinism"),

        // The wire cores: no I/O, no clock, no threads.
        wire("JSONCore", ["ByteKit"]),
        wire("HTTPCore", ["ByteKit", httpTypes]),
        wire("WebSocketCore", ["ByteKit", "HTTPCore", httpTypes, crypto]),
        wire("SocketIOCore", ["ByteKit", "JSONCore"]),
        wire("SnapshotCore", ["ByteKit"]),

        // The loop.
        .systemLibrary(
            name: "CUV", path: "Sources/CUV", pkgConfig: "libuv",
            providers: [.apt(["libuv1-dev"])]),
        server("EventLoop", ["CUV", "ByteKit", "Determinism"]),

        // The game side.
        server("GameKit", ["SnapshotCore", "JSONCore", "Determinism"]),
        server("LobbyCore", ["GameKit", "SnapshotCore", "JSONCore", "Determinism"]),
        server("Games", ["GameKit"]),

        // Where they meet.
        server(
            "ServerCore",
            [
                "ByteKit", "Determinism", "JSONCore", "HTTPCore", "WebSocketCore", "SocketIOCore",
                "SnapshotCore", "GameKit", "LobbyCore", httpTypes, crypto,
            ]),
        server("Muster", ["EventLoop", "ServerCore", "GameKit", "ByteKit", "Determinism"]),

        // Clients and worlds.
        simulator(
            "BotCore",
            [
                "ByteKit", "Determinism", "JSONCore", "HTTPCore", "WebSocketCore", "SocketIOCore",
                "SnapshotCore", "GameKit",
            ]),
        simulator("SimulatedWorld", ["ServerCore", "BotCore", "ByteKit", "Determinism"]),
        simulator("Fleet", ["BotCore", "EventLoop", "ByteKit", "Determinism"]),

        .executableTarget(
            name: "MusterCommand", dependencies: ["Muster", "Games", "Fleet", "SimulatedWorld"],
            path: "Sources/MusterCommand", swiftSettings: settings),

        tests("ByteKitTests", ["ByteKit"]),
        tests("DeterminismTests", ["Determinism"]),
    ]
)
