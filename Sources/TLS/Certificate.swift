import COpenSSL

/// What a certificate says about itself, for logs and for the choice by server name.
package struct TLSCertificate: Sendable, Equatable {
    /// The file that it came from.
    package let path: String
    /// The DNS names of its subjectAltName, in their order; `*.example.org` stands for one label.
    package let names: [String]
    /// From when on clients refuse it, in seconds since 1970.
    package let expiresAtUnixSeconds: Int

    /// - Parameter certificate: An `X509` that is lent for the call.
    init(_ certificate: OpaquePointer, path: String) {
        self.path = path
        names = unsafe Self.names(of: certificate)
        expiresAtUnixSeconds = unsafe Self.unixSeconds(X509_get0_notAfter(certificate))
    }

    private static func names(of certificate: OpaquePointer) -> [String] {
        guard let list = unsafe X509_get_ext_d2i(certificate, NID_subject_alt_name, nil, nil) else { return [] }
        let names = OpaquePointer(list)
        defer { unsafe GENERAL_NAMES_free(names) }
        return unsafe (0..<max(OPENSSL_sk_num(names), 0)).compactMap { index in
            guard let entry = unsafe OPENSSL_sk_value(names, index)?.assumingMemoryBound(to: GENERAL_NAME.self),
                unsafe entry.pointee.type == GEN_DNS, let text = unsafe entry.pointee.d.dNSName,
                let bytes = unsafe ASN1_STRING_get0_data(text)
            else { return nil }
            let buffer = unsafe UnsafeBufferPointer(start: bytes, count: Int(ASN1_STRING_length(text)))
            return unsafe String(validating: buffer, as: UTF8.self)
        }
    }

    private static func unixSeconds(_ time: UnsafePointer<ASN1_TIME>?) -> Int {
        guard let epoch = unsafe ASN1_TIME_set(nil, 0) else { return 0 }
        defer { unsafe ASN1_STRING_free(epoch) }
        var (days, seconds): (Int32, Int32) = (0, 0)
        guard unsafe ASN1_TIME_diff(&days, &seconds, epoch, time) == 1 else { return 0 }
        return Int(days) * 86_400 + Int(seconds)
    }
}
