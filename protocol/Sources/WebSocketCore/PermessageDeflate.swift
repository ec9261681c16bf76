/// The choices of one side about compressed messages (RFC 7692 §7.1), and how it comes to an agreement with the other.
///
/// Without context takeover each message is compressed by itself: it costs some of the gain, and a connection holds no
/// memory between messages. That is the default both ways.
package struct PermessageDeflate: Sendable, Equatable {
    /// The window of what we compress: 9 to 15 bits.
    package var sendWindowBitsMax: Int
    /// The window that we keep for what the peer compresses, where it lets us choose: 8 to 15 bits.
    package var receiveWindowBitsMax: Int
    /// Whether each message that we send is compressed by itself.
    package var sendsWithoutContext: Bool
    /// Whether the peer is made to do the same.
    package var receivesWithoutContext: Bool

    /// Choices; the smallest in memory where nothing is said, at full windows.
    package init(
        sendWindowBitsMax: Int = 15, receiveWindowBitsMax: Int = 15, sendsWithoutContext: Bool = true,
        receivesWithoutContext: Bool = true
    ) {
        precondition((9...15).contains(sendWindowBitsMax), "zlib compresses with a window of 9 to 15 bits")
        precondition((8...15).contains(receiveWindowBitsMax), "a DEFLATE window has 8 to 15 bits")
        self.sendWindowBitsMax = sendWindowBitsMax
        self.receiveWindowBitsMax = receiveWindowBitsMax
        self.sendsWithoutContext = sendsWithoutContext
        self.receivesWithoutContext = receivesWithoutContext
    }

    /// The name of the extension (§7).
    static let name = "permessage-deflate"

    /// What a client offers, or a server has agreed to: the four parameters of §7.1.
    package struct Agreement: Sendable, Equatable {
        /// Whether the server compresses each message by itself.
        package var serverNoContextTakeover = false
        /// Whether the client does.
        package var clientNoContextTakeover = false
        /// The server's window in bits, where it is told; 15 where not.
        package var serverMaxWindowBits: UInt8?
        /// The client's window in bits, where it is told; 15 where not.
        package var clientMaxWindowBits: UInt8?

        /// An agreement of the given parameters.
        package init(
            serverNoContextTakeover: Bool = false, clientNoContextTakeover: Bool = false,
            serverMaxWindowBits: UInt8? = nil, clientMaxWindowBits: UInt8? = nil
        ) {
            self.serverNoContextTakeover = serverNoContextTakeover
            self.clientNoContextTakeover = clientNoContextTakeover
            self.serverMaxWindowBits = serverMaxWindowBits
            self.clientMaxWindowBits = clientMaxWindowBits
        }

        /// The window, in bits, of what `role` compresses.
        package func windowBits(sentBy role: WebSocketRole) -> Int {
            Int((role == .server ? serverMaxWindowBits : clientMaxWindowBits) ?? 15)
        }

        /// Whether `role` compresses each message by itself.
        package func isWithoutContext(sentBy role: WebSocketRole) -> Bool {
            role == .server ? serverNoContextTakeover : clientNoContextTakeover
        }

        /// The field's value in a response.
        package var fieldValue: String { text(offersClientBits: false) }

        fileprivate func text(offersClientBits: Bool) -> String {
            var text = PermessageDeflate.name
            if serverNoContextTakeover { text += "; server_no_context_takeover" }
            if clientNoContextTakeover { text += "; client_no_context_takeover" }
            if let serverMaxWindowBits { text += "; server_max_window_bits=\(serverMaxWindowBits)" }
            if let clientMaxWindowBits {
                text += "; client_max_window_bits=\(clientMaxWindowBits)"
            } else if offersClientBits {
                text += "; client_max_window_bits"
            }
            return text
        }
    }

    /// One offer of permessage-deflate that breaks no rule.
    package struct Offer: Sendable, Equatable {
        /// The parameters as they stand in it.
        package var parameters = Agreement()
        /// Whether the client lets the server choose the client's window: `client_max_window_bits`, with a value or not.
        package var hasClientMaxWindowBits = false

        /// An offer of the given parameters.
        package init(parameters: Agreement = Agreement(), hasClientMaxWindowBits: Bool = false) {
            self.parameters = parameters
            self.hasClientMaxWindowBits = hasClientMaxWindowBits
        }

        init(_ element: ExtensionParameters) {
            parameters = element.parameters
            hasClientMaxWindowBits = element.hasClientMaxWindowBits
        }
    }
}

