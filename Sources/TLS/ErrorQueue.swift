import COpenSSL
import Glibc

/// OpenSSL's queue of errors, one a thread.
///
/// What a call leaves there decides how the next call's outcome is read, so the queue is empty before each, and whoever
/// meets a failure takes everything out.
enum ErrorQueue {
    /// Drops what others may have left. Costs a look when there is nothing.
    static func clear() {
        if ERR_peek_error() != 0 { ERR_clear_error() }
    }

    /// Takes everything out and answers with the first error, which is the cause of the others.
    static func takeFirst() -> Failure {
        let code = ERR_get_error()
        defer { clear() }
        guard code != 0 else { return Failure(text: "no reason given") }
        if copenssl_is_system_error(code) != 0 {
            guard let text = unsafe strerror(ERR_GET_REASON(code)) else { return Failure(text: "error \(code)") }
            return unsafe Failure(text: String(cString: text))
        }
        guard let text = unsafe ERR_reason_error_string(code) else { return Failure(text: "error \(code)") }
        return unsafe Failure(
            library: ERR_GET_LIB(code), reason: ERR_GET_REASON(code), text: String(cString: text))
    }

    /// What went wrong.
    struct Failure {
        /// The part of OpenSSL that noticed, and its number for the reason; 0 when it was not OpenSSL.
        var library: Int32 = 0
        var reason: Int32 = 0
        /// OpenSSL's words, or the system's.
        var text: String
    }
}
