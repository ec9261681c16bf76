import ByteKit
internal import JSONCore

/// Extensions: what MessagePack itself has no type for.
extension MessagePackReader {
    /// Reads on behind the prefix of an extension; nil for JavaScript's undefined.
    mutating func extended(
        _ prefix: UInt8, _ bytes: Span<UInt8>, _ start: Int
    ) throws(MessagePackError) -> JSONValue? {
        let isFixed = prefix >= 0xD4
        let length = isFixed ? 1 << Int(prefix - 0xD4) : try count(ofBytes: 1 << Int(prefix - 0xC7), bytes)
        let type = Int8(truncatingIfNeeded: try bigEndian(1, bytes))
        guard length <= bytes.count - offset else { throw MessagePackError(.endOfBytes, at: bytes.count) }
        switch (type, length) {
        // notepack.io 2, which tells these apart by their prefix: bytes have a length even where it is 1 or 8.
        case (0, _) where !isFixed: return .binary(try take(length, bytes))
        case (0, 1):
            offset += 1
            return nil
        case (0, 8): return Self.date(milliseconds: Int64(bitPattern: try bigEndian(8, bytes)))
        // MessagePack's specification, “Timestamp extension type”.
        case (-1, 4): return Self.date(seconds: Int64(try bigEndian(4, bytes)), nanoseconds: 0)
        case (-1, 8):
            let packed = try bigEndian(8, bytes)
            return Self.date(seconds: Int64(packed & (1 << 34 - 1)), nanoseconds: packed >> 34)
        case (-1, 12):
            let nanoseconds = try bigEndian(4, bytes)
            return Self.date(seconds: Int64(bitPattern: try bigEndian(8, bytes)), nanoseconds: nanoseconds)
        default: throw MessagePackError(.unknownExtension, at: start)
        }
    }

    private static func date(seconds: Int64, nanoseconds: UInt64) -> JSONValue {
        let limit = datesMax / 1000
        guard nanoseconds < 1_000_000_000, (-limit - 1...limit).contains(seconds) else { return .null }
        return date(milliseconds: seconds * 1000 + Int64(nanoseconds / 1_000_000))
    }

    /// How far from 1970 JavaScript's dates reach, in milliseconds (ECMA-262 §21.4.1.1).
    private static var datesMax: Int64 { 8_640_000_000_000_000 }

    /// What `JSON.stringify` makes of a date: `null` where they do not reach.
    private static func date(milliseconds: Int64) -> JSONValue {
        (-datesMax...datesMax).contains(milliseconds) ? .string(isoText(milliseconds: milliseconds)) : .null
    }

    /// `2000-06-13T00:00:00.000Z`; years beyond four digits have a sign and six.
    private static func isoText(milliseconds: Int64) -> String {
        let day: Int64 = 86_400_000
        let time = (milliseconds % day + day) % day
        let date = civilDate(daysSince1970: (milliseconds - time) / day)
        let year =
            (0...9999).contains(date.year)
            ? digits(date.year, 4) : (date.year < 0 ? "-" : "+") + digits(abs(date.year), 6)
        let clock = [time / 3_600_000, time / 60_000 % 60, time / 1000 % 60].map { digits($0, 2) }
        return year + "-" + digits(date.month, 2) + "-" + digits(date.day, 2) + "T" + clock.joined(separator: ":")
            + "." + digits(time % 1000, 3) + "Z"
    }

    private static func digits(_ value: Int64, _ count: Int) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
    }

    /// The date in the Gregorian calendar. Years are counted from March, so that a leap day ends its year, and in eras of 400
    /// years, all of 146,097 days.
    private static func civilDate(daysSince1970: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let days = daysSince1970 + 719_468
        let era = (days >= 0 ? days : days - 146_096) / 146_097
        let dayOfEra = days - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
    }
}
