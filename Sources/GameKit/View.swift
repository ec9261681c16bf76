import Determinism

/// Where an entity belongs that not everybody sees: who sees the group sees it (docs/decisions/0025-interest.md).
///
/// An entity is in one group at a time, and may be in another after each step.
public struct Group: Sendable, Hashable {
    /// As it is on the wire: 0 for all, then one for each seat and each team, then the author's own.
    @usableFromInline package let number: UInt16

    private init(_ number: Int) {
        self.number = UInt16(number)
    }

    /// What everybody sees, and those who watch.
    public static let all = Group(0)

    /// What is for one player. The holder of the seat sees it, unless the game's `view` says otherwise.
    ///
    /// - Precondition: the number is 0 to 1,023.
    public static func seat(_ number: Int) -> Group {
        precondition((0..<1_024).contains(number), "a seat's number is 0 to 1,023")
        return Group(1 + number)
    }

    /// What is for one team. Its players see it, unless the game's `view` says otherwise.
    ///
    /// - Precondition: the number is 0 to 1,023.
    public static func team(_ number: Int) -> Group {
        precondition((0..<1_024).contains(number), "a team's number is 0 to 1,023")
        return Group(1_025 + number)
    }

    /// How many groups there are for the author to use.
    public static let ownCount = 63_487

    /// A group of the author's own: a room, a cell of a ``GroupGrid``, the ghosts. Nobody sees it unless the game's `view`
    /// says so.
    ///
    /// - Precondition: the number is 0 to 63,486.
    public static func own(_ number: Int) -> Group {
        precondition((0..<ownCount).contains(number), "a group of one's own is 0 to \(ownCount - 1)")
        return Group(2_049 + number)
    }
}

/// What one player sees: ``Group/all``, and the groups that are added.
public struct View: Sendable, Equatable {
    /// How much a group matters to the player, where not all fits into the budget of ``Rules/snapshotBudget``.
    package struct Wish: Sendable, Equatable {
        /// From 1 up: what waits goes by its priority times its age.
        package fileprivate(set) var priority: UInt16 = 1
        /// In milliseconds; the largest number for the budget's own.
        private var age = UInt16.max

        /// How old what the client has of the group may get; nil for the budget's own.
        package fileprivate(set) var maxAge: Interval? {
            get { age == .max ? nil : .milliseconds(Int(age)) }
            set { age = newValue.map { UInt16(clamping: min(60_000, $0.nanoseconds / 1_000_000)) } ?? .max }
        }
    }

    private static let usualCount = 16

    /// Ascending; ``Group/all`` first.
    package private(set) var numbers: [UInt16] = [Group.all.number]
    /// Of each of them.
    private var wishes = [Wish()]

    /// The view of somebody who sees what everybody sees.
    package init() {}

    /// Adds a group. One that is there already gets the higher priority and the lower age of both.
    ///
    /// Priority and age matter only where the game has a budget (``Rules/snapshotBudget``), and the player's is used up. ``Group/all``
    /// can be added to say how much it matters.
    ///
    /// - Parameters:
    ///   - priority: 1 to 1,000: of two groups that wait, the one goes first whose age times its priority is higher.
    ///   - maxAge: How old what the client has of the group may get at most, in whole milliseconds up to a minute; nil for
    ///     ``SnapshotBudget/maxAge``.
    /// - Precondition: The priority is in its range, and the age not negative.
    public mutating func add(_ group: Group, priority: Int = 1, maxAge: Interval? = nil) {
        precondition((1...1_000).contains(priority), "a group's priority is 1 to 1,000")
        precondition(maxAge ?? .zero >= .zero, "a group's age is not negative")
        // Most come in order.
        var place = numbers.count
        while place > 0, numbers[place - 1] > group.number { place -= 1 }
        if numbers[place - 1] == group.number {
            wishes[place - 1].priority = max(wishes[place - 1].priority, UInt16(priority))
            if let maxAge { wishes[place - 1].maxAge = min(wishes[place - 1].maxAge ?? maxAge, maxAge) }
            return
        }
        var wish = Wish()
        (wish.priority, wish.maxAge) = (UInt16(priority), maxAge)
        numbers.insert(group.number, at: place)
        wishes.insert(wish, at: place)
    }

    /// Adds all cells of a grid that are within `radius` of a place, or may be: those that the square around it touches. To have
    /// near ones go first, add a small circle with a high priority beside the large one.
    public mutating func add(
        _ grid: GroupGrid, x: Double, y: Double, radius: Double, priority: Int = 1, maxAge: Interval? = nil
    ) {
        let columns = grid.column(x - radius)...max(grid.column(x - radius), grid.column(x + radius))
        for row in grid.row(y - radius)...max(grid.row(y - radius), grid.row(y + radius)) {
            for column in columns { add(grid.cell(column: column, row: row), priority: priority, maxAge: maxAge) }
        }
    }

    /// How much a group matters; one that is not seen matters as any.
    package func wish(for group: UInt16) -> Wish {
        numbers.firstIndex(of: group).map { wishes[$0] } ?? Wish()
    }

    /// Becomes that of somebody who sees what everybody sees, in the memory that it has.
    package mutating func removeAll() {
        if numbers.capacity < Self.usualCount {
            // Else it would grow step by step, each of a lobby's views by itself.
            numbers.reserveCapacity(Self.usualCount)
            wishes.reserveCapacity(Self.usualCount)
        }
        numbers.removeAll(keepingCapacity: true)
        numbers.append(Group.all.number)
        wishes.removeAll(keepingCapacity: true)
        wishes.append(Wish())
    }
}

/// A world cut into square cells, each a group: who is near a cell sees what is in it.
///
/// Cells of half the distance that players see are a good size: each should hold some entities. Add to a view a little
/// more than the screen shows, so that nothing appears in the middle of it.
public struct GroupGrid: Sendable {
    private let x: Double
    private let y: Double
    private let cell: Double
    private let columns: Int
    private let rows: Int
    private let first: Int

    /// A grid over a rectangle. What is outside of it counts as in the nearest cell.
    ///
    /// - Parameters:
    ///   - cell: How wide and high a cell is, above 0.
    ///   - first: The number of the first cell's group among the author's own; the others follow.
    /// - Precondition: There are groups for all cells (``Group/ownCount``).
    public init(x: ClosedRange<Double>, y: ClosedRange<Double>, cell: Double, first: Int = 0) {
        precondition(cell > 0 && first >= 0, "a grid's cells are wider than 0, and its first group is not negative")
        let (width, height) = (x.upperBound - x.lowerBound, y.upperBound - y.lowerBound)
        precondition(width / cell < 65_536 && height / cell < 65_536, "a grid has more cells than there are groups")
        columns = max(1, Int((width / cell).rounded(.up)))
        rows = max(1, Int((height / cell).rounded(.up)))
        precondition(first + columns * rows <= Group.ownCount, "a grid has more cells than there are groups")
        (self.x, self.y, self.cell, self.first) = (x.lowerBound, y.lowerBound, cell, first)
    }

    /// The cell in which a place is.
    public func group(x: Double, y: Double) -> Group { cell(column: column(x), row: row(y)) }

    func column(_ x: Double) -> Int { Self.index((x - self.x) / cell, of: columns) }
    func row(_ y: Double) -> Int { Self.index((y - self.y) / cell, of: rows) }
    func cell(column: Int, row: Int) -> Group { .own(first + row * columns + column) }

    private static func index(_ place: Double, of count: Int) -> Int {
        guard place >= 1 else { return 0 }
        return place < Double(count) ? Int(place) : count - 1
    }
}
