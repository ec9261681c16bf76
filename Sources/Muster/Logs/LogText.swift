/// Text as it may stand in a log.
enum LogText {
    static let charactersMax = 1_000
    private static let secrets = ["token=", "password=", "jwt=", "ticket=", "sid=", "bearer "]

    /// On one line, without what controls a terminal or turns the direction of reading, without secrets, and not too long.
    static func safe(_ text: String) -> String {
        var safe = ""
        for scalar in withoutSecrets(text).unicodeScalars.prefix(charactersMax) {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned:
                safe += "\\u{\(String(scalar.value, radix: 16))}"
            default: safe.unicodeScalars.append(scalar)
            }
        }
        return text.unicodeScalars.count > charactersMax ? safe + "…" : safe
    }

    /// With `…` in place of what follows each name of a secret, up to where it ends.
    private static func withoutSecrets(_ text: String) -> String {
        let lower = text.utf8.map { (0x41...0x5A).contains($0) ? $0 + 32 : $0 }
        var kept: [UInt8] = []
        var place = 0
        let bytes = Array(text.utf8)
        while place < bytes.count {
            guard let name = secrets.first(where: { lower[place...].starts(with: $0.utf8) }) else {
                kept.append(bytes[place])
                place += 1
                continue
            }
            kept += bytes[place..<(place + name.utf8.count)] + Array("…".utf8)
            place += name.utf8.count
            while place < bytes.count, !Self.ends.contains(bytes[place]) { place += 1 }
        }
        return String(decoding: kept, as: UTF8.self)
    }

    private static let ends: Set<UInt8> = Set(" &\"'<>,;#\n\r\t".utf8)
}
