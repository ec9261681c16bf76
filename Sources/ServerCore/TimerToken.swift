/// What a timer of the wheel is for, packed into its 64-bit token.
enum TimerToken {
    case connection(Int)
    case admin
    case delayedAnswer(Int)
    case polling(Int)
    case arrival(Int)
    case socketHub(Int, Int)
    case queue
    case queuePlace(Int)
    case audience(Int)
    case list
    case adminReview

    var encoded: UInt64 {
        switch self {
        case .connection(let slot): UInt64(slot)
        case .admin: 1 << 56
        case .delayedAnswer(let id): 2 << 56 | UInt64(id)
        case .polling(let slot): 3 << 56 | UInt64(slot)
        case .arrival(let number): 4 << 56 | UInt64(number)
        case .queue: 6 << 56
        case .queuePlace(let number): 7 << 56 | UInt64(number)
        case .audience(let number): 8 << 56 | UInt64(number)
        case .list: 9 << 56
        case .adminReview: 10 << 56
        case .socketHub(let number, let id): 5 << 56 | UInt64(number) << 40 | UInt64(id)
        }
    }

    init(encoded: UInt64) {
        let payload = Int(encoded & 0x00FF_FFFF_FFFF_FFFF)
        switch encoded >> 56 {
        case 0: self = .connection(payload)
        case 1: self = .admin
        case 2: self = .delayedAnswer(payload)
        case 3: self = .polling(payload)
        case 4: self = .arrival(payload)
        case 6: self = .queue
        case 7: self = .queuePlace(payload)
        case 8: self = .audience(payload)
        case 9: self = .list
        case 10: self = .adminReview
        default: self = .socketHub(payload >> 40, payload & (1 << 40 - 1))
        }
    }
}
