import Foundation
import SocketIOCore
import Testing

private struct VectorFile<Vector: Decodable>: Decodable { var vectors: [Vector] }

/// Reads the vectors of one file under `protocol/vectors`.
func vectors<Vector: Decodable>(_ name: String, of type: Vector.Type) -> [Vector] {
    let file = URL(filePath: #filePath).appending(path: "../../../protocol/vectors/\(name).json").standardized
    do {
        return try JSONDecoder().decode(VectorFile<Vector>.self, from: Data(contentsOf: file)).vectors
    } catch {
        Issue.record(error)
        return []
    }
}

/// The bytes that hexadecimal digits stand for.
func bytes(hex: String) -> [UInt8] {
    let digits = Array(hex)
    return stride(from: 0, to: digits.count, by: 2).compactMap { UInt8(String(digits[$0...$0 + 1]), radix: 16) }
}

/// The hexadecimal digits of `bytes`.
func hex(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}

extension EngineError {
    /// The error's name in the vectors.
    var name: String {
        switch self {
        case .emptyPacket: "emptyPacket"
        case .unknownType: "unknownType"
        case .malformedOpen: "malformedOpen"
        case .malformedText: "malformedText"
        case .malformedBase64: "malformedBase64"
        case .malformedLength: "malformedLength"
        case .tooManyPackets: "tooManyPackets"
        case .tooLarge: "tooLarge"
        }
    }
}

extension SocketPacketError {
    /// The error's name in the vectors.
    var name: String {
        switch self {
        case .unknownType: "unknownType"
        case .illegalAttachmentCount: "illegalAttachmentCount"
        case .tooManyAttachments: "tooManyAttachments"
        case .illegalNamespace: "illegalNamespace"
        case .illegalAckID: "illegalAckID"
        case .malformedPayload: "malformedPayload"
        case .illegalPayload: "illegalPayload"
        case .illegalEventName: "illegalEventName"
        case .illegalPlaceholder: "illegalPlaceholder"
        case .malformedPack: "malformedPack"
        case .textInsteadOfPack: "textInsteadOfPack"
        case .textInsteadOfAttachment: "textInsteadOfAttachment"
        case .unexpectedAttachment: "unexpectedAttachment"
        case .tooLarge: "tooLarge"
        case .binaryNotAllowed: "binaryNotAllowed"
        }
    }
}
