import ByteKit

/// Opens byte streams to a server: sockets of a loop, or pipes of a simulated network.
package protocol Dialer: AnyObject {
    /// Connects, with `handler` as the stream's handler.
    ///
    /// - Parameter completion: Called once, on this turn or a later one. Bytes are delivered after it has returned.
    func dial(_ handler: any ByteStreamHandler, _ completion: @escaping (Result<any ByteStream, DialError>) -> Void)
}

/// Why there is no connection.
package struct DialError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The reason in words, such as the kernel's.
    package var description: String

    /// A reason.
    package init(_ description: String) { self.description = description }
}
