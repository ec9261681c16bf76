import ByteKit
import Determinism
import EventLoop
import Glibc
import Testing

/// A blocking socket of the test's own, for what a well-behaved client would not do.
private func rawClient(_ address: SocketAddress) -> Int32 {
    let family = if case .unix = address { AF_UNIX } else { AF_INET }
    let descriptor = socket(family, Int32(SOCK_STREAM.rawValue), 0)
    connectRaw(descriptor, to: address)
    return descriptor
}

/// Connects a socket of the test's own to the loopback or Unix `address`.
private func connectRaw(_ descriptor: Int32, to address: SocketAddress) {
    let result: Int32
    switch address {
    case .ip(_, let port):
        var target = sockaddr_in()
        target.sin_family = sa_family_t(AF_INET)
        target.sin_port = in_port_t(port).bigEndian
        target.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        result = unsafe withUnsafePointer(to: &target) { target in
            unsafe target.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    case .unix(let path):
        var target = sockaddr_un()
        target.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &target.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
        result = unsafe withUnsafePointer(to: &target) { target in
            unsafe target.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
    precondition(result == 0, "\(errno)")
}

/// Closes with a reset instead of an orderly end.
private func reset(_ descriptor: Int32) {
    var linger = linger(l_onoff: 1, l_linger: 0)
    let size = socklen_t(MemoryLayout.size(ofValue: linger))
    #expect(unsafe setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, size) == 0)
    close(descriptor)
}

@Suite("Failures of peers and of the machine", .serialized)
struct FailureTests {
    @Test func `a reset closes the stream with its error`() throws {
        let server = Recorder()
        try LoopHarness.run { harness in
            var client: Int32 = -1
            var listener: Listener?
            listener = try harness.loop.listen(loopback) { stream in
                listener?.close()
                listener = nil
                server.attach(stream)
                reset(client)
            }
            server.onClosed = { harness.finish() }
            client = rawClient(try #require(listener?.localAddress))
        }
        #expect(server.closedCount == 1 && server.endedCount == 0)
        #expect(server.error?.name == "ECONNRESET")
    }

    @Test func `a write to a peer that is gone closes the stream and raises no signal`() throws {
        let folder = try TemporaryFolder()
        let server = Recorder()
        try LoopHarness.run { harness in
            var client: Int32 = -1
            var listener: Listener?
            listener = try harness.loop.listen(.unix(path: folder.socketPath())) { stream in
                listener?.close()
                listener = nil
                close(client)
                server.attach(stream)
                stream.send([1, 2, 3])
                #expect(!stream.isBlocked)
                stream.send([4])
            }
            server.onClosed = { harness.finish() }
            client = rawClient(try #require(listener?.localAddress))
        }
        #expect(server.closedCount == 1)
        #expect(server.error?.name == "EPIPE")
    }

    @Test func `a reset during a blocked write closes the stream once`() throws {
        let server = Recorder()
        try LoopHarness.run { harness in
            var client: Int32 = -1
            var listener: Listener?
            listener = try harness.loop.listen(loopback) { stream in
                listener?.close()
                listener = nil
                server.attach(stream)
                stream.send(pattern(20_000_000))
                #expect(stream.isBlocked)
                stream.close(.afterSending)
                reset(client)
            }
            server.onClosed = { harness.finish() }
            client = rawClient(try #require(listener?.localAddress))
        }
        #expect(server.closedCount == 1 && server.drainedCount == 0)
        #expect(server.error != nil)
    }

    @Test func `an address in use is a typed error`() throws {
        let folder = try TemporaryFolder()
        try LoopHarness.run { harness in
            for wanted in [loopback, .unix(path: folder.socketPath())] {
                let listener = try harness.loop.listen(wanted) { _ in }
                let error = #expect(throws: UVError.self) {
                    _ = try harness.loop.listen(listener.localAddress) { _ in }
                }
                #expect(error?.isAddressInUse == true)
                #expect(error?.name == "EADDRINUSE")
                listener.close()
                let again = try harness.loop.listen(listener.localAddress) { _ in }
                again.close()
            }
            harness.finish()
        }
    }

    @Test func `several listeners share a port when the first has opened it and the others join`() throws {
        try LoopHarness.run { harness in
            let first = try harness.loop.listen(loopback, sharing: .opens) { _ in }
            let second = try harness.loop.listen(first.localAddress, sharing: .joins) { _ in }
            #expect(first.localAddress == second.localAddress)
            for sharing in [PortSharing.none, .opens] {
                let error = #expect(throws: UVError.self, "a second server is noticed") {
                    _ = try harness.loop.listen(first.localAddress, sharing: sharing) { _ in }
                }
                #expect(error?.isAddressInUse == true)
            }
            first.close()
            second.close()
            harness.finish()
        }
    }

    @Test func `the socket file of a dead server is replaced, any other file is not`() throws {
        let folder = try TemporaryFolder()
        try LoopHarness.run { harness in
            let stale = folder.socketPath()
            let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
            var target = sockaddr_un()
            target.sun_family = sa_family_t(AF_UNIX)
            unsafe withUnsafeMutableBytes(of: &target.sun_path) { unsafe $0.copyBytes(from: stale.utf8) }
            let bound = unsafe withUnsafePointer(to: &target) { target in
                unsafe target.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
            #expect(bound == 0)
            close(descriptor)
            let listener = try harness.loop.listen(.unix(path: stale)) { _ in }
            listener.close()

            let file = folder.socketPath("notes")
            unsafe close(creat(file, 0o600))
            let error = #expect(throws: UVError.self) { _ = try harness.loop.listen(.unix(path: file)) { _ in } }
            #expect(error?.isAddressInUse == true)
            let remains = unsafe access(file, F_OK) == 0
            #expect(remains)
            harness.finish()
        }
    }

    @Test func `an impossible address is an error of listen and of connect`() throws {
        let impossible: [SocketAddress] = [
            .ip(host: "127.0.0.1", port: 65_536), .ip(host: "127.0.0.1", port: -1), .ip(host: "", port: 1),
            .ip(host: "a\0b", port: 1), .ip(host: String(repeating: "a.", count: 300), port: 1),
            .unix(path: ""), .unix(path: "a\0b"), .unix(path: String(repeating: "x", count: 108)),
        ]
        let client = Recorder()
        var errors: [UVError] = []
        try LoopHarness.run { harness in
            for address in impossible {
                #expect(throws: UVError.self) { _ = try harness.loop.listen(address) { _ in } }
                harness.loop.connect(address, handler: client) { result in
                    guard case .failure(let error) = result else { return fail("connected") }
                    errors.append(error)
                    if errors.count == impossible.count { harness.finish() }
                }
            }
        }
        #expect(errors.filter { $0 == .invalidArgument }.count == impossible.count - 1)
        #expect(errors.filter { $0 == .nameTooLong }.count == 1)
        #expect(client.closedCount == 0)
    }

    @Test func `a refused connection fails on a later turn, and its handler hears nothing`() throws {
        let folder = try TemporaryFolder()
        let client = Recorder()
        var errors: [UVError] = []
        try LoopHarness.run { harness in
            let listener = try harness.loop.listen(loopback) { _ in }
            let address = listener.localAddress
            listener.close()
            for (target, source) in [(address, nil), (address, "::1"), (.unix(path: folder.socketPath()), nil)] {
                harness.loop.connect(target, from: source, handler: client) { result in
                    guard case .failure(let error) = result else { return fail("connected") }
                    errors.append(error)
                    if errors.count == 3 { harness.finish() }
                }
            }
            #expect(errors.isEmpty)
        }
        #expect(Set(errors.map(\.name)) == ["ECONNREFUSED", "EINVAL", "ENOENT"])
        #expect(client.closedCount == 0)
    }

    @Test func `closing a stream that is connecting cancels`() throws {
        let client = Recorder()
        try LoopHarness.run { harness in
            let listener = try harness.loop.listen(loopback) { $0.close(.now) }
            let stream = harness.loop.connect(listener.localAddress, handler: client) { result in
                guard case .failure(let error) = result else { return fail("connected") }
                #expect(error.isCanceled)
                listener.close()
                harness.nextTurn { harness.finish() }
            }
            stream.close(.afterSending)
        }
        #expect(client.closedCount == 0)
    }

    @Test func `a connection comes from the source address that was asked for`() throws {
        let client = Recorder()
        var peer: SocketAddress?
        try LoopHarness.run { harness in
            var listener: Listener?
            listener = try harness.loop.listen(.ip(host: "localhost", port: 0)) { stream in
                peer = stream.peerAddress
                #expect(stream.peer.description == "\(stream.peerAddress)" && stream.peer.isLoopback)
                listener?.close()
                listener = nil
                stream.close(.now)
            }
            client.onClosed = { harness.finish() }
            let address = try #require(listener?.localAddress)
            harness.loop.connect(address, from: "127.0.0.2", handler: client) { result in
                if case .success(let stream) = result { client.attach(stream) }
            }
        }
        guard case .ip(let host, _) = peer else { return fail("no peer") }
        #expect(host == "127.0.0.2")
    }

    @Test func `a turn with much to read is ended in between`() throws {
        let count = 3 * EventLoop.readsMax
        var (reads, readsMax, total) = (0, 0, 0)
        try LoopHarness.run { harness in
            harness.loop.beforeWaiting = { reads = 0 }
            var streams: [SocketStream] = []
            var listener: Listener?
            listener = try harness.loop.listen(loopback) { stream in
                streams.append(stream)
                guard streams.count == count else { return }
                // All at once, so that one look of the kernel's finds them all readable.
                for stream in streams {
                    let recorder = Recorder()
                    recorder.onReceived = { stream in
                        reads += 1
                        readsMax = max(readsMax, reads)
                        total += 1
                        stream.close(.now)
                        guard total == count else { return }
                        listener?.close()
                        harness.nextTurn { harness.finish() }
                    }
                    recorder.attach(stream)
                }
                streams = []
            }
            for _ in 0..<count {
                let client = rawClient(try #require(listener?.localAddress))
                #expect(unsafe send(client, "x", 1, 0) == 1)
                close(client)
            }
        }
        #expect(total == count && readsMax >= EventLoop.readsMax && readsMax < count)
    }

    @Test func `an IPv4 peer of a dual-stack listener shows as IPv4`() throws {
        try LoopHarness.run { harness in
            guard let listener = try? harness.loop.listen(.ip(host: "::", port: 0), onAccept: { _ in }) else {
                return harness.finish()
            }
            listener.close()
            guard case .ip(_, let port) = listener.localAddress else { return }
            var listening: Listener?
            listening = try harness.loop.listen(.ip(host: "::", port: port)) { stream in
                #expect(stream.peer.family == .ipv4 && stream.peerAddress.description.hasPrefix("127.0.0.1:"))
                stream.close(.now)
                listening?.close()
                listening = nil
                harness.nextTurn { harness.finish() }
            }
            let client = rawClient(.ip(host: "127.0.0.1", port: port))
            reset(client)
        }
    }

    @Test func `without descriptors connections are turned away at a slow pace, and service returns with them`() async {
        await #expect(processExitsWith: .success) {
            let loop = try EventLoop()
            let server = Recorder()
            var isReleased = false
            let accepting = try loop.listen(loopback, refusal: Array("busy".utf8)) { stream in
                server.attach(stream)
                if isReleased { loop.stop() }
            }
            let early = (0..<100).map { _ in rawClient(accepting.localAddress) }
            let late = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            var taken = takeDescriptors()
            loop.beforeWaiting = {
                guard !isReleased else { return }
                // Whatever else runs in this process may have given one back.
                guard accepting.acceptErrorCount >= 2 else { return taken += takeDescriptors() }
                isReleased = true
                taken.forEach { close($0) }
                connectRaw(late, to: accepting.localAddress)
            }
            loop.run()
            precondition(accepting.lastAcceptError?.name == "EMFILE")
            precondition(accepting.turnedAwayCount >= 1)
            precondition(accepting.acceptErrorCount >= 2, "64, then 36 after a rest")
            var refusedCount = 0
            for client in early {
                var word = [UInt8](repeating: 0, count: 16)
                guard unsafe recv(client, &word, word.count, 0) == 4 else { continue }
                precondition(word.starts(with: Array("busy".utf8)))
                precondition(unsafe recv(client, &word, word.count, 0) == 0)
                refusedCount += 1
            }
            precondition(refusedCount == accepting.turnedAwayCount)
            precondition(server.closedCount >= 1, "accepted after the descriptors came back")
            exit(0)
        }
    }

    @Test func `what cannot be turned away waits`() async {
        await #expect(processExitsWith: .success) {
            let loop = try EventLoop()
            let server = Recorder()
            // Without a descriptor in reserve: they were all taken before the loop listened.
            let client = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            let spare = dup(client)
            var taken = takeDescriptors()
            close(spare)
            let accepting = try loop.listen(loopback) { stream in
                server.attach(stream)
                loop.stop()
            }
            connectRaw(client, to: accepting.localAddress)
            taken.append(contentsOf: takeDescriptors())
            let release = loop.makeTimer { taken.forEach { close($0) } }
            release.arm(at: loop.now + .milliseconds(50))
            loop.run()
            precondition(accepting.acceptErrorCount >= 1 && accepting.turnedAwayCount == 0)
            precondition(server.closedCount == 1)
            exit(0)
        }
    }
}

private let loopback = SocketAddress.ip(host: "127.0.0.1", port: 0)

/// Lowers the limit of descriptors and takes all that are left.
private func takeDescriptors() -> [Int32] {
    var limit = rlimit()
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    _ = unsafe getrlimit(resource, &limit)
    limit.rlim_cur = 256
    _ = unsafe setrlimit(resource, &limit)
    var taken: [Int32] = []
    while case let descriptor = dup(0), descriptor >= 0 { taken.append(descriptor) }
    return taken
}
