"""What Autobahn's fuzzing client asks of a server that echoes, as a table of ours: its case numbers and parameters
(groups 1 to 7, 9, 10, 12 and 13), sent by `raw_websocket`.

Stricter than the original in three things: what came before a violation must be echoed, echoed contents are compared
whole, and a close must be the only answer to what breaks the protocol.

    python3 websocket_cases.py PORT     # any server that echoes at /ws; prints a line for each group
"""

import functools
import json
import random
import sys
import time
import zlib
from typing import NamedTuple

from raw_websocket import BINARY, CLOSE, PING, PONG, TEXT, RawWebSocket, close_payload, frame, message

QUIET_SECONDS = 0.05
NORMAL = ("close", 1000, b"")
GREETING = b"Hello, world!"
NOT_TEXT = bytes.fromhex("00fffefdfcfb00ff")
KOSME = bytes.fromhex("cebae1bdb9cf83cebcceb5")
EDITED = b"edited"


class Case(NamedTuple):
    """`steps` are bytes to send, an event to wait for, or None: nothing may come for a moment.

    `events` must come after them; `close` is the server's close, or None when the client is to begin it.
    """

    name: str
    steps: list
    events: list
    close: int | None = None
    chop: int = 0


def run(case, port):
    """Why the case fails, or None."""
    with RawWebSocket(port) as client:
        for step in case.steps:
            if isinstance(step, bytes):
                client.send(step, case.chop)
            elif step is None:
                if not client.is_silent(QUIET_SECONDS):
                    return f"{client.next_event()} instead of silence"
            elif (event := client.next_event()) != step:
                return f"{short(event)} instead of {short(step)}"
        if case.close is None:
            for expected in case.events:
                if (event := client.next_event()) != expected:
                    return f"{short(event)} instead of {short(expected)}"
            client.send(frame(CLOSE, close_payload(1000)))
            events, close = client.events_to_end()
            return None if not events and close == NORMAL else f"{short(events)} and {close} at the end"
        events, close = client.events_to_end()
        if events != case.events:
            return f"{short(events)} instead of {short(case.events)}"
        code = close and (close[1] or 0)
        return None if code == case.close else f"closed with {close} instead of {case.close}"


def short(value):
    text = repr(value)
    return text if len(text) < 120 else text[:120] + "…"


