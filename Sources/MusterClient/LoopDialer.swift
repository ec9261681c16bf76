import ByteKit
import ClientCore
import EventLoop
import TLS

/// Opens real connections to one server.
package final class LoopDialer: Dialer {
    private let loop: EventLoop
    private let address: SocketAddress
    private let secure: SecureDialing?
    /// What the first attempt that failed was told.
    package private(set) var firstError: String?

    /// A dialer to `address`, in which names have been looked up.
    package init(loop: EventLoop, address: SocketAddress, secure: SecureDialing?) {
        self.loop = loop
        self.address = address
        self.secure = secure
    }

    package func dial(
        _ handler: any ByteStreamHandler, _ completion: @escaping (Result<any ByteStream, DialError>) -> Void
    ) {
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
package final class SecureDialing {
    /// Whom to trust.
    let context: TLSClientContext
    /// Whom to speak to.
    let name: String
    /// The loop's buffers.
    let workspace = TLSWorkspace()

    /// What a fleet or monitor of that server needs; nil where no TLS is spoken.
    ///
    /// - Throws: ``TLSError/file(path:reason:)`` for authorities that cannot be read.
    package init?(to address: ServerAddress, trust: ServerTrust) throws(TLSError) {
        guard address.isSecure else { return nil }
        context = try TLSClientContext(trust: trust.trust)
        name = address.name
    }
}
