import ByteKit
import CUV
import Glibc

/// Where a socket listens, or who is at its other end.
package enum SocketAddress: Hashable, Sendable, CustomStringConvertible {
    /// A TCP endpoint.
    ///
    /// As an argument, `host` is an IPv4 or IPv6 literal, or a name. A name stands for its first IPv4 address, or for
    /// its first IPv6 address when it has no other; looking it up may block, so look it up once: ``resolved()``.
    /// `port` is 0 … 65535; 0 lets the kernel choose. As a result, `host` is always a literal.
    case ip(host: String, port: Int)

    /// A Unix socket at `path`, 1 … 107 bytes. The peer of an accepted Unix socket has the empty path.
    case unix(path: String)

    /// `192.0.2.1:80`, `[2001:db8::1]:80` or `unix:/run/muster.sock`.
    package var description: String {
        switch self {
        case .ip(let host, let port): host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }

    /// The address of a peer; that of a Unix socket has the empty path.
    init(_ peer: PeerAddress) {
        self = peer.family == .local ? .unix(path: "") : .ip(host: peer.host, port: Int(peer.port))
    }

    /// The same address with a name replaced by the literal it stands for. May block.
    ///
    /// - Throws: `invalidArgument` or `nameTooLong` for an address that cannot be, `unknownHost`, or
    ///   `temporarilyUnknownHost`, which may be tried again later.
    package func resolved() throws(UVError) -> SocketAddress {
        try RawAddress(self).address
    }
}

/// A socket address in the kernel's form.
struct RawAddress {
    private var storage = sockaddr_storage()
    private(set) var length = socklen_t(MemoryLayout<sockaddr_storage>.size)

    /// The kernel's form of `address`; a name is looked up, which may block.
    init(_ address: SocketAddress) throws(UVError) {
        switch address {
        case .unix(let path): try self.init(path: path)
        case .ip(let host, let port): try self.init(host: host, port: port)
        }
    }

    /// An address that `fill`, a call like `getsockname`, writes.
    ///
    /// - Throws: The error in `errno` when `fill` returns a negative value.
    init(
        filledBy fill: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
    ) throws(UVError) {
        var filled = sockaddr_storage()
        var filledLength = length
        let result = unsafe withUnsafeMutablePointer(to: &filled) { storage in
            unsafe storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe fill(address, &filledLength)
            }
        }
        try UVError.checkSystem(result)
        storage = filled
        length = filledLength
    }

    private init(path: String) throws(UVError) {
        let bytes = Array(path.utf8)
        guard !bytes.isEmpty, !bytes.contains(0) else { throw .invalidArgument }
        // libuv 1.44 and the kernel would silently cut a longer path short. One byte is for the terminator.
        guard bytes.count < MemoryLayout.size(ofValue: sockaddr_un().sun_path) else { throw .nameTooLong }
        storage.ss_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &storage) { raw in
            let offset = MemoryLayout<sa_family_t>.size
            unsafe UnsafeMutableRawBufferPointer(rebasing: raw[offset...]).copyBytes(from: bytes)
        }
        length = socklen_t(MemoryLayout<sockaddr_un>.size)
    }

    private init(host: String, port: Int) throws(UVError) {
        // 253 bytes is the longest name there is (RFC 1035 §2.3.4); a zero byte would end the text early.
        guard let port = UInt16(exactly: port), !host.isEmpty, host.utf8.count <= 253, !host.utf8.contains(0)
        else { throw .invalidArgument }
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        let result = unsafe getaddrinfo(host, nil, &hints, &found)
        defer { if let found = unsafe found { unsafe freeaddrinfo(found) } }
        switch result {
        case 0: break
        case EAI_AGAIN: throw .temporarilyUnknownHost
        case EAI_SYSTEM: throw .last
        default: throw .unknownHost
        }
        for family in [AF_INET, AF_INET6] {
            var next = unsafe found
            while let entry = unsafe next {
                if unsafe entry.pointee.ai_family == family, let address = unsafe entry.pointee.ai_addr {
                    unsafe copy(address, length: entry.pointee.ai_addrlen, port: port)
                    return
                }
                unsafe next = entry.pointee.ai_next
            }
        }
        throw .unknownHost
    }

    private mutating func copy(_ address: UnsafePointer<sockaddr>, length: socklen_t, port: UInt16) {
        self.length = length
        unsafe withUnsafeMutableBytes(of: &storage) { raw in
            unsafe raw.copyMemory(from: UnsafeRawBufferPointer(start: address, count: Int(length)))
            // The port stands at the same place in both families, in network order.
            let offset = MemoryLayout<sa_family_t>.size
            unsafe raw.storeBytes(of: port.bigEndian, toByteOffset: offset, as: UInt16.self)
        }
    }

    /// `AF_INET`, `AF_INET6` or `AF_UNIX`.
    var family: Int32 { Int32(storage.ss_family) }

    /// Lends the address to a system call.
    func withPointer<Result>(_ body: (UnsafePointer<sockaddr>) -> Result) -> Result {
        unsafe withUnsafePointer(to: storage) { storage in
            unsafe storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe body($0) }
        }
    }

    /// The address as text and number. An IPv4 peer of a dual-stack listener shows as IPv4.
    var address: SocketAddress {
        guard family == AF_UNIX else { return SocketAddress(peer) }
        return unsafe withUnsafeBytes(of: storage) { raw in
            let path = unsafe raw.dropFirst(MemoryLayout<sa_family_t>.size).prefix { $0 != 0 }
            return unsafe .unix(path: String(decoding: path, as: UTF8.self))
        }
    }

    /// The address as a small value.
    var peer: PeerAddress {
        unsafe withUnsafeBytes(of: storage) { raw in
            // Port and addresses stand in network order; the port at the same place in both families.
            let port = unsafe UInt16(bigEndian: raw.loadUnaligned(fromByteOffset: 2, as: UInt16.self))
            switch family {
            case AF_INET:
                return unsafe PeerAddress(
                    ipv4: UInt32(bigEndian: raw.loadUnaligned(fromByteOffset: 4, as: UInt32.self)), port: port)
            case AF_INET6:
                return unsafe PeerAddress(
                    ipv6: UInt64(bigEndian: raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self)),
                    UInt64(bigEndian: raw.loadUnaligned(fromByteOffset: 16, as: UInt64.self)), port: port)
            default:
                return .local
            }
        }
    }
}
