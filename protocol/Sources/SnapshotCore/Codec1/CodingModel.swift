/// Frequency tables with the same symbols, one behind the other in the flat array of all tables
/// (protocol/spec/snapshot.md §9.3).
struct TableFamily: Sendable, Equatable {
    let purpose: TablePurpose
    /// Where the first table's cumulative frequencies begin.
    let base: Int
    /// How many tables.
    let count: Int
    /// How many symbols each of them has.
    let symbols: Int

    /// Where one of the tables begins.
    @inline(__always)
    func table(_ index: Int) -> Int { base &+ index &* (symbols &+ 1) }

    /// Where the next family begins.
    var end: Int { base + count * (symbols + 1) }
}

/// How values are related to the ones they are predicted from (protocol/spec/snapshot.md §9.5).
enum CodingMode: Int, CaseIterable {
    /// A new entity, predicted from the entity before it.
    case whole
    /// A change over as many ticks as the step before it.
    case steady
    /// Any other change.
    case jump
}

/// Where an angle's values begin anew (protocol/spec/snapshot.md §9.5); other values never do.
struct Circle: Sendable, Equatable {
    /// Which it is, a branch asks: the same for all entities, it can be foretold.
    private let mask: Int
    private let half: Int
    private static let none = -1

    /// No circle: everything stays as it is.
    init() { (mask, half) = (Self.none, .max) }

    /// Of the values from 0 to `maximum`, which is one less than a power of two.
    init(_ maximum: Int) { (mask, half) = (maximum, maximum >> 1 + 1) }

    /// A difference on a circle is the shorter way.
    @inline(__always)
    func way(_ difference: Int) -> Int {
        guard mask != Self.none else { return difference }
        let rest = difference & mask
        return rest > half ? rest &- mask &- 1 : rest
    }

    @inline(__always)
    func place(_ value: Int) -> Int { mask == Self.none ? value : value & mask }
}

/// What codec 1 knows of one field in one mode.
struct ColumnPlan: Sendable, Equatable {
    let maximum: Int
    let isLinear: Bool
    let circle: Circle
    /// The bits of each component of a quaternion; 0 for anything else.
    let quaternionBits: Int
    /// Whether it moves with something; not among new entities.
    let hasParent: Bool
    /// A number's tables; three times as many for a quaternion, one component after the other.
    let numbers: TableFamily
    /// Which component of a quaternion is left out.
    let largest: TableFamily
}

/// How the parent of a field is found, and its own field of that name.
struct ParentLink: Sendable, Equatable {
    /// The field of the same row that refers to the parent.
    let reference: Int
    /// The parent's type, which stands before the field's own, and how many fields that has.
    let type: Int
    let width: Int
    /// The parent's field.
    let column: Int
}

/// Where the tables of one entity type in one mode are.
struct ModePlan: Sendable, Equatable {
    /// One for each field.
    let columns: [ColumnPlan]
    /// For each field, where what it moves with is found; empty where no field has a parent.
    let parents: [ParentLink?]
    /// Whether anything has changed, and whether entities came or went.
    let touched: TableFamily
    /// Whether an entity that was moving has changed.
    let flags: TableFamily
    /// How many entities at rest come before one that has changed.
    let gap: TableFamily
}

/// What codec 1 knows of one entity type.
struct TypeModel: Sendable, Equatable {
    let isSingle: Bool
    /// By mode.
    let plans: [ModePlan]
    /// How many ids, and the gaps between them.
    let ids: TableFamily
}

/// What codec 1 knows of a schema: everything but the frequencies.
struct CodingModel: Sendable, Equatable {
    /// The classes of a step's size, and of what the fields before it were off by.
    static let stepClasses = 9
    static let errorClasses = 10
    /// The classes of by how much the largest component of a rotation is the largest.
    static let marginClasses = 8
    /// The largest number of entities there can be.
    static let entitiesMax = 65_535

    let types: [TypeModel]
    /// All tables, in order.
    let families: [TableFamily]
    /// How many places all tables take.
    var size: Int { families.last?.end ?? 0 }

    init(_ schema: Schema) {
        var families: [TableFamily] = []
        func family(_ purpose: TablePurpose, _ count: Int, _ symbols: Int) -> TableFamily {
            let family = TableFamily(
                purpose: purpose, base: families.last?.end ?? 0, count: count, symbols: symbols)
            families.append(family)
            return family
        }
        types = schema.types.map { type in
            let plans = CodingMode.allCases.map { mode in
                let parents = type.fields.map { mode == .whole ? nil : Self.parent(of: $0, in: type, schema) }
                return ModePlan(
                    columns: zip(type.fields, parents).map { Self.column($0, hasParent: $1 != nil, family) },
                    parents: parents.contains { $0 != nil } ? parents : [],
                    touched: family(.touched, mode == .whole ? 0 : 2, 2),
                    flags: family(.flags, mode == .whole ? 0 : Self.errorClasses, 2),
                    gap: family(
                        .count, mode == .whole ? 0 : 1, SignedNumber.symbolCount(upTo: Self.entitiesMax + 1)))
            }
            return TypeModel(
                isSingle: type.multiplicity == .single, plans: plans,
                ids: family(.count, 2, SignedNumber.symbolCount(upTo: Self.entitiesMax)))
        }
        self.families = families
    }

    private static let classes = stepClasses * errorClasses

    private static func parent(
        of field: Schema.Field, in type: Schema.EntityType, _ schema: Schema
    ) -> ParentLink? {
        guard let reference = type.fields.firstIndex(where: { $0.name == field.predictor.parent }),
            case .entity(let table) = type.fields[reference].kind,
            let owner = schema.types.firstIndex(where: { $0.name == table }),
            let column = schema.types[owner].fields.firstIndex(where: { $0.name == field.name })
        else { return nil }
        return ParentLink(
            reference: reference, type: owner, width: schema.types[owner].fields.count, column: column)
    }

    private static func column(
        _ field: Schema.Field, hasParent: Bool, _ family: (TablePurpose, Int, Int) -> TableFamily
    ) -> ColumnPlan {
        let quantiser = Quantiser(field.kind)
        let maximum = Int(quantiser.maximum)
        if case .quaternion(let bits) = field.kind {
            return ColumnPlan(
                maximum: 1 << bits - 1, isLinear: field.predictor == .linear, circle: Circle(), quaternionBits: bits,
                hasParent: false,
                numbers: family(.numbers, 3 * classes, SignedNumber.symbolCount(upTo: 1 << bits - 1)),
                largest: family(.largest, Self.marginClasses, 4))
        }
        return ColumnPlan(
            maximum: maximum, isLinear: field.predictor == .linear,
            circle: quantiser.wraps ? Circle(maximum) : Circle(), quaternionBits: 0,
            hasParent: hasParent,
            numbers: family(
                .numbers, classes, SignedNumber.symbolCount(upTo: quantiser.wraps ? (maximum + 1) / 2 : maximum)),
            largest: family(.largest, 0, 4))
    }

    /// The class of a size: the bits it takes, up to a limit.
    @inline(__always)
    static func sizeClass(_ size: Int, of classes: Int) -> Int {
        min(Int.bitWidth &- 1 &- (size &<< 1 | 1).leadingZeroBitCount, classes &- 1)
    }
}
