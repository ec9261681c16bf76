import JSONCore
import MessagePackCore

/// Why bytes are no Socket.IO packet, or why a value cannot be sent as one.
///
/// On receipt it ends the session of whoever sent them, with the reason `parse error`; the decoder is idle again. On
/// sending nothing has been written.
package enum SocketPacketError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The first byte, or the lack of one, names no type.
    case unknownType
    /// The number of attachments is not one or two digits and a dash.
    case illegalAttachmentCount
    /// More attachments than the limit allows.
    case tooManyAttachments
    /// The namespace is too long or not UTF-8; when sending, also without its `/` or with a comma.
    case illegalNamespace
    /// An ack id of more than 10 digits, on a packet that has none, or missing on an ack.
    case illegalAckID
    /// The payload is no JSON within the limits.
    case malformedPayload(JSONError)
    /// The packet is no MessagePack within the limits.
    case malformedPack(MessagePackError)
    /// The payload is not of the kind that the type asks for.
    case illegalPayload
    /// The event's name is no text of up to 128 bytes and no whole number, or is reserved.
    case illegalEventName
    /// A placeholder has other keys, a number that is no attachment's, or one that was used before.
    case illegalPlaceholder
    /// A text packet arrived where an attachment was due.
    case textInsteadOfAttachment
    /// A text arrived where packets are binary messages.
    case textInsteadOfPack
    /// Bytes arrived though no attachment was due.
    case unexpectedAttachment
    /// The packet with its attachments is larger than allowed.
    case tooLarge
    /// Bytes inside a packet that has no binary form: a connect or a connect error.
    case binaryNotAllowed

    /// A sentence for a log; holds nothing that the peer sent.
    package var description: String {
        switch self {
        case .unknownType: "A Socket.IO packet begins with its type, 0 to 6."
        case .illegalAttachmentCount: "The number of attachments is malformed."
        case .tooManyAttachments:
            "The packet has too many attachments: official peers take \(SocketPacket.attachmentsMax)."
        case .illegalNamespace: "The namespace is malformed or too long."
        case .illegalAckID: "The ack id is malformed, missing or out of place."
        case .malformedPayload(let error): error.description
        case .malformedPack(let error): error.description
        case .illegalPayload: "The payload does not fit the packet's type."
        case .illegalEventName: "The event's name is malformed, too long or reserved."
        case .illegalPlaceholder: "A placeholder stands for no attachment of the packet."
        case .textInsteadOfAttachment: "Text arrived where an attachment was due."
        case .textInsteadOfPack: "Text arrived where packets are binary messages."
        case .unexpectedAttachment: "Bytes arrived where no attachment was due."
        case .tooLarge: "The packet is too large."
        case .binaryNotAllowed: "This type of packet cannot hold bytes."
        }
    }
}
