import ByteKit
import HTTPCore
import HTTPTypes
import JSONCore

/// What admins ask for over HTTP: the namespace's verbs, by the token of a session (protocol/spec/admin.md §3).
extension Server {
    /// Where all of it is.
    static let adminPath = "/api/admin/"

    /// Begins a session.
    func answerLogin(_ exchange: HTTPExchange) {
        do throws(JoinRefusal) {
            let auth = try exchange.json()
            exchange.expectAnswer(within: settings.joinTimeout)
            admin.login(auth, from: exchange.peer, address: exchange.peer.adminText) { [weak self] login in
                guard let self else { return }
                guard let login, login.token != nil else {
                    return exchange.refuse(.unauthorized, message: "invalid credentials")
                }
                exchange.respond(json: login.json(at: clock()), compresses: false)
            }
        } catch {
            exchange.refuse(.malformed(error.message))
        }
    }

    /// Ends the session whose token is shown.
    func answerLogout(_ exchange: HTTPExchange) {
        guard let login = adminLogin(exchange) else { return exchange.refuse(.unauthorized) }
        admin.logout(login)
        exchange.respond(.noContent, fields: [.cacheControl: "no-store"], body: [])
    }

    /// Does what a verb says.
    func answer(_ verb: AdminVerb, _ exchange: HTTPExchange) {
        guard let login = adminLogin(exchange) else {
            counters[.adminCallsRefused] += 1
            return exchange.refuse(.unauthorized)
        }
        do throws(AdminRefusal) {
            let data = try exchange.data(for: verb)
            exchange.expectAnswer(within: settings.joinTimeout)
            admin.perform(verb, data, by: login.actor) { outcome in
                switch outcome {
                case .success(let answer): exchange.respond(json: answer)
                case .failure(let refusal): exchange.refuse(refusal)
                }
            }
        } catch {
            counters[.adminCallsRefused] += 1
            exchange.refuse(error)
        }
    }

    /// Whoever shows the token of a session in `Authorization` (RFC 6750 §2.1). Nowhere else: a query would be in logs.
    private func adminLogin(_ exchange: HTTPExchange) -> AdminLogin? {
        let shown = exchange.head.fields[values: .authorization]
        guard shown.count == 1, shown[0].lowercased().hasPrefix("bearer ") else { return nil }
        return admin.login(String(shown[0].dropFirst(7)), address: exchange.peer.adminText)
    }
}

extension PeerAddress {
    /// The address alone, as the audit log has it: behind a proxy there is no port.
    var adminText: String { family == .local ? description : host }
}

extension HTTPExchange {
    /// What a request says to a verb: its query, or its body.
    fileprivate func data(for verb: AdminVerb) throws(AdminRefusal) -> JSONValue {
        guard !verb.isAction else {
            do throws(JoinRefusal) { return try json() } catch { throw .malformed(error.message) }
        }
        let query: HTTPQuery
        do throws(HTTPError) { query = try HTTPQuery(head.query) } catch { throw .malformed("\(error)") }
        return try AdminCall.data(of: query, for: verb)
    }

    /// Answers why not, with the same code as the namespace.
    fileprivate func refuse(_ refusal: AdminRefusal, message: String? = nil) {
        var fields = HTTPFields()
        switch refusal.status {
        case .unauthorized: fields[.wwwAuthenticate] = "Bearer"
        case .serviceUnavailable: fields[.retryAfter] = "1"
        default: break
        }
        respond(
            refusal.status, json: ["error": .string(message ?? refusal.message), "code": .string(refusal.code)],
            fields: fields)
    }
}
