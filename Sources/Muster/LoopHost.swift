import ByteKit
import Determinism
import EventLoop
import Glibc
import Logging
import ServerCore

/// Runs one ``Server`` on one event loop: sockets in, timers, signals, and a flush once a turn.
///
/// This is all that stands between the server core and libuv. Belongs to the loop's thread.
final class LoopHost {
    private let loop: EventLoop
    private let logger: Logger
    let server: Server
    private let arrivals: Arrivals
    private var listeners: [Listener] = []
    private var signals: [SignalWatcher] = []
    private var timer: PreciseTimer?
    private var armedFor: Instant?
    /// When the connections that have been told to go are closed whether or not they have gone.
    private var lastCall: Instant?

    init(loop: EventLoop, server: Server, arrivals: Arrivals, logger: Logger) {
        self.loop = loop
        self.logger = logger
        self.server = server
        self.arrivals = arrivals
    }

    /// Listens, and returns the places that were bound.
    ///
    /// - Throws: ``HostError`` for the first address that can't be had; nothing is left listening then.
    func listen(on places: [ListenPlace], sharing: PortSharing) throws -> [ListenPlace] {
        var bound: [ListenPlace] = []
        for place in places {
            do throws(UVError) {
                let listener = try loop.listen(place.address, sharing: sharing) { [arrivals] stream in
                    arrivals.take(stream, isSecure: place.isSecure)
                }
                listeners.append(listener)
                bound.append(ListenPlace(address: listener.localAddress, isSecure: place.isSecure))
            } catch {
                throw HostError(cannotListenOn: place.address, error)
            }
        }
        return bound
    }

    /// Makes all that the loop needs to be run.
    func start() throws {
        timer = try PreciseTimer(loop: loop) { [unowned self] in
            armedFor = nil
            server.advance()
        }
        loop.beforeWaiting = { [unowned self] in turnEnds() }
    }

    /// Has SIGTERM and SIGINT begin a drain of all loops, and a second one call `stop`. On one loop of the process.
    func watchSignals(_ stop: @escaping () -> Void) throws {
        for number in [SIGTERM, SIGINT] {
            signals.append(try loop.onSignal(number) { [unowned self] in drain(or: stop) })
        }
    }

    /// Has SIGHUP read certificates and keys anew, for all loops. On one loop of the process.
    func watchReload(_ secure: SecureListening?, _ tokens: JWTVerifier?) throws {
        secure?.warn(logger)
        guard secure != nil || tokens != nil else { return }
        signals.append(
            try loop.onSignal(SIGHUP) { [logger] in
                secure?.reload(logger)
                tokens?.reload(logger)
            })
    }

    private func drain(or stop: () -> Void) {
        guard server.drainDeadline == nil else { return stop() }
        server.drain()
        logger.info("draining: no new players; the rest has \(server.settings.drainTime.seconds) s")
    }

    /// How long the sockets may wait for steps that have become due meanwhile.
    private static let stepsFirstMax = Interval.milliseconds(1)

    /// Everything of this turn has been handled: writes what it produced, and sleeps until the next timer.
    ///
    /// Steps that have become due while it was written come first: the timer would say so only after all sockets have been
    /// read, and three system calls later.
    private func turnEnds() {
        server.flush()
        let end = loop.now + Self.stepsFirstMax
        while let wake = server.nextWake, case let now = loop.now, wake <= now, now < end {
            server.advance()
            server.flush()
        }
        if server.isDrained { finish() }
        var wake = server.nextWake
        if let lastCall { wake = min(wake ?? lastCall, lastCall) }
        if let deadline = server.drainDeadline, lastCall == nil { wake = min(wake ?? deadline, deadline) }
        guard let wake else {
            // Only if it is set: to say it again each turn would cost a system call each turn.
            if armedFor != nil { timer?.cancel() }
            armedFor = nil
            return
        }
        if armedFor != wake {
            timer?.arm(at: wake)
            armedFor = wake
        }
    }

    private func finish() {
        guard let lastCall else {
            for listener in listeners { listener.close() }
            server.closeAll()
            server.flush()
            self.lastCall = loop.now + .seconds(1)
            return
        }
        if server.connectionCount == 0 || loop.now >= lastCall { loop.stop() }
    }
}

/// Why a server could not start, in a sentence for people.
public struct HostError: Error, CustomStringConvertible {
    /// The sentence; it names the address.
    public let description: String

    init(_ description: String) {
        self.description = description
    }

    init(cannotOpenStorage error: any Error) {
        description = "the storage \(error)"
    }

    init(cannotListenOn address: SocketAddress, _ error: UVError) {
        description =
            error.isAddressInUse
            ? "cannot listen on \(address): the address is in use (is another server running there?)"
            : "cannot listen on \(address): \(error.message)"
    }
}
