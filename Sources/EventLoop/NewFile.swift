import Glibc

/// A file that did not exist before, written from its start to its end by one thread at a time. It is closed when nobody
/// has it any more.
package final class NewFile: Sendable {
    private let descriptor: CInt

    /// Makes a file at `path`, which this user alone may read and write.
    ///
    /// - Throws: What the kernel refuses; `EEXIST` when there is something at that path.
    package init(_ path: String) throws(UVError) {
        descriptor = try UVError.checkSystem(
            unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600))
    }

    deinit { _ = close(descriptor) }

    /// Writes all of `bytes`, and waits until the kernel has them.
    ///
    /// - Throws: What the kernel refuses: `ENOSPC` on a full disk. A part may have been written then.
    package func write(_ bytes: [UInt8]) throws(UVError) {
        var start = 0
        while start < bytes.count {
            let written = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Glibc.write(descriptor, buffer.baseAddress.map { unsafe $0 + start }, buffer.count - start)
            }
            if written < 0, errno == EINTR { continue }
            try UVError.checkSystem(written < 0 ? -1 : 0)
            start += written
        }
    }
}
