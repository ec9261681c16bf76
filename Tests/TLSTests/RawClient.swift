import ByteKit
import COpenSSL
import Testing

/// A client straight on OpenSSL, which can be made to offer what ours never would.
@safe final class RawClient: ByteStreamHandler {
    let context: OpaquePointer
    let ssl: OpaquePointer
    private(set) var received: [UInt8] = []
    private(set) var hasFailed = false
    private(set) var hasEnded = false
    private unowned let stream: PipeEnd

    init(_ stream: PipeEnd, configure: (_ context: OpaquePointer) -> Void = { _ in }) throws {
        self.stream = stream
        unsafe context = unsafe try #require(SSL_CTX_new(TLS_client_method()))
        unsafe configure(context)
        unsafe ssl = unsafe try #require(SSL_new(context))
        unsafe SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()))
        unsafe SSL_set_connect_state(ssl)
        stream.handler = self
    }

    deinit {
        // Else its session could not be resumed.
        unsafe SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN)
        unsafe SSL_free(ssl)
        unsafe SSL_CTX_free(context)
    }

    func handshake() {
        note(unsafe SSL_do_handshake(ssl))
        flush()
    }

    func send(_ text: String) {
        note(unsafe SSL_write(ssl, text, Int32(text.utf8.count)))
        flush()
    }

    func streamReceived(_ bytes: inout MutableSpan<UInt8>) {
        let count = bytes.count
        unsafe bytes.withUnsafeMutableBufferPointer {
            unsafe _ = BIO_write(SSL_get_rbio(ssl), $0.baseAddress, Int32(count))
        }
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while true {
            let result = unsafe SSL_read(ssl, &buffer, Int32(buffer.count))
            guard result > 0 else {
                note(result)
                break
            }
            received += buffer[..<Int(result)]
        }
        flush()
    }

    func streamDrained(_ stream: any ByteStream) {}
    func streamEnded(_ stream: any ByteStream) { hasEnded = true }
    func streamClosed(_ stream: any ByteStream) {}

    /// What OpenSSL wants to send, sent.
    func flush() {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = unsafe BIO_read(SSL_get_wbio(ssl), &buffer, Int32(buffer.count))
        if count > 0 { stream.send(Array(buffer[..<Int(count)])) }
    }

    private func note(_ result: Int32) {
        guard result <= 0 else { return }
        let error = unsafe SSL_get_error(ssl, result)
        if error == SSL_ERROR_SSL || error == SSL_ERROR_SYSCALL { hasFailed = true }
        ERR_clear_error()
    }
}

/// A ClientHello written by hand (RFC 5246 §7.4.1.2), for what no library offers any more.
func clientHello(
    version: UInt16 = 0x0303, suites: [UInt16] = [0xC02B, 0xC02F], compression: [UInt8] = [0],
    signatures: [UInt16] = [0x0403, 0x0804], groups: [UInt16] = [29, 23]
) -> [UInt8] {
    func two(_ value: UInt16) -> [UInt8] { [UInt8(value >> 8), UInt8(value & 0xFF)] }
    func sized(_ bytes: [UInt8]) -> [UInt8] { two(UInt16(bytes.count)) + bytes }
    let extensions =
        two(13) + sized(sized(signatures.flatMap(two))) + two(10) + sized(sized(groups.flatMap(two)))
        + two(11) + sized([1, 0]) + two(0xFF01) + sized([0])
    let body =
        two(version) + [UInt8](repeating: 0x5A, count: 32) + [0] + sized(suites.flatMap(two))
        + [UInt8(compression.count)] + compression + sized(extensions)
    let message = [1, 0] + sized(body)
    return [22, 3, 1] + sized(message)
}
