/// Dates as JavaScript writes them.
extension JSONValue {
    /// How far from 1970 JavaScript's dates reach, in milliseconds (ECMA-262 §21.4.1.1).
    package static var datesMax: Int64 { 8_640_000_000_000_000 }

    /// What `JSON.stringify` makes of a date in milliseconds since 1970: `"2000-06-13T00:00:00.000Z"`, and `null` where dates do
    /// not reach.
    package static func date(milliseconds: Int64) -> JSONValue {
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
