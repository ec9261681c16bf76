/// The members of a JSON object, in the order they were written or added, each key once.
///
/// Keys are compared as bytes. A look-up walks the members: objects in events are small, and the limit on values in a
/// document bounds the rest.
public struct JSONObject: Sendable, Equatable {
    /// One key with its value.
    public struct Member: Sendable, Equatable {
        /// The key.
        public let key: String
        /// The value.
        public var value: JSONValue

        /// A member.
        public init(key: String, value: JSONValue) {
            self.key = key
            self.value = value
        }

        /// Whether key and value are the same, text compared as bytes.
        public static func == (left: Member, right: Member) -> Bool {
            left.key.hasSameBytes(as: right.key) && left.value == right.value
        }
    }

    /// The members in order.
    public private(set) var members: [Member] = []

    /// An object without members.
    public init() {}

    /// An object of members whose keys differ, as the caller knows.
    package init(distinct members: [Member]) {
        self.members = members
    }

    /// An object of `members` in order; their keys must differ.
    public init(_ members: [(String, JSONValue)]) {
        self.members.reserveCapacity(members.count)
        for (key, value) in members {
            precondition(self[key] == nil, "An object has each key once.")
            self.members.append(Member(key: key, value: value))
        }
    }

    /// How many members there are.
    public var count: Int { members.count }

    /// Whether there are none.
    public var isEmpty: Bool { members.isEmpty }

    /// The value of the member named `key`. Setting replaces it in its place or adds it at the end; setting nil
    /// removes it.
    public subscript(key: String) -> JSONValue? {
        get {
            index(of: key).map { members[$0].value }
        }
        set {
            switch (index(of: key), newValue) {
            case (let index?, let value?): members[index].value = value
            case (let index?, nil): members.remove(at: index)
            case (nil, let value?): members.append(Member(key: key, value: value))
            case (nil, nil): break
            }
        }
    }

    /// The same keys, each with what `transform` makes of its value, in order.
    package func mapValues<Failure: Error>(
        _ transform: (JSONValue) throws(Failure) -> JSONValue
    ) throws(Failure) -> JSONObject {
        var mapped = self
        for index in members.indices { mapped.members[index].value = try transform(members[index].value) }
        return mapped
    }

    private func index(of key: String) -> Int? {
        members.firstIndex { $0.key.hasSameBytes(as: key) }
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    /// Members in order; their keys must differ.
    public init(dictionaryLiteral members: (String, JSONValue)...) { self.init(members) }
}
