/// A client's hold on the newest state: states used in turn, so that a message that fails changes nothing.
@usableFromInline package struct SnapshotReceiver: Sendable {
    // What each message takes comes first: a process has thousands of these, and each cache line is a miss.

    /// The newest state; nil until the first keyframe.
    @inlinable package var state: WorldState? { hasState ? current : nil }
    @usableFromInline private(set) var current: WorldState
    private var spare: WorldState
    @usableFromInline private(set) var hasState = false
    /// Whether the newest message was one of groups.
    private var isGrouped = false
    /// Whether codec 1 is read, by which a third state is needed.
    private var readsCodec1: Bool
    private var hasBefore = false
    /// The game's schema.
    package let schema: Schema
    /// The state before the newest one: by it codec 1 knows how things move.
    private var before: WorldState
    private var coder: Codec1?
    /// Where only some groups are seen: what is held of each.
    private(set) var groups: GroupReceiver

    /// A client that has no state yet.
    ///
    /// - Parameter tables: What it was told to read codec 1 with; without them it reads codec 0 only.
    package init(schema: Schema, tables: CodingTables? = nil) {
        self.schema = schema
        current = WorldState(schema: schema)
        spare = current
        before = current
        groups = GroupReceiver(schema: schema)
        readsCodec1 = tables != nil
        coder = tables.map { Codec1(schema: schema, tables: $0) }
    }

    /// What it reads codec 1 with, by the tables that it was told last; nil where it reads codec 0 only.
    package var codec1: Codec1? {
        get { coder }
        set {
            coder = newValue
            readsCodec1 = newValue != nil
        }
    }

    /// Applies a message. After an error ``state`` is what it was.
    package mutating func receive(_ message: Span<UInt8>) throws(SnapshotError) {
        if GroupMessage.isOne(message) {
            try groups.receive(message, &coder, into: &spare)
            isGrouped = true
        } else {
            try apply(message, to: hasState ? current : nil)
            if isGrouped { groups.removeAll() }
            isGrouped = false
        }
        if readsCodec1 {
            // After a keyframe there is no state before it: nobody knows how things moved.
            hasBefore = hasState && message[0] & 0x0F == Snapshot.deltaKind
            swap(&before, &current)
        }
        swap(&current, &spare)
        hasState = true
    }

    private mutating func apply(_ message: Span<UInt8>, to baseline: WorldState?) throws(SnapshotError) {
        guard readsCodec1, message.count > 0, message[0] & 0x30 == 0x10 else {
            return try Snapshot.apply(message, to: baseline, schema: schema, into: &spare)
        }
        try coder?.apply(message, to: baseline, before: hasBefore ? before : nil, into: &spare)
    }
}
