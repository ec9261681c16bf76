import ServerCore

extension MusterConfiguration {
    /// What is wrong between settings that are right by themselves, a sentence each.
    var conflicts: [String] {
        var conflicts: [String] = []
        if tls.certificate.count != tls.key.count {
            conflicts.append(
                "tls.key: there are \(tls.key.count) for the \(tls.certificate.count) of tls.certificate; "
                    + "each certificate needs its key, in the same order")
        }
        let secure = listen.filter(\.isSecure)
        if let first = secure.first, tls.certificate.isEmpty {
            conflicts.append(
                "tls.certificate: \(first) in listen needs one, and tls.key; scripts/dev-cert makes both for one machine"
            )
        }
        if secure.isEmpty, !tls.certificate.isEmpty {
            conflicts.append("tls.certificate: no address in listen begins with https://, so nobody would be shown it")
        }
        if server.proxyProtocol, server.admission.proxies.isEmpty {
            conflicts.append("proxyProtocol: true means nothing without the addresses of the proxies in proxies")
        }
        if auth.keys == nil, auth.audience != nil || auth.issuer != nil {
            conflicts.append("auth.keys: without keys no JWT is taken, and auth.audience and auth.issuer mean nothing")
        }
        if let password = admin.password, AdminPassword.isObvious(password, to: admin.user) {
            conflicts.append("admin.password: it is the user's own name, which is the first that anybody tries")
        }
        return conflicts
    }
}
