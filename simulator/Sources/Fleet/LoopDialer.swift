import BotCore
import ByteKit
import EventLoop

/// Opens real connections to one server.
final class LoopDialer: Dialer {
    private let loop: EventLoop
    private let address: SocketAddress
    /// What the first attempt that failed was told.
    private(set) var firstError: UVError?

    /// A dialer to `address`, in which names have been looked up.
    init(loop: EventLoop, address: SocketAddress) {
        self.loop = loop
        self.address = address
    }

    func dial(_ handler: any ByteStreamHandler, _ completion: @escaping ((any ByteStream)?) -> Void) {
        loop.connect(address, handler: handler) { [weak self] result in
            switch result {
            case .success(let stream):
                completion(stream)
                // A stream that has been closed meanwhile does not read.
                if stream.handler != nil { stream.startReading() }
            case .failure(let error):
                if self?.firstError == nil { self?.firstError = error }
                completion(nil)
            }
        }
    }
}
