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

    /// Takes everything out: the code and the text of the first error, which is the cause of the others.
    static func takeFirst() -> (reason: Int32, text: String) {
        let code = ERR_get_error()
        defer { clear() }
        guard code != 0 else { return (0, "no reason given") }
        if copenssl_is_system_error(code) != 0 {
            guard let text = unsafe strerror(ERR_GET_REASON(code)) else { return (0, "error \(code)") }
            return (0, unsafe String(cString: text))
        }
        guard let text = unsafe ERR_reason_error_string(code) else { return (0, "error \(code)") }
        return (ERR_GET_LIB(code) == ERR_LIB_SSL ? ERR_GET_REASON(code) : 0, unsafe String(cString: text))
    }
}
