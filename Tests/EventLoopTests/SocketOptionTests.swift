import ByteKit
import Determinism
import EventLoop
import Glibc
import Testing

/// What the kernel says of an option of `stream`.
private func option(_ name: Int32, of stream: SocketStream) -> Int32? {
    guard let descriptor = stream.descriptor else { return nil }
    var value: Int32 = -1
    var length = socklen_t(MemoryLayout<Int32>.size)
    let result = unsafe getsockopt(descriptor, Int32(IPPROTO_TCP), name, &value, &length)
    return result == 0 ? value : nil
}

@Suite("Socket options and accepting", .serialized)
struct SocketOptionTests {
    /// NODELAY, NOTSENT_LOWAT and USER_TIMEOUT of both ends of one connection.
    private func options(_ options: SocketOptions, host: String = "127.0.0.1") throws -> [[Int32?]] {
        var seen: [[Int32?]] = []
        let note = { (stream: SocketStream) in
            seen.append([TCP_NODELAY, TCP_NOTSENT_LOWAT, TCP_USER_TIMEOUT].map { option($0, of: stream) })
            stream.close(.now)
        }
        try LoopHarness.run { harness in
            var open = 2
            let closed = {
                open -= 1
                if open == 0 { harness.finish() }
            }
            let client = Recorder()
            client.onClosed = closed
            let server = Recorder()
            server.onClosed = closed
            var listener: Listener?
            listener = try harness.loop.listen(.ip(host: host, port: 0), options: options) { stream in
                listener?.close()
                listener = nil
                stream.handler = server
                note(stream)
            }
            guard let address = listener?.localAddress else { return }
            harness.loop.connect(address, options: options, handler: client) { result in
                if case .success(let stream) = result { note(stream) }
            }
        }
        return seen
    }

    @Test func `accepted connections inherit the listener's options, and connecting ones get theirs`() throws {
        #expect(try options(SocketOptions()) == [[1, 16_384, 20_000], [1, 16_384, 20_000]])
        var own = SocketOptions()
        own.unsentByteCountMax = 1_000
        own.unacknowledgedMax = .milliseconds(1_500)
        #expect(try options(own) == [[1, 1_000, 1_500], [1, 1_000, 1_500]])
    }

    @Test func `options of 0 leave the kernel's own`() throws {
        var none = SocketOptions()
        none.unsentByteCountMax = 0
        none.unacknowledgedMax = .zero
        for end in try options(none) {
            #expect(end[0] == 1 && end[1] != 16_384 && end[2] == 0)
        }
    }

    @Test func `a paused listener lets connections wait and takes them when it resumes`() throws {
        var accepted = 0
        try LoopHarness.run { harness in
            let clients = [Recorder(), Recorder()]
            var closed = 0
            var listener: Listener?
            listener = try harness.loop.listen(.ip(host: "127.0.0.1", port: 0)) { stream in
                accepted += 1
                stream.close(.now)
                // From within as well: the second connection waits until the listener resumes again.
                listener?.pauseAccepting()
                let count = accepted
                harness.nextTurn {
                    #expect(accepted == count)
                    listener?.resumeAccepting()
                }
            }
            guard let address = listener?.localAddress else { return }
            listener?.pauseAccepting()
            var connected = 0
            for client in clients {
                client.onClosed = {
                    closed += 1
                    guard closed == 2 else { return }
                    listener?.close()
                    listener?.resumeAccepting()
                    listener?.pauseAccepting()
                    listener = nil
                    harness.nextTurn { harness.finish() }
                }
                harness.loop.connect(address, handler: client) { result in
                    guard case .success(let stream) = result else { return fail("\(result)") }
                    client.attach(stream)
                    connected += 1
                    guard connected == 2 else { return }
                    #expect(accepted == 0)
                    listener?.resumeAccepting()
                }
            }
        }
        #expect(accepted == 2)
    }
}
