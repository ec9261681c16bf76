import Determinism
import HeapModule

/// A lobby in the order in which lobbies are due; equal instants in the order of opening.
struct ScheduledLobby: Comparable {
    var due: Instant
    var order: UInt64
    var lobby: HostedLobby

    static func == (left: ScheduledLobby, right: ScheduledLobby) -> Bool {
        left.due == right.due && left.order == right.order
    }

    static func < (left: ScheduledLobby, right: ScheduledLobby) -> Bool {
        (left.due, left.order) < (right.due, right.order)
    }

    /// Waits for the lobby's next step, unless it has closed.
    func goesOn(in schedule: inout Heap<ScheduledLobby>) {
        guard !lobby.isClosed else { return }
        schedule.insert(ScheduledLobby(due: lobby.nextDue, order: order, lobby: lobby))
    }
}
