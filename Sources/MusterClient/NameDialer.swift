import ByteKit
import ClientCore
import EventLoop

/// Opens connections to a server that may be named: the name is looked up for each, as it may come to mean another place while a
/// client is away. A thread waits for the answer, and the loop does not.
final class NameDialer: Dialer {
    private let loop: EventLoop
    private let address: SocketAddress
    private let secure: SecureDialing?
    private let isLiteral: Bool

    init(loop: EventLoop, address: ServerAddress, secure: SecureDialing?) {
        self.loop = loop
        self.address = address.socketAddress
        self.secure = secure
        isLiteral = address.name.contains(":") || address.name.allSatisfy { $0.isNumber || $0 == "." }
    }

    func dial(_ handler: any ByteStreamHandler, _ completion: @escaping (Result<any ByteStream, DialError>) -> Void) {
        guard !isLiteral else { return connect(to: address, handler, completion) }
        let done = LoopBound({ [self] in connect(found: $0, handler, completion) }, on: loop)
        do throws(UVError) {
            let thread = try LoopThread { [loop, address] in
                let found: Result<SocketAddress, UVError>
                do throws(UVError) {
                    found = .success(try address.resolved())
                } catch {
                    found = .failure(error)
                }
                loop.post { done.value(found) }
            }
            thread.detach()
        } catch {
            completion(.failure(DialError(error.message)))
        }
    }

    private func connect(
        found: Result<SocketAddress, UVError>, _ handler: any ByteStreamHandler,
        _ completion: @escaping (Result<any ByteStream, DialError>) -> Void
    ) {
        switch found {
        case .success(let address): connect(to: address, handler, completion)
        case .failure(let error): completion(.failure(DialError(error.message)))
        }
    }

    private func connect(
        to address: SocketAddress, _ handler: any ByteStreamHandler,
        _ completion: @escaping (Result<any ByteStream, DialError>) -> Void
    ) {
        LoopDialer(loop: loop, address: address, secure: secure).dial(handler, completion)
    }
}
