import Foundation
import Glibc
import Muster
import Synchronization
import Testing

@Suite("A server with several loops", .serialized)
struct SeveralLoopsTests {
    /// What the loops' threads have seen.
    private final class Seen: Sendable {
        let threads = Mutex<Set<pthread_t>>([])
        let handlers = Atomic(0)
        let answers = Atomic(0)
    }

    /// A handler without a client.
    private final class Quiet: MessageHandler {
        func received(text: Span<UInt8>, from client: Client) {}
        func received(binary: Span<UInt8>, from client: Client) {}
    }

    @Test func `the kernel spreads connections over all of them, and one SIGTERM ends all`() throws {
        var configuration = MusterConfiguration()
        configuration.listen = [.ip(host: "127.0.0.1", port: 0)]
        configuration.loops = 2
        configuration.admin.isEnabled = false
        let seen = Seen()
        let server = MusterServer(configuration: configuration)
        server.http("/thread") { _ in
            seen.threads.withLock { _ = $0.insert(pthread_self()) }
            return WebAnswer(text: "here")
        }
        server.webSocket("/quiet") { _ in
            seen.handlers.add(1, ordering: .relaxed)
            return Quiet()
        }
        try server.run { start in
            let port = UInt16(start.port ?? 0)
            Thread.detachNewThread {
                for _ in 0..<64 where Self.answer(of: "/thread", port: port).hasSuffix("here") {
                    seen.answers.add(1, ordering: .relaxed)
                }
                kill(getpid(), SIGTERM)
            }
        }
        #expect(seen.answers.load(ordering: .relaxed) == 64)
        #expect(seen.handlers.load(ordering: .relaxed) == 2, "endpoints are made once for each loop")
        #expect(seen.threads.withLock(\.count) == 2)
    }

    @Test func `an address that is in use is refused, also to one who would share it`() throws {
        var configuration = MusterConfiguration()
        configuration.listen = [.ip(host: "127.0.0.1", port: 0)]
        configuration.loops = 2
        configuration.admin.isEnabled = false
        let error = Mutex<String?>(nil)
        try MusterServer(configuration: configuration).run { start in
            var second = configuration
            second.listen = [.ip(host: "127.0.0.1", port: start.port ?? 0)]
            let thrown = #expect(throws: HostError.self) { try MusterServer(configuration: second).run() }
            error.withLock { $0 = thrown?.description }
            Thread.detachNewThread { kill(getpid(), SIGTERM) }
        }
        #expect(error.withLock { $0?.contains("the address is in use") } == true)
    }

    /// The answer to a request on a connection of its own.
    private static func answer(of path: String, port: UInt16) -> String {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var patience = timeval(tv_sec: 20, tv_usec: 0)
        unsafe setsockopt(
            descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        let connected = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { return "" }
        let request = Array("GET \(path) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".utf8)
        _ = unsafe request.withUnsafeBytes { unsafe send(descriptor, $0.baseAddress, $0.count, 0) }
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while true {
            let count = unsafe buffer.withUnsafeMutableBytes { unsafe recv(descriptor, $0.baseAddress, $0.count, 0) }
            guard count > 0 else { return String(decoding: answer, as: UTF8.self) }
            answer += buffer.prefix(count)
        }
    }
}
