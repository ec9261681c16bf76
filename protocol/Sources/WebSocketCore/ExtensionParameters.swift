/// One element of `Sec-WebSocket-Extensions`, with the parameters of permessage-deflate where it is that.
struct ExtensionParameters {
    /// Whether the element is permessage-deflate at all.
    let isDeflate: Bool
    /// Whether every parameter is known, stands once and has a value in its range (RFC 7692 §7.1): otherwise an offer is
    /// declined, and an answer ends the handshake.
    private(set) var isValid = true
    private(set) var parameters = PermessageDeflate.Agreement()
    private(set) var hasClientMaxWindowBits = false

    /// All elements of the fields with that name, in order.
    static func read(_ values: [String]) throws(WebSocketHandshakeError) -> [ExtensionParameters] {
        var elements: [ExtensionParameters] = []
        for value in values {
            let bytes = Array(value.utf8)
            var scanner = ExtensionScanner()
            while let element = try scanner.next(bytes.span) {
                switch element {
                case .name(let name):
                    let isDeflate = bytes[name].elementsEqual(PermessageDeflate.name.utf8)
                    elements.append(ExtensionParameters(isDeflate: isDeflate))
                case .parameter(let name, let value):
                    elements[elements.count - 1].take(bytes[name], value: value.map { bytes[$0] })
                }
            }
        }
        return elements
    }

    private mutating func take(_ name: ArraySlice<UInt8>, value: ArraySlice<UInt8>?) {
        guard isDeflate, isValid else { return }
        isValid =
            switch name {
            case _ where name.elementsEqual("server_no_context_takeover".utf8):
                value == nil && Self.set(&parameters.serverNoContextTakeover)
            case _ where name.elementsEqual("client_no_context_takeover".utf8):
                value == nil && Self.set(&parameters.clientNoContextTakeover)
            case _ where name.elementsEqual("server_max_window_bits".utf8):
                Self.set(&parameters.serverMaxWindowBits, value)
            case _ where name.elementsEqual("client_max_window_bits".utf8):
                setClientMaxWindowBits(value)
            default: false
            }
    }

    private static func set(_ flag: inout Bool) -> Bool {
        defer { flag = true }
        return !flag
    }

    private static func set(_ bits: inout UInt8?, _ value: ArraySlice<UInt8>?) -> Bool {
        guard bits == nil, let value, let number = windowBits(value) else { return false }
        bits = number
        return true
    }

    private mutating func setClientMaxWindowBits(_ value: ArraySlice<UInt8>?) -> Bool {
        guard !hasClientMaxWindowBits else { return false }
        hasClientMaxWindowBits = true
        return value == nil || Self.set(&parameters.clientMaxWindowBits, value)
    }

    /// 8 to 15, without a zero in front (§7.1.2).
    private static func windowBits(_ digits: ArraySlice<UInt8>) -> UInt8? {
        let isTens = digits.count == 2 && digits.first == UInt8(ascii: "1")
        guard isTens || digits.count == 1, let last = digits.last,
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(last)
        else { return nil }
        let number = last - UInt8(ascii: "0") + (isTens ? 10 : 0)
        return (8...15).contains(number) ? number : nil
    }
}
