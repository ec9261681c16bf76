"""The table of attacks: each is one function that states its rule and what it runs against."""

import dataclasses
import typing


@dataclasses.dataclass
class Row:
    """A row of the yardstick: its id, the rule, the kind of server, and the attack, or which test covers it instead."""

    id: str
    rule: str
    on: str = "plain"
    attack: typing.Callable | None = None
    covered: str = ""
    also: str = ""
    quick: bool = True


ROWS = {}


def attack(id, rule, on="plain", also="", quick=True):
    """Enters the function below as a row's attack. `also` names the Swift test of what a socket cannot show."""

    def enter(function):
        ROWS[id] = Row(id, rule, on, function, also=also, quick=quick)
        return function

    return enter


def elsewhere(id, rule, test):
    """Enters a row that cannot be done from a socket, with the test that covers it."""
    ROWS[id] = Row(id, rule, covered=test)


class Arena:
    """What an attack is given: the target, and a place to say what did not come as it should."""

    def __init__(self, target):
        self.target, self.failures, self.cases, self.notes = target, [], 0, []
        self.connect, self.meter = target.connect, target.meter

    def expect(self, case, found, *wanted):
        """Counts a case, which must come to one of `wanted`."""
        self.cases += 1
        if found not in wanted:
            self.failures.append(f"{case}: {found!r}, not {' or '.join(repr(one) for one in wanted)}")

    def check(self, case, holds, found=""):
        """Counts a case, which must hold."""
        self.cases += 1
        if not holds:
            self.failures.append(f"{case}: {found}" if found != "" else case)

    def end_lobby(self, name):
        """Closes a lobby as an admin: its players have sent something, and so have the right to their grace time."""
        self.target.admin.tell("close-lobby", lobby=name)

    def note(self, text):
        """A figure for the table."""
        self.notes.append(text)

    def refused(self, cases, path="/health", **how):
        """Each case is (name, request bytes, statuses); after the answer the connection must end."""
        for name, data, *statuses in cases:
            with self.connect() as peer:
                peer.send(data)
                status, fields, _ = peer.response()
                self.expect(name, status or fields["end"], *statuses)

    def closes(self, cases, path="/lobby/abuse", *fields):
        """Each case is (name, frames, codes): how a fresh WebSocket is closed for those frames."""
        for name, data, *codes in cases:
            with self.connect() as peer:
                peer.upgrade(path, *fields).send(data)
                self.expect(name, peer.closed(), *codes)
