internal import ByteKit

/// A byte stream around a simulated one that changes what the server sends: where a planted bug is. In a world that is to hold there is
/// none.
final class TamperingStream: ByteStream {
    /// Changes bytes on their way out, or takes them away.
    typealias Tamper = (inout [UInt8]) -> Void

    var handler: (any ByteStreamHandler)?
    private let inner: SimulatedStream
    private let tamper: Tamper
    /// Whether the server's wish to close is not heard.
    private let staysOpen: Bool

    init(_ inner: SimulatedStream, staysOpen: Bool = false, _ tamper: @escaping Tamper) {
        self.inner = inner
        self.staysOpen = staysOpen
        self.tamper = tamper
        inner.handler = self
    }

    var isBlocked: Bool { inner.isBlocked }

    func pauseReading() { inner.pauseReading() }

    func resumeReading() { inner.resumeReading() }

    func send(_ bytes: inout [UInt8], then shared: [UInt8]) {
        var all = bytes + shared
        bytes.removeAll(keepingCapacity: true)
        tamper(&all)
        if !all.isEmpty { inner.send(&all, then: []) }
    }

    func close(_ manner: StreamCloseManner) {
        if !staysOpen { inner.close(manner) }
    }
}

extension TamperingStream: ByteStreamHandler {
    func streamReceived(_ bytes: inout MutableSpan<UInt8>) { handler?.streamReceived(&bytes) }

    func streamDrained(_ stream: any ByteStream) { handler?.streamDrained(self) }

    func streamEnded(_ stream: any ByteStream) { handler?.streamEnded(self) }

    func streamClosed(_ stream: any ByteStream) {
        let handler = handler
        self.handler = nil
        handler?.streamClosed(self)
    }
}
