import COpenSSL

/// What the TLS streams of one loop share, so that none of them holds a buffer while nothing moves.
///
/// It belongs to the loop of its streams and is no more `Sendable` than they are.
@safe package final class TLSWorkspace {
    /// A read's worth of ciphertext, 64 KiB, and the record that it completes, 16 KiB: so what one read brings is
    /// delivered in one call.
    static let plaintextByteCountMax = 80 * 1024

    /// What was decrypted last; lent to one stream's handler at a time.
    let plaintext: UnsafeMutableBufferPointer<UInt8>
    /// Whether ``plaintext`` is lent.
    var isLent = false
    /// What was encrypted and not handed on yet.
    var ciphertext: [UInt8] = []
    /// The received bytes that OpenSSL may read in the call that is under way.
    fileprivate var input: UnsafeRawBufferPointer

    /// Makes the buffers of a loop; the memory is only touched as it is used.
    package init() {
        unsafe plaintext = .allocate(capacity: Self.plaintextByteCountMax)
        unsafe input = UnsafeRawBufferPointer(start: nil, count: 0)
    }

    deinit {
        unsafe plaintext.deallocate()
    }

    /// Lets OpenSSL read `bytes` while `body` runs. Answers how many it has read.
    func lend(_ bytes: UnsafeRawBufferPointer, _ body: () -> Void) -> Int {
        unsafe input = bytes
        body()
        let left = unsafe input.count
        unsafe input = UnsafeRawBufferPointer(start: nil, count: 0)
        return bytes.count - left
    }

    /// The end of a connection that OpenSSL reads from and writes to: a BIO of ours, since OpenSSL's own memory BIO
    /// would copy all bytes once more. It does not keep the workspace alive.
    func makeEnd() -> OpaquePointer? {
        guard let end = unsafe BIO_new(EndMethod.shared.method) else { return nil }
        unsafe take(end)
        unsafe BIO_set_init(end, 1)
        return unsafe end
    }

    /// Has an end, which may be another workspace's, read from this one and write to it.
    func take(_ end: OpaquePointer?) {
        unsafe BIO_set_data(end, Unmanaged.passUnretained(self).toOpaque())
    }
}

/// The functions of our BIO, made once.
///
/// `@unchecked Sendable` holds because nothing changes after the initialiser.
@safe private final class EndMethod: @unchecked Sendable {
    static let shared = EndMethod()
    let method: OpaquePointer?

    private init() {
        let kind = BIO_get_new_index() | BIO_TYPE_SOURCE_SINK
        unsafe method = BIO_meth_new(kind, "muster")
        unsafe BIO_meth_set_read(method, onRead)
        unsafe BIO_meth_set_write(method, onWrite)
        unsafe BIO_meth_set_ctrl(method, onControl)
    }
}

// MARK: Called by OpenSSL

/// Gives OpenSSL what was received, or tells it to come back with the next read.
private func onRead(_ end: OpaquePointer?, _ bytes: UnsafeMutablePointer<CChar>?, _ count: Int32) -> Int32 {
    unsafe copenssl_bio_clear_retry(end)
    guard let owner = unsafe BIO_get_data(end), let bytes = unsafe bytes, count > 0 else { return -1 }
    return unsafe Unmanaged<TLSWorkspace>.fromOpaque(owner)._withUnsafeGuaranteedRef { workspace in
        let taken = unsafe min(Int(count), workspace.input.count)
        guard taken > 0, let source = unsafe workspace.input.baseAddress else {
            unsafe copenssl_bio_retry_read(end)
            return -1
        }
        unsafe UnsafeMutableRawPointer(bytes).copyMemory(from: source, byteCount: taken)
        unsafe workspace.input = UnsafeRawBufferPointer(rebasing: workspace.input[taken...])
        return Int32(taken)
    }
}

/// Takes all that OpenSSL has encrypted.
private func onWrite(_ end: OpaquePointer?, _ bytes: UnsafePointer<CChar>?, _ count: Int32) -> Int32 {
    unsafe copenssl_bio_clear_retry(end)
    guard let owner = unsafe BIO_get_data(end), count > 0 else { return -1 }
    unsafe Unmanaged<TLSWorkspace>.fromOpaque(owner)._withUnsafeGuaranteedRef { workspace in
        unsafe workspace.ciphertext.append(contentsOf: UnsafeRawBufferPointer(start: bytes, count: Int(count)))
    }
    return count
}

/// There is nothing to flush, and nothing else is offered.
private func onControl(
    _ end: OpaquePointer?, _ command: Int32, _ number: Int, _ argument: UnsafeMutableRawPointer?
) -> Int {
    command == BIO_CTRL_FLUSH ? 1 : 0
}