def filled(pattern, size):
    return (pattern * (size // len(pattern) + 1))[:size]


def framing():
    sizes = [(0, 0), (125, 0), (126, 0), (127, 0), (128, 0), (65535, 0), (65536, 0), (65536, 997)]
    for group, (opcode, kind, byte) in enumerate([(TEXT, "text", b"*"), (BINARY, "binary", b"\xfe")], 1):
        for number, (size, chop) in enumerate(sizes, 1):
            yield Case(f"1.{group}.{number}", [frame(opcode, byte * size)], [(kind, byte * size)], chop=chop)


def pings():
    def pinged(name, payload, chop=0):
        return Case(name, [frame(PING, payload)], [("pong", payload)], chop=chop)

    ten = [b"payload-%d" % number for number in range(10)]
    all_ten = b"".join(frame(PING, payload) for payload in ten), [("pong", payload) for payload in ten]
    unsolicited = frame(PONG, b"unsolicited pong payload")
    yield pinged("2.1", b"")
    yield pinged("2.2", GREETING)
    yield pinged("2.3", NOT_TEXT)
    yield pinged("2.4", b"\xfe" * 125)
    yield Case("2.5", [frame(PING, b"\xfe" * 126)], [], 1002)
    yield pinged("2.6", b"\xfe" * 125, chop=1)
    yield Case("2.7", [frame(PONG), None], [])
    yield Case("2.8", [unsolicited, None], [])
    yield Case("2.9", [unsolicited + frame(PING, b"ping payload")], [("pong", b"ping payload")])
    yield Case("2.10", [all_ten[0]], all_ten[1])
    yield Case("2.11", [all_ten[0]], all_ten[1], chop=1)


def after_greeting(name, wrong, chop=0, apart=False):
    """A message, something that breaks the protocol, and a ping: the message comes back, the ping does not."""
    frames = [frame(TEXT, GREETING), wrong, frame(PING)]
    return Case(name, frames if apart else [b"".join(frames)], [("text", GREETING)], 1002, chop)


def reserved_bits():
    yield Case("3.1", [frame(TEXT, GREETING, rsv=1)], [], 1002)
    yield after_greeting("3.2", frame(TEXT, GREETING, rsv=2))
    yield after_greeting("3.3", frame(TEXT, GREETING, rsv=3), apart=True)
    yield after_greeting("3.4", frame(TEXT, GREETING, rsv=4), chop=1)
    yield Case("3.5", [frame(BINARY, NOT_TEXT, rsv=5)], [], 1002)
    yield Case("3.6", [frame(PING, GREETING, rsv=6)], [], 1002)
    yield Case("3.7", [frame(CLOSE, rsv=7)], [], 1002)


def opcodes():
    for group, first in [(1, 3), (2, 11)]:
        yield Case(f"4.{group}.1", [frame(first)], [], 1002)
        yield Case(f"4.{group}.2", [frame(first + 1, b"reserved opcode payload")], [], 1002)
        yield after_greeting(f"4.{group}.3", frame(first + 2))
        yield after_greeting(f"4.{group}.4", frame(first + 3, GREETING))
        yield after_greeting(f"4.{group}.5", frame(first + 4, GREETING), chop=1)


def three_ways(first, frames, events, close=None):
    """The same frames in one write, in one write each, and byte by byte."""
    yield Case(f"5.{first}", [b"".join(frames)], events, close)
    yield Case(f"5.{first + 1}", list(frames), events, close)
    yield Case(f"5.{first + 2}", [b"".join(frames)], events, close, chop=1)


def fragmentation():
    one, two, three, four = (b"fragment%d" % number for number in range(1, 5))
    pair = [frame(TEXT, one, fin=False), frame(0, two)]
    yield Case("5.1", [frame(PING, one, fin=False) + frame(0, two)], [], 1002)
    yield Case("5.2", [frame(PONG, one, fin=False) + frame(0, two)], [], 1002)
    yield from three_ways(3, pair, [("text", one + two)])
    ping = frame(PING, b"ping payload")
    yield from three_ways(6, [pair[0], ping, pair[1]], [("pong", b"ping payload"), ("text", one + two)])
    for first, fin in [(9, True), (12, False)]:
        wrong = [frame(0, b"non-continuation payload", fin=fin), frame(TEXT, GREETING)]
        yield from three_ways(first, wrong, [], 1002)
    yield Case(
        "5.15", [b"".join(pair) + frame(0, three, fin=False) + frame(TEXT, four)], [("text", one + two)], 1002)
    for name, fin in [("5.16", False), ("5.17", True)]:
        yield Case(name, [2 * (frame(0, one, fin=fin) + frame(TEXT, two, fin=False) + frame(0, three))], [], 1002)
    yield Case("5.18", [frame(TEXT, one, fin=False) + frame(TEXT, two)], [], 1002)
    before = [frame(TEXT, one, fin=False), frame(0, two, fin=False), frame(PING, b"pongme 1!")]
    after = [frame(0, three, fin=False), frame(0, four, fin=False), frame(PING, b"pongme 2!"), frame(0, b"fragment5")]
    rest = [("pong", b"pongme 2!"), ("text", one + two + three + four + b"fragment5")]
    yield Case("5.19", [b"".join(before), ("pong", b"pongme 1!"), None, b"".join(after)], rest)
    yield Case("5.20", [*before, ("pong", b"pongme 1!"), None, *after], rest)


def sequences():
    """Groups 6.5 to 6.23, from Markus Kuhn's UTF-8 decoder stress test; Python's decoder says which are valid."""
    incomplete = "c0 e080 f08080 f8808080 fc80808080 df efbf f7bfbf fbbfbfbf fdbfbfbfbf"
    lonely = [(0xC0, 0xDF), (0xE0, 0xEF), (0xF0, 0xF7), (0xF8, 0xFB), (0xFC, 0xFD)]
    pairs = ["eda080edb080", "eda080edbfbf", "edadbfedb080", "edadbfedbfbf"]
    pairs += ["edae80edb080", "edae80edbfbf", "edafbfedb080", "edafbfedbfbf"]
    planes = [chr(plane << 16 | last).encode().hex() for plane in range(1, 17) for last in (0xFFFE, 0xFFFF)]
    listed = [
        [*(text.encode().hex() for text in ("hello$world", "hello¢world", "hello€world", "hello𤭢world")),
         KOSME.hex()],
        [KOSME[:size].hex() for size in range(1, len(KOSME) + 1)],
        "00 c280 e0a080 f0908080", "f888808080 fc8480808080",
        "7f dfbf efbfbf f48fbfbf", "f7bfbfbf fbbfbfbfbf fdbfbfbfbfbf",
        "ed9fbf ee8080 efbfbd f48fbfbf f4908080",
        ["80", "bf", "80bf", "80bf80", "80bf80bf", "80bf80bf80", "80bf80bf80bf", bytes(range(0x80, 0xBF)).hex()],
        [b"".join(bytes([byte, 0x20]) for byte in range(low, high)).hex() for low, high in lonely],
        incomplete, [incomplete.replace(" ", "")], "fe ff fefeffff",
        "c0af e080af f08080af f8808080af fc80808080af", "c1bf e09fbf f08fbfbf f887bfbfbf fc83bfbfbfbf",
        "c080 e08080 f0808080 f880808080 fc8080808080", "eda080 edadbf edae80 edafbf edb080 edbe80 edbfbf", pairs,
        ["efbfbe", "efbfbf", *planes], "efbfb9 efbfba efbfbb efbfbc efbfbd efbfbe efbfbf",
    ]
    for group, payloads in enumerate(listed, 5):
        for number, payload in enumerate(payloads.split() if isinstance(payloads, str) else payloads, 1):
            yield f"6.{group}.{number}", bytes.fromhex(payload)


def texts():
    def sent(name, payload, fragment=0, valid=True):
        events, close = ([("text", payload)], None) if valid else ([], 1007)
        return Case(name, [message(TEXT, payload, fragment)], events, close)

    def empty_around(name, middle):
        return Case(name, [frame(TEXT, fin=False) + frame(0, middle, fin=False) + frame(0)], [("text", middle)])

    greeting = "Hello-µ@ßöäüàá-UTF-8!!".encode()
    half = len("Hello-µ@ßöä".encode())
    yield sent("6.1.1", b"")
    yield empty_around("6.1.2", b"")
    yield empty_around("6.1.3", b"middle frame payload")
    yield sent("6.2.1", greeting)
    yield Case("6.2.2", [frame(TEXT, greeting[:half], fin=False) + frame(0, greeting[half:])], [("text", greeting)])
    yield sent("6.2.3", greeting, fragment=1)
    yield sent("6.2.4", KOSME, fragment=1)
    surrogate = KOSME + b"\xed\xa0\x80" + EDITED
    yield sent("6.3.1", surrogate, valid=False)
    yield sent("6.3.2", surrogate, fragment=1, valid=False)
    # The rest is never sent: the byte that cannot be part of a text must be enough.
    beyond = KOSME + b"\xf4\x90\x80\x80" + EDITED
    for number, (before, until) in enumerate([(11, 15), (12, 13)], 1):
        first, second = frame(TEXT, beyond[:before], fin=False), frame(0, beyond[before:until], fin=False)
        yield Case(f"6.4.{number}", [first, None, second], [], 1007)
        whole = frame(TEXT, beyond)
        head = len(whole) - len(beyond)
        yield Case(f"6.4.{number + 2}", [whole[: head + before], None, whole[head + before : head + until]], [], 1007)
    for name, payload in sequences():
        try:
            payload.decode()
            yield sent(name, payload)
        except UnicodeDecodeError:
            yield sent(name, payload, valid=False)


def closing():
    def closed(name, payload, code):
        return Case(name, [frame(CLOSE, payload)], [], code)

    close = frame(CLOSE, close_payload(1000))
    large = filled(b"BAsd7&jh23", 256 * 1024)
    yield Case("7.1.1", [frame(TEXT, b"Hello World!")], [("text", b"Hello World!")])
    yield Case("7.1.2", [close + frame(CLOSE)], [], 1000)
    yield Case("7.1.3", [close + frame(PING)], [], 1000)
    yield Case("7.1.4", [close + frame(TEXT, b"Hello World!")], [], 1000)
    yield Case("7.1.5", [frame(TEXT, b"fragment1", fin=False) + close + frame(0, b"fragment2")], [], 1000)
    yield Case(
        "7.1.6", [frame(TEXT, large) + frame(TEXT, b"Hello World!") + close + frame(PING)],
        [("text", large), ("text", b"Hello World!")], 1000)
    yield closed("7.3.1", b"", 0)
    yield closed("7.3.2", b"a", 1002)
    yield closed("7.3.3", close_payload(1000), 1000)
    yield closed("7.3.4", close_payload(1000, b"Hello World!"), 1000)
    yield closed("7.3.5", close_payload(1000, b"*" * 123), 1000)
    yield closed("7.3.6", close_payload(1000, b"*" * 124), 1002)
    yield closed("7.5.1", close_payload(1000, KOSME + b"\xed\xa0\x80" + EDITED), 1007)
    valid = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999]
    for number, code in enumerate(valid, 1):
        yield closed(f"7.7.{number}", close_payload(code), code)
    for number, code in enumerate([0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999], 1):
        yield closed(f"7.9.{number}", close_payload(code), 1002)
    # Only informational in the original: the RFC does not say what to do with codes that nobody may define.
    for number, code in enumerate([5000, 65535], 1):
        yield closed(f"7.13.{number}", close_payload(code), 1002)


def limits():
    kinds = [("text", TEXT, b"BAsd7&jh23", b"*"), ("binary", BINARY, b"\x00\xfe\x23\xfa\xf0", b"\xfe")]
    for index, (kind, opcode, pattern, byte) in enumerate(kinds):
        for number, size in enumerate([64, 256, 1024, 4096, 8192, 16384], 1):
            payload = filled(pattern, size * 1024)
            yield Case(f"9.{1 + index}.{number}", [frame(opcode, payload)], [(kind, payload)])
        payload = byte * (4 << 20)
        for number, size in enumerate([64, 256, 1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20], 1):
            yield Case(f"9.{3 + index}.{number}", [message(opcode, payload, size)], [(kind, payload)])
        payload = filled(pattern, 1 << 20)
        for number, chop in enumerate([64, 128, 256, 512, 1024, 2048], 1):
            yield Case(f"9.{5 + index}.{number}", [frame(opcode, payload)], [(kind, payload)], chop=chop)
        for number, size in enumerate([0, 16, 64, 256, 1024, 4096], 1):
            payload = byte * size
            yield Case(f"9.{7 + index}.{number}", [frame(opcode, payload), (kind, payload)] * 1000, [])


def fragmented_by_the_client():
    yield Case("10.1.1", [message(TEXT, b"*" * 65536, 1300)], [("text", b"*" * 65536)])


GROUPS = {
    "1": ("framing", framing), "2": ("pings and pongs", pings), "3": ("reserved bits", reserved_bits),
    "4": ("opcodes", opcodes), "5": ("fragmentation", fragmentation), "6": ("UTF-8", texts), "7": ("closing", closing),
    "9": ("limits and round trips", limits), "10": ("automatic fragmentation", fragmented_by_the_client),
}

COMPRESSED_SIZES = [(size, 0) for size in (16, 64, 256, 1024, 4096, 8192, 16384, 32768, 65536, 131072)]
COMPRESSED_SIZES += [(size, 256) for size in (8192, 16384, 32768, 65536, 131072)]
COMPRESSED_SIZES += [(131072, 1024), (131072, 4096), (131072, 32768)]
OFFER = "permessage-deflate; client_no_context_takeover; client_max_window_bits"
OFFERS = [
    OFFER, OFFER + "; server_no_context_takeover", OFFER + "; server_max_window_bits=9",
    OFFER + "; server_max_window_bits=15", OFFER + "; server_no_context_takeover; server_max_window_bits=9",
    OFFER + "; server_no_context_takeover; server_max_window_bits=15",
    f"{OFFER}; server_no_context_takeover; server_max_window_bits=9, {OFFER}; server_no_context_takeover, {OFFER}",
]


@functools.cache
def corpus():
    """Five kinds of data as in the original, which are not ours to copy: JSON, a bitmap, prose, HTML and noise."""
    chance = random.Random(7692)
    words = ["".join(chance.choices("enisratdhulcgmobwfkzvüäpöß", k=chance.randint(2, 11))) for _ in range(3000)]
    rows = [{"id": row, "name": chance.choice(words), "at": chance.random()} for row in range(3000)]
    bitmap = bytes((x * y >> 8) + chance.randint(0, 7) & 255 for y in range(512) for x in range(512))
    prose = " ".join(chance.choices(words, k=30_000)).encode()
    page = "".join(f"<li class='{chance.choice(words)}'><a href='#{row}'>{row}</a></li>\n" for row in range(5000))
    html = page.encode("ascii", "xmlcharrefreplace")
    return [
        (TEXT, json.dumps(rows).encode()), (BINARY, bitmap), (BINARY, prose), (TEXT, html),
        (BINARY, chance.randbytes(300_000)),
    ]


def compressed_run(port, offer, opcode, data, size, fragment, count):
    """Why `count` compressed messages, one after the other, do not come back as they were; None when they do."""
    kind = "text" if opcode == TEXT else "binary"
    with RawWebSocket(port, fields=[f"Sec-WebSocket-Extensions: {offer}"]) as client:
        if client.extensions is None:
            return "no permessage-deflate"
        for number in range(count):
            at = number * size % (len(data) - size)
            payload = data[at : at + size]
            client.send(message(opcode, client.compressed(payload), fragment, rsv=4))
            if (event := client.next_event()) != (kind, payload):
                return f"message {number}: {short(event)}"
        client.send(frame(CLOSE, close_payload(1000)))
        events, close = client.events_to_end()
        return None if not events and close == NORMAL else f"{short(events)} and {close} at the end"


def compressed_cases(count):
    """Groups 12 (kinds of data) and 13 (parameters) as (name, arguments of `compressed_run`)."""
    for number, (size, fragment) in enumerate(COMPRESSED_SIZES, 1):
        for group, (opcode, data) in enumerate(corpus(), 1):
            yield f"12.{group}.{number}", (OFFER, opcode, data, size, fragment, count)
        opcode, data = corpus()[0]
        for group, offer in enumerate(OFFERS, 1):
            yield f"13.{group}.{number}", (offer, opcode, data, size, fragment, count)


def reason(check, *arguments):
    """What a check returns, or what the client that it uses could not accept."""
    try:
        return check(*arguments)
    except (AssertionError, OSError, zlib.error) as error:
        return f"{type(error).__name__}: {error}"


def failures(port, group, count=8):
    """How many cases a group has, and the reasons of those that fail, by name."""
    if group in GROUPS:
        reasons = {case.name: reason(run, case, port) for case in GROUPS[group][1]()}
    else:
        chosen = [(name, of) for name, of in compressed_cases(count) if name.startswith(group + ".")]
        reasons = {name: reason(compressed_run, port, *of) for name, of in chosen}
    return len(reasons), {name: why for name, why in reasons.items() if why}


if __name__ == "__main__":
    for group in [*GROUPS, "12", "13"]:
        began = time.monotonic()
        count, failed = failures(int(sys.argv[1]), group, int(sys.argv[2]) if len(sys.argv) > 2 else 8)
        print(f"group {group}: {count - len(failed)} of {count} passed in {time.monotonic() - began:.1f} s", flush=True)
        for name, why in failed.items():
            print(f"  {name}: {why}")
