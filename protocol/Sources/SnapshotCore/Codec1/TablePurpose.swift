/// What the symbols of a table mean, and so what is expected of a game that nobody has seen: the generic tables, which both
/// ends make for themselves (protocol/spec/snapshot.md §9.8).
enum TablePurpose: Sendable, Equatable {
    /// By how much a value is off, by the class of its step and of the errors before it.
    case numbers
    /// Which component of a rotation is left out.
    case largest
    /// Whether anything has changed, and whether entities came or went.
    case touched
    /// Whether an entity that was moving has changed.
    case flags
    /// Counts and gaps: never negative.
    case count

    /// How much each symbol of one of a family's tables is expected.
    func weights(_ index: Int, of family: TableFamily) -> [Double] {
        switch self {
        case .numbers: Self.errors(index % (CodingModel.stepClasses * CodingModel.errorClasses), family.symbols)
        case .largest: index > 3 ? [60, 1, 1, 1] : [6, 1, 1, 1]
        case .touched: index == 0 ? [1, 9] : [9, 1]
        case .flags: [1, Double(2 + 2 * index)]
        case .count: (0..<family.symbols).map(Self.count)
        }
    }

    /// How many numbers share a symbol.
    private static func sharing(_ symbol: Int) -> Double { Double(1 << SignedNumber.width(of: symbol)) }

    private static func count(_ symbol: Int) -> Double {
        let first = SignedNumber.first(of: symbol)
        return first < 0 ? 0 : sharing(symbol) / Double(2 + first)
    }

    /// Errors are spread as wide as those before them, or as a part of the step.
    private static func errors(_ place: Int, _ symbols: Int) -> [Double] {
        let (step, error) = (place / CodingModel.errorClasses, place % CodingModel.errorClasses)
        let scale = 0.3 + Double(1 << max(error, step - 2)) / 8
        return (0..<symbols).map { symbol in
            let first = Double(SignedNumber.first(of: symbol).magnitude)
            let width = sharing(symbol)
            let distance = (first + (width - 1) / 2) / scale
            return width / (1 + distance * distance * distance)
        }
    }
}
