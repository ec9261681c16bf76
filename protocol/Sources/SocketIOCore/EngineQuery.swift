/// What the query of an Engine.IO request says (protocol/spec/socketio.md §7).
package struct EngineQuery: Sendable, Equatable {
    /// A pair that is not Engine.IO's: a client's own, kept for the handshake that games see.
    package struct Pair: Sendable, Equatable {
        /// The decoded name.
        package let name: String
        /// The decoded value.
        package let value: String
    }

    /// `EIO`, 3 where it is missing; nil for anything but `3` and `4`.
    package let revision: EngineRevision?
    /// `transport`; nil where it is missing or unknown.
    package let transport: EngineTransport?
    /// `sid`, as the client wrote it: it is looked up, never taken over.
    package let sid: String?
    /// Whether the client asked for text alone, with any `b64` that is not empty or with `j`.
    package let isBase64: Bool
    /// `j`: which of its functions the client wants called. Set in a JSONP request only.
    package let scriptIndex: Int?
    /// All pairs that are not Engine.IO's, in their order.
    package let others: [Pair]

    /// Reads the decoded pairs of a query.
    ///
    /// - Throws: `badRequest` where one of Engine.IO's names stands twice, as two readers might take different ones, or
    ///   where `j` is not one to nine digits.
    package init(_ pairs: some Sequence<(name: String, value: String)>) throws(EngineRefusal) {
        var known = [String?](repeating: nil, count: Self.names.count)
        var others: [Pair] = []
        for (name, value) in pairs {
            // By bytes: Swift's own comparison knows more equal texts than the peer does.
            if let index = Self.names.firstIndex(where: { $0.utf8.elementsEqual(name.utf8) }) {
                guard known[index] == nil else { throw .badRequest }
                known[index] = value
            } else {
                others.append(Pair(name: name, value: value))
            }
        }
        revision =
            switch known[0].map({ Array($0.utf8) }) {
            case nil, [UInt8(ascii: "3")]: .three
            case [UInt8(ascii: "4")]: .four
            default: nil
            }
        transport = known[1].flatMap(EngineTransport.init(rawValue:))
        sid = known[2]
        scriptIndex = try known[4].map(Self.index)
        isBase64 = known[3].map { !$0.isEmpty } == true || scriptIndex != nil
        self.others = others
    }

    /// `t` is there to make each URL a new one, for caches.
    private static let names = ["EIO", "transport", "sid", "b64", "j", "t"]

    private static func index(_ text: String) throws(EngineRefusal) -> Int {
        guard (1...9).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let index = Int(text)
        else { throw .badRequest }
        return index
    }
}
