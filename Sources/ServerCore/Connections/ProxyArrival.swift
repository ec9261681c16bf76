import ByteKit
import Determinism
import HTTPCore

// Connections that come through a proxy whose word is taken. Everybody else's is not looked at: then a PROXY header is a
// bad request, and X-Forwarded-For a field like any other.
extension Server {
    /// Finds out for whom an accepted stream speaks, then hands it to `take`, which lets ``accept(_:peer:isSecure:)`` have
    /// it and becomes or names its handler.
    ///
    /// That is at once, but for a listed proxy with the PROXY protocol on: there the header is read first, ahead of TLS, and
    /// what came with it is delivered after `take`. Without a right header in time the stream is closed without a word.
    package func identify(_ stream: any ByteStream, peer: PeerAddress, then take: @escaping (PeerAddress) -> Void) {
        guard settings.proxyProtocol, settings.admission.isProxy(peer) else { return take(peer) }
        guard arrivals.count < ArrivalTable.countMax else {
            counters[.proxyHeadersRefused] += 1
            return stream.close(.now)
        }
        let number = arrivals.nextNumber
        let arrival = ProxyArrival(server: self, stream: stream, proxy: peer, number: number, take: take)
        arrivals[number] = arrival
        stream.handler = arrival
    }

    /// Who sent a request over a connection of `peer`: behind a listed proxy, the client that it names.
    func client(of head: HTTPRequestHead, over peer: PeerAddress) -> PeerAddress {
        guard settings.admission.isProxy(peer), let proxy = IPAddress(peer) else { return peer }
        let client = ForwardedAddress.client(peer: proxy, fields: head.fields, trusted: settings.admission.proxies)
        return client == proxy ? peer : PeerAddress(client, port: 0)
    }

    /// A peer broke TLS before it was agreed on. Logged now and then, for it mostly is a client that is set up wrong.
    func handshakeFailed(_ peer: PeerAddress, _ reason: String) {
        counters[.handshakesFailed] += 1
        guard let heldBack = peerLog.pass(reason, at: clock()) else { return }
        let more = heldBack > 0 ? " (and \(heldBack) times more in the last while)" : ""
        hooks.log(.info) { "\(peer): \(reason)\(more)" }
    }
}

/// A connection of a listed proxy that waits for its PROXY header (HAProxy's proxy-protocol.txt, §2.2).
final class ProxyArrival: ByteStreamHandler {
    private unowned let server: Server
    private let stream: any ByteStream
    private let proxy: PeerAddress
    private let number: Int
    private var parser = ProxyHeaderParser()
    private var timer = TimerWheel.Key.none
    /// Called once the header is whole; nil when the wait is over.
    private var take: ((PeerAddress) -> Void)?

    init(
        server: Server, stream: any ByteStream, proxy: PeerAddress, number: Int,
        take: @escaping (PeerAddress) -> Void
    ) {
        self.server = server
        self.stream = stream
        self.proxy = proxy
        self.number = number
        self.take = take
        timer = server.wheel.arm(
            at: server.clock() + server.settings.proxyHeaderTimeout, token: TimerToken.arrival(number).encoded)
    }

    func streamReceived(_ bytes: inout MutableSpan<UInt8>) {
        guard let take else { return }
        var cursor = 0
        do throws(ProxyHeaderError) {
            guard let header = try parser.next(bytes.span, at: &cursor) else { return }
            finish()
            // A proxy that checks our health speaks for itself.
            take(header.source.map { PeerAddress($0, port: header.sourcePort) } ?? proxy)
        } catch {
            return refuse()
        }
        guard cursor < bytes.count, let handler = stream.handler, handler !== self else { return }
        // Once a connection, so a copy does no harm.
        var rest: [UInt8] = []
        rest.append(bytes.span.extracting(cursor...))
        var span = rest.mutableSpan
        handler.streamReceived(&span)
    }

    func streamDrained(_ stream: any ByteStream) {}

    func streamEnded(_ stream: any ByteStream) {
        guard take != nil else { return }
        finish()
        stream.close(.now)
    }

    func streamClosed(_ stream: any ByteStream) {
        finish()
        stream.handler = nil
    }

    func timeReached() { refuse() }

    private func refuse() {
        guard take != nil else { return }
        server.counters[.proxyHeadersRefused] += 1
        finish()
        stream.close(.now)
    }

    private func finish() {
        take = nil
        server.wheel.cancel(timer)
        server.arrivals[number] = nil
    }
}

/// The arrivals of a loop, by number.
struct ArrivalTable {
    /// Each waits a second at most, so that many are a flood that the proxy should have stopped.
    static let countMax = 1_024

    private var arrivals: [Int: ProxyArrival] = [:]
    private var taken = 0

    var count: Int { arrivals.count }

    /// A number that none has had.
    var nextNumber: Int {
        mutating get {
            taken += 1
            return taken
        }
    }

    subscript(_ number: Int) -> ProxyArrival? {
        get { arrivals[number] }
        set { arrivals[number] = newValue }
    }
}
