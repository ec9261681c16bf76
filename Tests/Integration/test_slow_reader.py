"""A player who reads 2 kB a second, on real sockets with buffers that take far more: how old what it sees is, by its acks and without
them (docs/decisions/0003-latest-wins-snapshots.md)."""

import json
import threading
import time

from raw_websocket import BINARY as BINARY_FRAME
from raw_websocket import TEXT, RawWebSocket, frame

RATE = 2_000
PLAY_SECONDS = 12


def varint(data, offset):
    number = shift = 0
    while True:
        number |= (data[offset] & 127) << shift
        offset, shift = offset + 1, shift + 7
        if data[offset - 1] < 128:
            return number


def encoded(number):
    data = bytearray()
    while number > 127:
        data.append(number & 127 | 128)
        number >>= 7
    return bytes([*data, number])


class Player:
    """Reads so many bytes a second, notes each snapshot's tick and when it came, and acknowledges it or not."""

    def __init__(self, port, lobby, rate=None, acks=True):
        self.socket = RawWebSocket(port, f"/lobby/{lobby}")
        self.rate, self.acks, self.came = rate, acks, []
        self.socket.send(frame(TEXT, json.dumps({"event": "join", "data": {"game": "arena"}}).encode()))
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.over = threading.Event()
        self.thread.start()

    def _read(self):
        inbox, started, taken = bytearray(), time.monotonic(), 0
        while not self.over.is_set():
            if self.rate:
                # The answer to the join is read at once.
                ahead = taken / self.rate - (time.monotonic() - started)
                if ahead > 0 and self.over.wait(ahead):
                    return
            try:
                data = self.socket.socket.recv(32 if self.rate and self.came else 65_536)
            except OSError:
                return
            if not data:
                return
            inbox += data
            taken = taken + len(data) if self.came else 0
            started = started if self.came else time.monotonic()
            self._take_frames(inbox)

    def _take_frames(self, inbox):
        while len(inbox) > 4:
            head = 2 if inbox[1] < 126 else 4
            size = inbox[1] if head == 2 else int.from_bytes(inbox[2:4])
            if len(inbox) < head + size:
                return
            if inbox[0] & 15 == BINARY_FRAME:
                tick = varint(inbox, head + 1)
                self.came.append((time.monotonic(), tick))
                if self.acks:
                    self.socket.send(frame(BINARY_FRAME, b"\x09" + encoded(tick)))
            del inbox[: head + size]

    def end(self):
        self.over.set()
        self.socket.socket.close()


def test_who_reads_slowly_and_acknowledges_sees_what_is_new_and_who_does_not_sees_what_was(start_server):
    server = start_server("--bots", "12")
    players = {
        "quick": Player(server.port, "arena-0"), "slow": Player(server.port, "arena-0", RATE),
        "silent": Player(server.port, "arena-0", RATE, acks=False),
    }
    players["quick"].thread.join(PLAY_SECONDS)
    for player in players.values():
        player.end()
    quick = players["quick"].came
    lags = {}
    for name in ("slow", "silent"):
        late = []
        for at, tick in players[name].came:
            # What the quick one had by then; of the last seconds.
            newest = max((other for when, other in quick if when <= at), default=None)
            if newest is not None and at > quick[0][0] + PLAY_SECONDS / 2:
                late.append(newest - tick)
        lags[name] = sorted(late)
    print({name: (len(late), late[len(late) // 2], late[-1]) for name, late in lags.items()})
    assert lags["slow"][len(lags["slow"]) // 2] * 3 < lags["silent"][len(lags["silent"]) // 2], lags
