/// Why a TLS context could not be made, or why a TLS connection ended.
///
/// A `reason` is OpenSSL's text for what went wrong first.
package enum TLSError: Error, Equatable, CustomStringConvertible {
    /// A certificate, key or authority file cannot be used. The caller names the file to the operator and goes on
    /// with what it had.
    case file(path: String, reason: String)
    /// OpenSSL refused a setting of ours: the library that is installed lacks something.
    case setup(reason: String)
    /// The peer sent something else than TLS, mostly plain HTTP to the port of TLS.
    case notTLS
    /// The handshake failed: nothing in common, a bad message, or the peer's alert.
    case handshake(reason: String)
    /// The peer sent more than a handshake needs before it was done.
    case handshakeTooLong
    /// The server's certificate does not prove that it is who we wanted to speak to.
    case certificate(reason: String)
    /// After the handshake: a record that is forged, damaged or not allowed, or the peer's alert.
    case record(reason: String)
    /// The connection ended without the peer's close_notify (RFC 8446 §6.1): more may have been meant to come.
    case truncated
    /// The peer demanded answers of the protocol itself (RFC 8446 §4.6.3) and read none of them.
    case answersUnread

    package var description: String {
        switch self {
        case .file(let path, let reason): "\(path): \(reason)"
        case .setup(let reason): "OpenSSL refused a setting: \(reason)"
        case .notTLS: "the peer does not speak TLS"
        case .handshake(let reason): "the TLS handshake failed: \(reason)"
        case .handshakeTooLong: "the peer sent too much for a TLS handshake"
        case .certificate(let reason): "the server's certificate was refused: \(reason)"
        case .record(let reason): "the TLS connection failed: \(reason)"
        case .truncated: "the connection ended without TLS's close_notify"
        case .answersUnread: "the peer demanded TLS answers and read none"
        }
    }
}
