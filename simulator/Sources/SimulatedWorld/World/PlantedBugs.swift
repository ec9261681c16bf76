internal import ByteKit
internal import Determinism
internal import GameKit
import JSONCore
import LobbyCore
internal import ServerCore
import SnapshotCore

/// How bugs are planted in a world: by what stands between server and network, and by what is done to the server behind its back.
enum PlantedBugs {
    /// What stands between the network and the server; nil where the bug is elsewhere.
    static func wrap(_ bug: PlantedBug?) -> ((SimulatedStream) -> any ByteStream)? {
        switch bug {
        case .twiceAnswered:
            return { stream in TamperingStream(stream) { if starts($0, "HTTP/1.1 200") { $0 += $0 } } }
        case .longRefusal:
            return { stream in
                TamperingStream(stream) { bytes in
                    if starts(bytes, "HTTP/1.1 503") { bytes += [UInt8](repeating: 32, count: 4_096) }
                }
            }
        case .secondPoll:
            return { stream in
                guard stream.peerNode?.name.hasPrefix(Attacker.pollerName) == true else { return stream }
                return TamperingStream(stream, staysOpen: true) { bytes in
                    if find(Array("\"sid\"".utf8), in: bytes) == nil { bytes = [] }
                }
            }
        case .twinSeats:
            return { stream in
                TamperingStream(stream) { bytes in
                    let word = Array("\"seat\":1,".utf8)
                    if let place = find(word, in: bytes) { bytes[place + word.count - 2] = UInt8(ascii: "0") }
                }
            }
        default: return nil
        }
    }

    private static func starts(_ bytes: [UInt8], _ word: String) -> Bool { bytes.starts(with: word.utf8) }

    private static func find(_ word: [UInt8], in bytes: [UInt8]) -> Int? {
        guard bytes.count >= word.count else { return nil }
        return (0...bytes.count - word.count).first { bytes[$0] == word[0] && bytes[$0...].starts(with: word) }
    }

    /// Does to the server what no code of its own does, a second from now.
    static func plant(
        _ bug: PlantedBug?, in process: SimulatedServer, _ checks: [ServerCheck], _ network: SimulatedNetwork,
        _ time: SimulatedTime
    ) {
        let server = process.servers[0]
        let node = process.nodes[0]
        let clock = process.clocks[0]
        func later(_ wait: Interval, _ body: @escaping () -> Void) { node.call(at: time.now + wait, body) }
        switch bug {
        case .trap: later(.seconds(1)) { preconditionFailure("a trap was planted here") }
        case .wrongHash: checks[0].liesAboutHashes = true
        case .clockBack: later(.seconds(1)) { clock.leapBack = .milliseconds(1) }
        case .ghostSeat:
            later(.seconds(1)) {
                _ = server.lobbies.first?.lobby.take(name: "ghost", token: [UInt8](repeating: 7, count: 32))
            }
        case .silentDebt:
            later(.seconds(1)) {
                for hosted in server.lobbies { hosted.lobby.skip(to: hosted.lobby.clock.nextDue + .milliseconds(300)) }
            }
        case .hoard:
            for pipe in network.livePipes { pipe.setReadingStalled(true, at: .client) }
            let filler = JSONValue.string(String(repeating: "x", count: 100_000))
            for wait in 1...4 {
                later(.milliseconds(wait * 20)) {
                    for hosted in server.lobbies { for _ in 0..<20 { hosted.emit("filler", filler) } }
                }
            }
        default: break
        }
    }

    /// Does in another lobby what a hostile client might have asked for in its own.
    static func crosstalk(_ process: SimulatedServer, _ time: SimulatedTime) {
        guard let server = process.servers.first else { return }
        process.nodes[0].call(at: time.now) {
            guard let lobby = server.lobbies.first?.lobby else { return }
            let values = [UInt32](repeating: 0, count: lobby.game.schema.inputLayout.quantisers.count)
            _ = lobby.offer(seat: 0, tick: nil, sequence: nil, values: values)
        }
    }
}
