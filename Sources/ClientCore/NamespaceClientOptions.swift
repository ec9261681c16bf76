import Determinism
import JSONCore
import SocketIOCore

/// How a client behaves in one namespace.
package struct NamespaceClientOptions {
    /// What a client shows with each CONNECT.
    package enum Auth {
        /// Always the same.
        case fixed(JSONObject?)
        /// What the function answers by calling back, at once or later; asked for each time.
        case asked((@escaping (JSONObject?) -> Void) -> Void)
    }

    /// What happens to an event for which there is no room while there is no connection.
    package enum Overflow: Sendable {
        /// The oldest event that waits is dropped for it.
        case dropsOldest
        /// It is dropped itself.
        case dropsNewest
    }

    /// What is shown with each CONNECT.
    package var auth = Auth.fixed(nil)
    /// How many events may wait for a connection.
    package var offlineEventsMax = 1_024
    /// What happens to more.
    package var overflow = Overflow.dropsNewest
    /// How many events may come before the namespace is confirmed: what a server has kept for a client that returns.
    package var earlyEventsMax = 65_536
    /// How long an ack is awaited where the call does not say; nil for as long as the connection lasts.
    package var ackTimeout: Interval?
    /// How often an event is sent again that was not acknowledged: in order, one at a time. Zero sends each once, without
    /// waiting.
    package var retries = 0
    /// The most attachments of a packet.
    package var attachmentsMax = SocketPacket.attachmentsMax

    /// Options with the defaults above.
    package init() {}
}

/// An event to be sent.
package struct ClientEmission {
    /// The event's name.
    package var name: String
    /// What it says.
    package var arguments: SocketArguments
    /// Dropped where it cannot go out at once: only the newest matters.
    package var isVolatile = false
    /// Whether it may be compressed.
    package var compresses = true
    /// How long the ack is awaited; nil for the namespace's.
    package var timeout: Interval?
    /// Called once, with the answer or why there is none.
    package var acknowledged: ((Result<SocketArguments, AckError>) -> Void)?

    /// An event.
    package init(
        _ name: String, _ arguments: SocketArguments = .none,
        acknowledged: ((Result<SocketArguments, AckError>) -> Void)? = nil
    ) {
        self.name = name
        self.arguments = arguments
        self.acknowledged = acknowledged
    }
}

/// Names an emission whose ack is awaited, so that it can be given up.
package struct EmissionID: Sendable, Equatable {
    /// Which emission of its namespace it is.
    package let number: Int

    /// The name of an emission that was given out before.
    package init(number: Int) { self.number = number }
}

/// Why an event was not sent, nor kept to be sent.
package enum EmissionFailure: Sendable, Equatable {
    /// As many wait as may.
    case bufferFull
    /// It was volatile, and could not go out at once.
    case notWritable
    /// It cannot be said in a packet; the text says why.
    case illegal(String)
}

/// An event that the server has sent.
package struct ClientEvent {
    /// The event's name; the digits of one that is a number.
    package var name: String
    /// What it says.
    package var values: [JSONValue]
    /// The id by which the server wants an answer: for ``NamespaceClient/acknowledge(_:_:)``.
    package var ack: AckTicket?
}

/// The right to answer one event of the server's, in the session in which it came.
package struct AckTicket: Sendable, Equatable {
    let id: Int
    let session: Int
}

/// Why a client is not let into a namespace.
package enum ConnectFailure: Sendable, Equatable {
    /// The server refuses; the client does not try again by itself.
    case refused(message: String, data: JSONValue?)
    /// There is no connection.
    case unreachable(EngineEnd)
}
