internal import Determinism
internal import FuzzTargets
internal import ServerCore

/// The fuzz target `cluster-messages`: what other servers of a cluster write into Redis. Nothing but a declared error may come of a
/// message; one that is taken is written again in bytes that read the same; and a server that hears it goes on.
package func fuzzClusterMessages(_ input: [UInt8]) {
    var settings = Settings(input)
    let kind = settings.byte() % 6
    let payload = Array(settings.rest)
    do throws(ClusterMessageError) {
        switch kind {
        case 0:
            let broadcast = try ClassicBroadcast(payload)
            let written = rewritten(broadcast)
            let again = rewritten(try ClassicBroadcast(written))
            precondition(again == written, "a broadcast changes on its way")
        case 1:
            let request = try ClassicRequest(payload)
            guard let written = request.encode(in: "/") else { break }
            let again = try ClassicRequest(written).encode(in: "/")
            precondition(again == written, "a request changes on its way")
        case 2:
            let written = try ClassicResponse(payload).encode()
            let again = try ClassicResponse(written).encode()
            precondition(again == written, "an answer changes on its way")
        case 3:
            let written = try StreamsMessage(payload).encode()
            let again = try StreamsMessage(written).encode()
            precondition(again == written, "a message changes on its way")
        case 4:
            guard let message = try StreamsMessage(entry: entry(of: payload)) else { break }
            let written = message.entry()
            guard let again = try StreamsMessage(entry: written)?.entry() else {
                preconditionFailure("an entry is none any more")
            }
            precondition(again.map(\.value) == written.map(\.value), "an entry changes on its way")
        default:
            let written = try ClusterSession(payload).encode()
            let again = try ClusterSession(written).encode()
            precondition(again == written, "a session changes on its way")
        }
    } catch {
        precondition(!error.description.isEmpty, "an error without words")
    }
    hear(payload, kind)
}

private func rewritten(_ broadcast: ClassicBroadcast) -> [UInt8] {
    ClassicBroadcast.encode(
        sender: broadcast.sender, broadcast.emission, broadcast.target, in: broadcast.namespace)
}

/// An entry whose type is the first byte, and whose data is the rest.
private func entry(of payload: [UInt8]) -> [(name: String, value: [UInt8])] {
    [
        ("uid", [120]), ("nsp", [47]), ("type", Array("\(payload.first ?? 0)".utf8)),
        ("data", Array(payload.dropFirst())),
    ]
}

/// Has a server hear it, as a member of a cluster of either kind.
private func hear(_ payload: [UInt8], _ kind: Int) {
    let world = FuzzServer(ServerSettings())
    let hub = SocketHub(server: world.server, settings: SocketHubSettings(), messageBytesMax: 65_536)
    hub.namespace("/").behaviour.onTold("e") { _, arguments, answer in answer?(arguments) }
    let bus = SilentBus()
    let identity = ClusterIdentity(id: "own") { 0 }
    if kind < 3 {
        let relay = ClassicRelay(hub, bus, identity)
        hub.join(relay)
        // A search is under way, so that an answer may be one to it.
        relay.fetch(SocketTarget(), in: "/") { _ in }
        let channel = ["socket.io#/#", "socket.io-request#/#", "socket.io-response#/#"][kind]
        relay.received(listened: kind == 0 ? channel + "*" : channel, channel: channel, payload)
        world.run(.seconds(60))
    } else {
        let relay = StreamsRelay(hub, bus, identity)
        hub.join(relay)
        relay.fetch(SocketTarget(), in: "/") { _ in }
        if kind == 3 {
            relay.received(listened: "socket.io#/#", channel: "socket.io#/#", payload)
        } else if kind == 4 {
            relay.read(StreamEntry(id: .start, fields: entry(of: payload)))
        }
        world.run(.seconds(60))
    }
}

/// A bus on which two servers listen and nothing is carried.
private final class SilentBus: ClusterBus {
    func publish(_ channel: String, _ payload: [UInt8]) {}
    func append(_ entry: [(name: String, value: [UInt8])], to stream: String, entriesMax: Int) {}
    func subscribe(channels: [String], patterns: [String]) {}
    func unsubscribe(channels: [String], patterns: [String]) {}
    func countListeners(_ channel: String, _ done: @escaping (Int?) -> Void) { done(2) }
    func flush() {}
    var isReached: Bool { true }
    func keep(_ key: String, _ value: [UInt8], for time: Interval, _ done: @escaping (Bool) -> Void) { done(true) }
    func take(_ key: String, _ done: @escaping ([UInt8]?) -> Void) { done(nil) }
    func read(
        _ stream: String, from id: StreamID, isAfter: Bool, countMax: Int, _ done: @escaping ([StreamEntry]?) -> Void
    ) { done(nil) }
}
