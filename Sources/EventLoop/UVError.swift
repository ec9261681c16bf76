import CUV
import Glibc

/// An error of the world outside: what libuv or the kernel answered.
package struct UVError: Error, Hashable, Sendable, CustomStringConvertible {
    /// libuv's code: a negated `errno`, or one of its own such as `UV_EOF`.
    package let code: Int32

    /// The error with libuv's `code`, which is negative.
    package init(code: Int32) {
        self.code = code
    }

    /// Another socket listens at the address already.
    package static let addressInUse = UVError(code: UV_EADDRINUSE.rawValue)
    /// The operation was given up because its handle was closed.
    package static let canceled = UVError(code: UV_ECANCELED.rawValue)
    /// Nobody listens at the address.
    package static let connectionRefused = UVError(code: UV_ECONNREFUSED.rawValue)
    /// An argument makes no sense: a port out of range, an address of another family.
    package static let invalidArgument = UVError(code: UV_EINVAL.rawValue)
    /// A Unix socket path that does not fit a `sockaddr_un`.
    package static let nameTooLong = UVError(code: UV_ENAMETOOLONG.rawValue)
    /// The name has no address.
    package static let unknownHost = UVError(code: UV_EAI_NONAME.rawValue)
    /// The name server did not answer; later it may.
    package static let temporarilyUnknownHost = UVError(code: UV_EAI_AGAIN.rawValue)

    /// Whether another socket listens at the address already.
    package var isAddressInUse: Bool { self == .addressInUse }

    /// Whether the operation was given up because its handle was closed.
    package var isCanceled: Bool { self == .canceled }

    /// Whether the process, or the machine, has as many descriptors open as it may.
    package var isOutOfDescriptors: Bool { code == UV_EMFILE.rawValue || code == UV_ENFILE.rawValue }

    /// Whether nobody listens at the address.
    package var isConnectionRefused: Bool { self == .connectionRefused }

    /// The symbolic name, such as `EADDRINUSE`.
    package var name: String {
        unsafe text { unsafe uv_err_name_r(code, $0, $1) }
    }

    /// What it means, in English.
    package var message: String {
        unsafe text { unsafe uv_strerror_r(code, $0, $1) }
    }

    /// Name and message, for logs.
    package var description: String { "\(name): \(message)" }

    /// What the last failed system call of this thread left in `errno`.
    static var last: UVError { UVError(code: uv_translate_sys_error(errno)) }

    /// Turns the result of a libuv call into a typed error.
    @discardableResult
    static func check(_ result: Int32) throws(UVError) -> Int32 {
        guard result >= 0 else { throw UVError(code: result) }
        return result
    }

    /// Turns the result of a system call, -1 with `errno` set, into a typed error.
    @discardableResult
    static func checkSystem(_ result: Int32) throws(UVError) -> Int32 {
        guard result >= 0 else { throw .last }
        return result
    }

    private func text(_ fill: (UnsafeMutablePointer<CChar>, Int) -> UnsafeMutablePointer<CChar>?) -> String {
        unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
            guard let start = buffer.baseAddress, unsafe fill(start, buffer.count) != nil else { return "\(code)" }
            return unsafe String(cString: start)
        }
    }
}
