import ByteKit
import CUV
import Glibc

/// A listening socket of the kernel, before or beside libuv.
///
/// We open and accept ourselves, because libuv 1.44 cannot set SO_REUSEPORT and, out of descriptors, retries `accept`
/// without returning to the loop.
struct ListeningSocket: ~Copyable {
    let descriptor: Int32
    /// With the port that the kernel chose.
    let address: SocketAddress

    /// Opens, binds and listens.
    init(at address: RawAddress, backlog: Int, sharing: PortSharing, options: SocketOptions) throws(UVError) {
        let descriptor = try openSocket(family: address.family)
        var bound = false
        do throws(UVError) {
            if address.family == AF_UNIX {
                try Self.removeStale(address)
            } else {
                try options.apply(to: descriptor)
                try setOption(descriptor, SOL_SOCKET, SO_REUSEADDR, 1)
                if sharing == .joins { try setOption(descriptor, SOL_SOCKET, SO_REUSEPORT, 1) }
                // "::" takes IPv4 as well, whatever the machine's default.
                if address.family == AF_INET6 { try setOption(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, 0) }
            }
            try unsafe UVError.checkSystem(address.withPointer { unsafe bind(descriptor, $0, address.length) })
            bound = true
            // After the bind, so that the bind has failed if anybody was there, sharing or not.
            if sharing == .opens, address.family != AF_UNIX { try setOption(descriptor, SOL_SOCKET, SO_REUSEPORT, 1) }
            try UVError.checkSystem(Glibc.listen(descriptor, Int32(clamping: backlog)))
            self.address = try unsafe RawAddress { unsafe getsockname(descriptor, $0, $1) }.address
            self.descriptor = descriptor
        } catch {
            if bound, case .unix(let path) = address.address { unsafe unlink(path) }
            Glibc.close(descriptor)
            throw error
        }
    }

    deinit {
        if case .unix(let path) = address { unsafe unlink(path) }
        Glibc.close(descriptor)
    }

    /// Takes one waiting connection; nil when none waits.
    ///
    /// - Throws: What keeps us from accepting for now, such as `EMFILE`.
    borrowing func accept() throws(UVError) -> AcceptedSocket? {
        let flags = Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        while true {
            var accepted: Int32 = -1
            do throws(UVError) {
                let peer = try unsafe RawAddress { address, length in
                    accepted = unsafe cuv_accept4(descriptor, address, length, flags)
                    return accepted
                }
                return AcceptedSocket(descriptor: accepted, peer: peer.peer)
            } catch {
                switch error.code {
                case UV_EAGAIN.rawValue: return nil
                // The connection went away while it waited, or a signal came: on to the next one.
                case UV_ECONNABORTED.rawValue, UV_EINTR.rawValue, UV_EPROTO.rawValue: continue
                default: throw error
                }
            }
        }
    }

    /// Removes the socket file that a server which is gone has left at `address`; leaves any other file alone.
    private static func removeStale(_ address: RawAddress) throws(UVError) {
        guard case .unix(let path) = address.address else { return }
        var status = stat()
        guard unsafe lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else { return }
        let probe = try openSocket(family: AF_UNIX)
        defer { Glibc.close(probe) }
        let isRefused = unsafe address.withPointer {
            unsafe Glibc.connect(probe, $0, address.length) < 0 && errno == ECONNREFUSED
        }
        if isRefused { unsafe unlink(path) }
    }
}

/// A connection that no stream owns yet, fresh from `accept` or from another loop.
struct AcceptedSocket {
    let descriptor: Int32
    let peer: PeerAddress

    /// Closes the connection with a last word, as far as that can be had without waiting.
    func refuse(_ word: [UInt8]) {
        // A socket closed with unread input is reset, and the reset may overtake the word (RFC 2525 §2.17).
        unsafe withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { input in
            _ = unsafe recv(descriptor, input.baseAddress, input.count, 0)
        }
        if !word.isEmpty {
            _ = unsafe word.withUnsafeBytes { unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, 0) }
        }
        Glibc.close(descriptor)
    }
}

/// Opens a stream socket that neither blocks nor is inherited.
func openSocket(family: Int32) throws(UVError) -> Int32 {
    let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    return try UVError.checkSystem(Glibc.socket(family, type, 0))
}

/// Sets a socket option that is a number.
func setOption(_ descriptor: Int32, _ level: Int32, _ name: Int32, _ value: Int32) throws(UVError) {
    var value = value
    try unsafe UVError.checkSystem(setsockopt(descriptor, level, name, &value, socklen_t(MemoryLayout<Int32>.size)))
}

/// Whether several sockets of one user may listen at one IP address and port; the kernel spreads the connections over
/// them.
package enum PortSharing: Sendable {
    /// No other socket may.
    case none
    /// Others may join this socket, which has to be the first: an address that is in use is refused.
    case opens
    /// Joins those that share the address already.
    case joins
}
