import Determinism
import GameKit
import Histogram
import JSONCore
import LobbyCore

/// What admins and `muster monitor` are shown: totals, rates, tick lateness, lobbies and their seats.
struct Overview {
    /// The most lobbies listed with their seats; the totals count all.
    private static let lobbiesListedMax = 500

    private unowned let server: Server
    private var lastInstant: Instant
    private var lastIn: UInt64 = 0
    private var lastOut: UInt64 = 0
    private var lastSteps: UInt64 = 0
    private var rates: JSONValue = .null

    init(server: Server) {
        self.server = server
        lastInstant = server.clock()
    }

    /// The state of things now. Rates are taken over the time since they were last computed, at least half a second.
    mutating func current() -> JSONValue {
        updateRates()
        var counts = JSONObject()
        for counter in Counter.allCases {
            counts["\(counter)"] = .integer(Int64(clamping: server.counters[counter]))
        }
        let seats = server.lobbies.reduce(into: (taken: 0, connected: 0, total: 0)) { sum, hosted in
            sum.taken += hosted.lobby.seats.takenCount
            sum.connected += hosted.lobby.seats.connectedCount
            sum.total += hosted.lobby.seats.rows.count
        }
        return [
            "uptimeSeconds": .number((server.clock() - server.startedAt).seconds),
            "draining": .bool(server.drainDeadline != nil),
            "connections": .integer(Int64(server.connectionCount)),
            "lobbyCount": .integer(Int64(server.lobbies.count)),
            "seats": [
                "taken": .integer(Int64(seats.taken)), "connected": .integer(Int64(seats.connected)),
                "total": .integer(Int64(seats.total)),
            ],
            "perSecond": rates,
            "tickLatenessMilliseconds": server.lateness.summary,
            "counters": .object(counts),
            "lobbies": .array(server.lobbies.prefix(Self.lobbiesListedMax).map { $0.row(withSeats: true) }),
        ]
    }

    private mutating func updateRates() {
        let now = server.clock()
        let seconds = (now - lastInstant).seconds
        guard seconds >= 0.5 || rates == .null else { return }
        let bytesIn = server.counters[.bytesIn]
        let bytesOut = server.counters[.bytesOut]
        let steps = server.counters[.steps]
        let scale = seconds > 0 ? 1 / seconds : 0
        rates = [
            "bytesIn": .integer(Int64(Double(bytesIn - lastIn) * scale)),
            "bytesOut": .integer(Int64(Double(bytesOut - lastOut) * scale)),
            "steps": .integer(Int64(Double(steps - lastSteps) * scale)),
        ]
        (lastInstant, lastIn, lastOut, lastSteps) = (now, bytesIn, bytesOut, steps)
    }
}

extension Server {
    /// The open lobbies, for anyone: id, game, players, seats.
    func lobbyList() -> JSONValue {
        .array(lobbies.prefix(50).map { $0.row(withSeats: false) })
    }
}

extension HostedLobby {
    /// One lobby as a row of a list.
    func row(withSeats: Bool) -> JSONValue {
        let seats = lobby.seats
        var row: JSONObject = [
            "id": .string(id), "game": .string(lobby.game.name), "players": .integer(Int64(seats.takenCount)),
            "seats": .integer(Int64(seats.rows.count)),
        ]
        guard withSeats else { return .object(row) }
        row["connected"] = .integer(Int64(seats.connectedCount))
        row["tick"] = .integer(Int64(lobby.tick))
        row["tickRate"] = .integer(Int64(lobby.rules.tickRate))
        row["stepsDropped"] = .integer(Int64(clamping: lobby.clock.dropped))
        row["players"] = .array(
            seats.rows.enumerated().compactMap { number, seat in
                guard seat.state != .free else { return nil }
                return [
                    "seat": .integer(Int64(number)), "name": .string(seat.name),
                    "connected": .bool(seat.state == .connected), "resumes": .integer(Int64(seat.resumes)),
                    "address": .string(members[number]?.transport.peerAddress ?? ""),
                ]
            })
        return .object(row)
    }
}

/// How late steps ran: a histogram from 1 µs to one minute, three digits exact.
package struct LatenessRecord {
    private var histogram = Histogram<UInt64>(
        lowestDiscernibleValue: 1, highestTrackableValue: 60_000_000, numberOfSignificantValueDigits: .three)

    package init() {}

    /// Longer than a minute counts as a minute.
    mutating func record(_ late: Interval) {
        histogram.record(min(UInt64(clamping: late.nanoseconds) / 1_000, 60_000_000))
    }

    /// The lateness, in milliseconds, that `percent` of all steps stayed at or below.
    package func milliseconds(atPercentile percent: Double) -> Double {
        Double(histogram.valueAtPercentile(percent)) / 1_000
    }

    /// How many steps were recorded.
    package var count: UInt64 { histogram.totalCount }

    var summary: JSONValue {
        [
            "count": .integer(Int64(clamping: count)),
            "p50": .number(milliseconds(atPercentile: 50)), "p99": .number(milliseconds(atPercentile: 99)),
            "p999": .number(milliseconds(atPercentile: 99.9)), "max": .number(milliseconds(atPercentile: 100)),
        ]
    }
}
