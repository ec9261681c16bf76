internal import ByteKit
internal import Determinism
internal import FuzzTargets
internal import HTTPCore
internal import ServerCore
internal import SocketIOCore
internal import WebSocketCore

/// The fuzz target `engine-session`: a session of Engine.IO, driven over long polling and WebSockets by the steps that the
/// input names, in virtual time.
///
/// Whatever the client does, each message arrives once and in its order, also across the move to a WebSocket; each answer
/// is one that the protocol knows; and a client that falls silent is forgotten.
package func fuzzEngineSession(_ input: [UInt8]) {
    var settings = Settings(input)
    let drive = EngineDrive(settings.byte())
    // More steps find nothing that fewer do not, and cost time.
    for _ in 0..<64 where !settings.rest.isEmpty {
        let step = settings.byte()
        drive.take(EngineStep(rawValue: step & 15) ?? .poll, step >> 4 & 7, from: &settings)
        if step & 128 == 0 { drive.turn() }
    }
    drive.finish()
}

/// What may happen to a session.
private enum EngineStep: Int {
    case poll, post, finishPost, postBytes
    case open, probe, upgrade, message, text, bytes
    case say, wait, cut, heartbeat, close, stray
}

extension EngineDrive {
    fileprivate func take(_ step: EngineStep, _ choice: Int, from settings: inout Settings) {
        switch step {
        case .poll: poll()
        case .post: postOwn(1 + choice & 1, isHalf: choice & 2 != 0)
        case .finishPost: finishPost()
        case .postBytes: post(settings.bytes(settings.byte() & 63), asBytes: choice & 1 != 0)
        case .open: openWebSocket()
        case .probe: send(.text, EnginePacket.probePing, over: choice)
        case .upgrade: send(.text, EnginePacket.upgrade, over: choice)
        case .message: send(.text, ownPacket(), over: choice)
        case .text: send(.text, settings.bytes(settings.byte() & 63), over: choice)
        case .bytes: sendRaw(settings.bytes(settings.byte() & 63), over: choice)
        case .say: say(isText: choice & 1 == 0, padding: choice >> 1 * 300)
        case .wait where choice == 7: stall(.seconds(31))
        case .wait: run(.milliseconds([1, 100, 1_000, 5_001, 10_001, 20_001, 25_001][choice]))
        case .cut: cut(choice)
        case .heartbeat: heartbeat(choice)
        case .close: close(choice)
        case .stray: stray(choice)
        }
    }
}
