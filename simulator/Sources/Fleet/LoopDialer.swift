import ByteKit
import ClientCore
import EventLoop
import TLS

/// Opens real connections to one server.
final class LoopDialer: Dialer {
    private let loop: EventLoop
    private let address: SocketAddress
    private let secure: SecureDialing?
    /// What the first attempt that failed was told.
    private(set) var firstError: String?

    /// A dialer to `address`, in which names have been looked up.
    init(loop: EventLoop, address: SocketAddress, secure: SecureDialing?) {
        self.loop = loop
        self.address = address
        self.secure = secure
    }

    func dial(_ handler: any ByteStreamHandler, _ completion: @escaping (Result<any ByteStream, DialError>) -> Void) {
        loop.connect(address, handler: handler) { [self] result in
            switch result {
            case .success(let stream):
                begin(stream, handler, completion)
                // A stream that has been closed meanwhile does not read.
                if stream.handler != nil { stream.startReading() }
            case .failure(let error):
                completion(.failure(fail(error.message)))
            }
        }
    }

    private func begin(
        _ socket: SocketStream, _ handler: any ByteStreamHandler,
        _ completion: (Result<any ByteStream, DialError>) -> Void
    ) {
        guard let secure else { return completion(.success(socket)) }
        do throws(TLSError) {
            let stream = try TLSStream(socket, client: secure.context, name: secure.name, workspace: secure.workspace)
            stream.handler = handler
            stream.start()
            completion(.success(stream))
        } catch {
            // The socket has the handler already, which must not hear of a stream that it never had.
            socket.handler = nil
            socket.close(.now)
            completion(.failure(fail(error.description)))
        }
    }

    private func fail(_ reason: String) -> DialError {
        if firstError == nil { firstError = reason }
        return DialError(reason)
    }
}

/// What connections with TLS are made from; it belongs to one loop.
final class SecureDialing {
    /// Whom to trust.
    let context: TLSClientContext
    /// Whom to speak to.
    let name: String
    /// The loop's buffers.
    let workspace = TLSWorkspace()

    /// What a fleet or monitor of that server needs; nil where no TLS is spoken.
    ///
    /// - Throws: ``TLSError/file(path:reason:)`` for authorities that cannot be read.
    init?(to address: ServerAddress, trust: ServerTrust) throws(TLSError) {
        guard address.isSecure else { return nil }
        context = try TLSClientContext(trust: trust.trust)
        name = address.name
    }
}

/// How a server with TLS has to prove who it is.
package enum ServerTrust: Sendable, Equatable {
    /// By a certificate that the system's authorities lead to.
    case system
    /// By one that the authorities in a PEM file lead to, or by one of that file.
    case authorities(path: String)
    /// Not at all: for a test on one machine.
    case anyone

    /// The trust that `--ca` and `--insecure` mean; nil when both are given.
    package init?(authorities path: String?, isInsecure: Bool) {
        switch (path, isInsecure) {
        case (nil, false): self = .system
        case (nil, true): self = .anyone
        case (let path?, false): self = .authorities(path: path)
        case (_?, true): return nil
        }
    }

    fileprivate var trust: TLSClientContext.Trust {
        switch self {
        case .system: .system
        case .authorities(let path): .authorities(path: path)
        case .anyone: .anyone
        }
    }
}
