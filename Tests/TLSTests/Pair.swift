import ByteKit
import Determinism
import TLS

/// A client and a server that speak TLS through a pipe.
final class Pair {
    let pipe = Pipe()
    let workspace = TLSWorkspace()
    let client: TLSStream
    let server: TLSStream
    let atClient = Recorder()
    let atServer = Recorder()

    init(_ serverContext: TLSServerContext, _ clientContext: TLSClientContext, name: String = "localhost") throws {
        client = try TLSStream(pipe.client, client: clientContext, name: name, workspace: workspace)
        server = try TLSStream(pipe.server, server: serverContext, workspace: workspace)
        client.handler = atClient
        server.handler = atServer
        server.start()
        client.start()
    }

    var isDone: Bool { !client.isHandshaking && !server.isHandshaking }
}

extension ByteStream {
    func send(_ text: String) { send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) {
        var bytes = bytes
        send(&bytes, then: [])
    }
}

/// Cuts into random pieces, mostly small ones.
final class RandomCuts {
    private var random: SeededRandom
    init(seed: UInt64) { random = SeededRandom(seed: seed) }
    func next(_ count: Int) -> Int {
        Int(random.next() % 8 == 0 ? random.next() % 4_096 : random.next() % 64) + 1
    }
}
