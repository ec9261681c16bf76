/// Close codes: those of RFC 6455 §7.4.1 and its registry, and ours from 4000 (protocol/spec/websocket.md §4).
///
/// They are plain numbers on purpose: 4100 to 4999 are left to games.
package enum WebSocketCloseCode {
    package static let normal: UInt16 = 1000
    package static let goingAway: UInt16 = 1001
    package static let protocolError: UInt16 = 1002
    package static let unsupportedData: UInt16 = 1003
    package static let invalidText: UInt16 = 1007
    package static let policyViolation: UInt16 = 1008
    package static let messageTooBig: UInt16 = 1009
    package static let internalError: UInt16 = 1011
    package static let serviceRestart: UInt16 = 1012
    package static let tryAgainLater: UInt16 = 1013

    package static let lobbyClosed: UInt16 = 4000
    package static let unauthorized: UInt16 = 4001
    package static let badMessage: UInt16 = 4002
    package static let kicked: UInt16 = 4003
    package static let slowConsumer: UInt16 = 4004
    package static let heartbeatTimeout: UInt16 = 4005
    package static let replaced: UInt16 = 4006
    package static let lobbyFull: UInt16 = 4007
    package static let rateLimited: UInt16 = 4008
    package static let draining: UInt16 = 4009
    package static let noSuchLobby: UInt16 = 4010

    /// Whether a close frame may carry `code`, in either direction: 1000–1003, 1007–1014 and 3000–4999.
    ///
    /// 1004 is reserved; 1005, 1006 and 1015 stand for what happened without a frame (RFC 6455 §7.4.1).
    package static func isSendable(_ code: UInt16) -> Bool {
        switch code {
        case 1000...1003, 1007...1014, 3000...4999: true
        default: false
        }
    }
}
