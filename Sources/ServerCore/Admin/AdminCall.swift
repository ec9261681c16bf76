import HTTPCore
import JSONCore

/// One thing that a verb may be told.
struct AdminArgument: Sendable {
    /// What it has to be.
    enum Kind: Sendable {
        /// Text of so many bytes at most.
        case text(Int)
        /// A whole number.
        case integer(ClosedRange<Int>)
        /// True or false.
        case flag
        /// One of these words.
        case word([String])
    }

    let name: String
    let kind: Kind
    /// Whether it must be there.
    let isRequired: Bool

    init(_ name: String, _ kind: Kind, isRequired: Bool = false) {
        self.name = name
        self.kind = kind
        self.isRequired = isRequired
    }

    /// What it has to be, for people.
    private var rule: String {
        switch kind {
        case .text(let bytesMax): "a string of at most \(bytesMax) bytes"
        case .integer(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .flag: "true or false"
        case .word(let words): "one of \(words.joined(separator: ", "))"
        }
    }

    func check(_ value: JSONValue) throws(AdminRefusal) {
        let isRight =
            switch kind {
            case .text(let bytesMax): value.string.map { $0.utf8.count <= bytesMax } ?? false
            case .integer(let range): value.integer.flatMap { Int(exactly: $0) }.map(range.contains) ?? false
            case .flag: value.bool != nil
            case .word(let words): value.string.map(words.contains) ?? false
            }
        guard isRight else { throw .malformed("\"\(name)\" must be \(rule)") }
    }

    /// The value that a query's text stands for; the text itself where it stands for none.
    fileprivate func value(of text: String) -> JSONValue {
        switch kind {
        case .text, .word: .string(text)
        case .integer: Int64(text).map { .integer($0) } ?? .string(text)
        case .flag: text == "true" ? true : text == "false" ? false : .string(text)
        }
    }
}

/// A verb that an admin asks for, with what it is told, which keeps to the verb's table.
struct AdminCall: Sendable {
    let verb: AdminVerb
    let actor: AdminActor
    private let members: JSONObject

    /// Reads what a packet or a body says.
    init(_ verb: AdminVerb, _ data: JSONValue, by actor: AdminActor) throws(AdminRefusal) {
        guard data == .null || data.object != nil else { throw .malformed("the data must be an object") }
        var members = JSONObject()
        for member in data.object?.members ?? [] where member.value != .null {
            guard let argument = verb.argument(member.key) else {
                let names = verb.arguments.map { "\"\($0.name)\"" }.joined(separator: ", ")
                throw .malformed(
                    "\(verb.name) takes no \"\(member.key.prefix(64))\"; it takes \(names.isEmpty ? "nothing" : names)")
            }
            try argument.check(member.value)
            members[member.key] = member.value
        }
        for argument in verb.arguments where argument.isRequired && members[argument.name] == nil {
            throw .malformed("\"\(argument.name)\" is missing")
        }
        self.verb = verb
        self.actor = actor
        self.members = members
    }

    /// The data that a request's query stands for, for ``init(_:_:by:)``.
    static func data(of query: HTTPQuery, for verb: AdminVerb) throws(AdminRefusal) -> JSONValue {
        var members = JSONObject()
        for pair in query.pairs {
            guard members[pair.name] == nil else { throw .malformed("\"\(pair.name.prefix(64))\" stands there twice") }
            members[pair.name] = verb.argument(pair.name)?.value(of: pair.value) ?? .string(pair.value)
        }
        return .object(members)
    }

    subscript(_ name: String) -> JSONValue? { members[name] }

    func text(_ name: String) -> String? { members[name]?.string }

    func integer(_ name: String) -> Int? { members[name]?.integer.flatMap { Int(exactly: $0) } }

    func flag(_ name: String) -> Bool? { members[name]?.bool }

    /// All that was said, for verbs that have a reader of their own.
    var data: JSONValue { .object(members) }

    /// Why, in words for the players and the audit log: 100 characters at most, none of which control anything.
    var reason: String { DisplayText.cleaned(text("reason") ?? "", charactersMax: 100) }

    /// To whom or what it is done, for the audit log: `LOBBY/SEAT`, a subject or an address, `session/N`, or a season.
    var target: String {
        if text("lobby") == nil, let session = integer("session") { return "session/\(session)" }
        let parts = [
            text("subject") ?? text("address"), text("lobby"), integer("seat").map(String.init), text("season"),
        ]
        return parts.compactMap(\.self).joined(separator: "/")
    }
}