// MARK: - The server's side

extension PermessageDeflate {
    /// Agrees to the first offer that can be met, or to none.
    package func agreement(for offers: [Offer]) -> Agreement? {
        for offer in offers {
            if let agreement = agreement(for: offer) { return agreement }
        }
        return nil
    }

    private func agreement(for offer: Offer) -> Agreement? {
        let asked = offer.parameters
        var agreed = Agreement(
            serverNoContextTakeover: asked.serverNoContextTakeover || sendsWithoutContext,
            clientNoContextTakeover: asked.clientNoContextTakeover || receivesWithoutContext)
        // A window of 8 is one that zlib cannot compress with, and no larger one may be answered (§7.1.2.1).
        if let bits = asked.serverMaxWindowBits {
            guard bits > 8 else { return nil }
            agreed.serverMaxWindowBits = UInt8(min(Int(bits), sendWindowBitsMax))
        } else if sendWindowBitsMax < 15 {
            agreed.serverMaxWindowBits = UInt8(sendWindowBitsMax)
        }
        // The client's window may be told to those only who say that they listen (§7.1.2.2).
        if offer.hasClientMaxWindowBits {
            let bits = min(Int(asked.clientMaxWindowBits ?? 15), receiveWindowBitsMax)
            if asked.clientMaxWindowBits != nil || bits < 15 { agreed.clientMaxWindowBits = UInt8(bits) }
        }
        return agreed
    }
}

// MARK: - The client's side

extension PermessageDeflate {
    /// What these choices ask of a server.
    private var wish: Agreement {
        Agreement(
            serverNoContextTakeover: receivesWithoutContext, clientNoContextTakeover: sendsWithoutContext,
            serverMaxWindowBits: receiveWindowBitsMax < 15 ? UInt8(receiveWindowBitsMax) : nil,
            clientMaxWindowBits: sendWindowBitsMax < 15 ? UInt8(sendWindowBitsMax) : nil)
    }

    /// The field's value in a client's request.
    package var offer: String { wish.text(offersClientBits: true) }

    /// Checks a server's answer to ``offer``, and returns what is agreed; nil where the server did not name it.
    ///
    /// - Throws: ``WebSocketHandshakeError/extensions`` for an answer that no such offer can have (§7.1).
    func agreement(answeredBy values: [String]) throws(WebSocketHandshakeError) -> Agreement? {
        let answers = try ExtensionParameters.read(values)
        guard let answer = answers.first else { return nil }
        guard answers.count == 1, answer.isDeflate, answer.isValid else { throw .extensions }
        var agreed = answer.parameters
        guard agreed.serverNoContextTakeover || !receivesWithoutContext else { throw .extensions }
        if let asked = wish.serverMaxWindowBits {
            guard let bits = agreed.serverMaxWindowBits, bits <= asked else { throw .extensions }
        }
        guard answer.hasClientMaxWindowBits == (agreed.clientMaxWindowBits != nil) else { throw .extensions }
        // What we said of ourselves holds whether or not it was answered (§7.1.1.2, §7.1.2.2).
        if sendsWithoutContext { agreed.clientNoContextTakeover = true }
        agreed.clientMaxWindowBits = [agreed.clientMaxWindowBits, wish.clientMaxWindowBits].compactMap(\.self).min()
        return agreed
    }
}
