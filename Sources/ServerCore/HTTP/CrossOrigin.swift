import HTTPCore
import HTTPTypes
import JSONCore

/// What pages of other origins are told (Fetch §3.3), where the rule of origins lets them in.
extension HTTPOriginRule {
    /// Checks a request to the public API and gives its answer the fields that let the page read it. A refused request
    /// and a preflight are answered here.
    ///
    /// - Returns: Whether the request is still to be answered.
    func admits(_ exchange: HTTPExchange) -> Bool {
        let head = exchange.head
        let verdict = verdict(head.fields)
        exchange.answerFields = fields(for: verdict)
        switch verdict {
        case .absent: break
        case .allowed: exchange.answerFields[.accessControlExposeHeaders] = "ETag, Retry-After"
        case .foreign, .malformed:
            exchange.respond(.forbidden, error: "pages of this origin may not read here")
            return false
        }
        guard head.method == .options, let methods = APIRoute.methods(of: head.path) else { return true }
        exchange.respond(
            .noContent,
            fields: [
                .accessControlAllowMethods: methods,
                .accessControlAllowHeaders: "Authorization, Content-Type, If-None-Match, Last-Event-ID",
                .accessControlMaxAge: "600", .allow: "\(methods), OPTIONS",
            ], body: [])
        return false
    }
}

extension HTTPExchange {
    /// Answers that something failed, as `{"error": text}`.
    func respond(_ status: HTTPResponse.Status, error: String, fields: HTTPFields = [:]) {
        respond(status, json: ["error": .string(error)], fields: fields)
    }
}
