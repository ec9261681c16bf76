"""Rows E-02 to E-08 and E-14 to E-16: ids, origins, revisions, cookies and upgrades (protocol/spec/socketio.md)."""

import json
import random

from .attacks_tcp import open_polling
from .peer import UPGRADE, frame, packet
from .rows import attack

PATH = "/socket.io/?EIO=4"
POLL = PATH + "&transport=polling"
WEB = PATH + "&transport=websocket"


def post(peer, sid, body, *fields, path=POLL):
    """POSTs a payload to a session: the status."""
    body = body.encode() if isinstance(body, str) else body
    return peer.ask(f"{path}&sid={sid}", f"Content-Length: {len(body)}", *fields, method="POST", body=body)[0]


def finish(arena, sid, *fields):
    """The client's close packet, so that nothing is left of a session."""
    with arena.connect() as peer:
        arena.expect("the session is closed", post(peer, sid, "1", *fields), 200)


def refusal(answer):
    """(status, code) of a refusal in JSON."""
    status, _, body = answer
    try:
        return status, json.loads(body).get("code")
    except ValueError:
        return status, body


@attack(
    "E-02",
    "an id is 20 random characters, never twice, 2,000 guesses find nothing, and who goes on guessing is answered 429",
    also="SocketIOCoreTests `an id is 20 characters of the URL alphabet`",
)
def ids(arena):
    seen = []
    client = f"X-Forwarded-For: 198.51.{random.randrange(256)}.{random.randrange(256)}"
    with arena.connect() as peer:
        for number in range(20):
            arena.expect("an address's first guesses", refusal(peer.ask(f"{POLL}&sid={number}", client)), (400, 1))
        status, fields, body = peer.ask(f"{POLL}&sid=x", client)
        arena.expect("one more", (status, fields.get("retry-after"), json.loads(body)["code"]), (429, "60", 1))
        arena.expect("and the end", peer.rest()[1], "fin")
    with arena.connect() as peer:
        status, _, body = peer.ask(POLL, client)
        arena.expect("a handshake of the same address", status, 200)
        arena.expect("and its session", post(peer, json.loads(body[1:])["sid"], "1", client), 200)
        arena.expect("another address", refusal(peer.ask(f"{POLL}&sid=x")), (400, 1))
    with arena.connect() as peer:
        for _ in range(150):
            seen.append(open_polling(peer))
        for number in range(2000):
            arena.expect("a guess", refusal(peer.ask(f"{POLL}&sid={seen[0][:16]}{number:04d}")), (400, 1))
        for sid in seen:
            post(peer, sid, "1")
    arena.expect("lengths", {len(sid) for sid in seen}, {20})
    arena.expect("different", len(set(seen)), len(seen))
    for at in range(20):
        arena.check(f"character {at} varies", len({sid[at] for sid in seen}) > 30, len({sid[at] for sid in seen}))


@attack("E-03", "no id of a client's is adopted")
def fixation(arena):
    for sid in ("A" * 20, "", "x", "%F0%9F%92%A9", "a" * 4000, "1"):
        with arena.connect() as peer:
            arena.expect(f"poll {sid[:20]}", refusal(peer.ask(f"{POLL}&sid={sid}")), (400, 1))
            arena.expect(f"again {sid[:20]}", refusal(peer.ask(f"{POLL}&sid={sid}")), (400, 1))
        with arena.connect() as peer:
            arena.expect(f"upgrade {sid[:20]}", peer.ask(f"{WEB}&sid={sid}", *UPGRADE)[0], 400)


@attack("E-04", "who has read a sid but not the cookie can neither read, post nor upgrade", on="cookie")
def stolen(arena):
    with arena.connect() as peer:
        _, fields, body = peer.ask(POLL)
        sid, cookie = json.loads(body[1:])["sid"], fields["set-cookie"].split(";")[0]
        others = {
            "none": [],
            "the sid": [f"Cookie: io={sid}"],
            "empty": ["Cookie: io="],
            "twice": [f"Cookie: {cookie}; {cookie}"],
            "another name": ["Cookie: x" + cookie],
            "two fields": [f"Cookie: {cookie}", "Cookie: io=x"],
            "cut": ["Cookie: " + cookie[:-1]],
            "longer": [f"Cookie: {cookie}x"],
        }
        for name, lines in others.items():
            arena.expect(f"GET, {name}", refusal(peer.ask(f"{POLL}&sid={sid}", *lines)), (403, 4))
            arena.expect(f"POST, {name}", post(peer, sid, "40", *lines), 403)
            with arena.connect() as thief:
                arena.expect(f"upgrade, {name}", thief.ask(f"{WEB}&sid={sid}", *UPGRADE, *lines)[0], 403)
        arena.expect("the owner goes on", post(peer, sid, "40", "Cookie: " + cookie), 200)
        finish(arena, sid, "Cookie: " + cookie)
    with arena.connect() as web, arena.connect() as thief:
        sid = json.loads(web.upgrade(WEB).message()[1][1:])["sid"]
        arena.expect("a WebSocket session takes no poll", refusal(thief.ask(f"{POLL}&sid={sid}"))[0], 403, 400)


@attack("E-05", "the origin is judged on every request")
def foreign(arena):
    evil = "Origin: https://evil.example"
    with arena.connect() as peer:
        sid = open_polling(peer)
        arena.expect("handshake", refusal(peer.ask(POLL, evil)), (403, 4))
        arena.expect("GET", refusal(peer.ask(f"{POLL}&sid={sid}", evil)), (403, 4))
        arena.expect("POST", post(peer, sid, "40", evil), 403)
        arena.expect("OPTIONS", peer.ask(POLL, evil, "Access-Control-Request-Method: POST", method="OPTIONS")[0], 403)
        for name, path in (("upgrade with sid", f"{WEB}&sid={sid}"), ("upgrade without", WEB)):
            with arena.connect() as other:
                arena.expect(name, other.ask(path, *UPGRADE, evil)[0], 403)
        finish(arena, sid)


@attack("E-06", "the revision is the handshake's: another is 400 on every way in")
def revisions(arena):
    with arena.connect() as peer:
        sid = open_polling(peer)
        for name, query in {
            "absent": "x=1",
            "3": "EIO=3",
            "5": "EIO=5",
            "empty": "EIO=",
            "twice": "EIO=4&EIO=4",
            "04": "EIO=04",
            "text": "EIO=__proto__",
        }.items():
            path = f"/socket.io/?{query}&transport="
            arena.expect(f"GET, {name}", refusal(peer.ask(f"{path}polling&sid={sid}")), (400, 3))
            arena.expect(f"POST, {name}", post(peer, sid, "40", path=path + "polling"), 400)
            with arena.connect() as other:
                arena.expect(f"upgrade, {name}", other.ask(f"{path}websocket&sid={sid}", *UPGRADE)[0], 400)
            arena.expect(f"handshake, {name}", refusal(peer.ask(path + "polling")), (400, 5 if name != "twice" else 3))
        finish(arena, sid)


@attack("E-07", "names of built-in members are unknown ids")
def members(arena):
    for sid in (
        "__proto__",
        "constructor",
        "prototype",
        "toString",
        "hasOwnProperty",
        "valueOf",
        "__defineGetter__",
        "length",
        "null",
        "undefined",
        "NaN",
        "true",
        "0",
        "-1",
        "%00",
        "..%2f",
    ):
        with arena.connect() as peer:
            arena.expect(f"GET {sid}", refusal(peer.ask(f"{POLL}&sid={sid}")), (400, 1))
            arena.expect(f"POST {sid}", post(peer, sid, "40"), 400)
        with arena.connect() as peer:
            arena.expect(f"upgrade {sid}", peer.ask(f"{WEB}&sid={sid}", *UPGRADE)[0], 400)


@attack(
    "E-08",
    "anything out of order cancels an upgrade, and the session goes on over polling",
    also="ServerCoreTests `wherever the WebSocket breaks, nothing is lost before the move and nothing doubled after it`",
)
def races(arena):
    first = {
        "an upgrade without a probe": ["5"],
        "another probe": ["2probe", "2probe"],
        "a message": ["4x"],
        "a message after the probe": ["2probe", "40"],
        "close": ["1"],
        "a probe of other data": ["2x"],
        "bytes": [b"x"],
        "nothing, empty": [""],
        "pong": ["3"],
        "noop after the probe": ["2probe", "6"],
    }
    for name, texts in first.items():
        with arena.connect() as peer, arena.connect() as web:
            sid = open_polling(peer)
            web.upgrade(f"{WEB}&sid={sid}")
            for text in texts:
                web.send(frame(text, 1 if isinstance(text, str) else 2))
            arena.check(f"{name}: the WebSocket is closed", web.closed() != "open")
            arena.expect(f"{name}: the session goes on", post(peer, sid, "40"), 200)
            finish(arena, sid)
    for name, ending in {
        "reset": lambda web: web.reset(),
        "FIN": lambda web: web.finish(),
        "gone": lambda web: web.close(),
    }.items():
        for texts in ([], ["2probe"]):
            with arena.connect() as peer:
                sid, web = open_polling(peer), arena.connect()
                web.upgrade(f"{WEB}&sid={sid}")
                for text in texts:
                    web.send(frame(text))
                    web.message()
                ending(web)
                arena.expect(f"{name} after {texts}: the session goes on", post(peer, sid, "40"), 200)
                finish(arena, sid)
                web.close()
    with arena.connect() as peer, arena.connect() as web, arena.connect() as second:
        sid = open_polling(peer)
        web.upgrade(f"{WEB}&sid={sid}")
        second.upgrade(f"{WEB}&sid={sid}")
        arena.check("a second WebSocket is closed", second.closed() in ("empty", "fin", "reset"))
        web.send(frame("2probe"))
        arena.expect("the probe", web.message()[1], b"3probe")
        web.send(frame("5"))
        arena.expect("a poll after the move", refusal(peer.ask(f"{POLL}&sid={sid}"))[0], 400, 200)
        arena.expect("a POST after the move", post(peer, sid, "40"), 400)
        web.send(packet("0"))
        arena.check("the session has moved", web.until(lambda _, payload: payload.startswith(b"40")))


@attack("E-14", "JSONP and revision 3 are 400, and the answer repeats nothing")
def jsonp(arena):
    for query in (
        "EIO=4&transport=polling&j=0",
        "EIO=4&transport=polling&j=%3Cscript%3E",
        "EIO=3&transport=polling",
        "EIO=3&transport=polling&j=0",
    ):
        with arena.connect() as peer:
            status, fields, body = peer.ask("/socket.io/?" + query)
            arena.expect(query, status, 400)
            arena.check(
                query + ": no echo",
                b"script" not in body and b"___eio" not in body and "javascript" not in fields.get("content-type", ""),
                body,
            )


def cookie_of(arena, secure):
    for path, fields in ((POLL, []), (WEB, UPGRADE)):
        with arena.connect() as peer:
            _, answer, _ = peer.ask(path, *fields)
            text = answer.get("set-cookie", "")
            value, _, rest = text.partition("; ")
            arena.check(f"{path}: value", value.startswith("io=") and len(value) == 23, text)
            arena.expect(f"{path}: flags", rest, "Path=/; HttpOnly; " + ("Secure; " if secure else "") + "SameSite=Lax")


@attack("E-15", "a cookie's flags are exact", on="cookie")
def cookies(arena):
    cookie_of(arena, False)


@attack("E-15b", "over TLS a cookie is Secure", on="tls")
def secure_cookies(arena):
    cookie_of(arena, True)


@attack("E-16", "answers are text/plain or JSON, nosniff and no-store")
def sniffing(arena):
    with arena.connect() as peer:
        sid = open_polling(peer)
        answers = {
            "handshake": peer.ask(POLL),
            "POST": peer.ask(f"{POLL}&sid={sid}", "Content-Length: 2", method="POST", body=b"40"),
            "poll": peer.ask(f"{POLL}&sid={sid}"),
            "refusal": peer.ask(POLL + "&sid=x"),
            "unknown transport": peer.ask(PATH),
        }
        for name, (_, fields, _) in answers.items():
            arena.expect(
                name + ": type",
                fields.get("content-type"),
                "application/json" if name in ("refusal", "unknown transport") else "text/plain; charset=UTF-8",
            )
            arena.expect(
                name + ": sniffing, caching",
                (fields.get("x-content-type-options"), fields.get("cache-control")),
                ("nosniff", "no-store"),
            )
        finish(arena, sid)
        finish(arena, json.loads(answers["handshake"][2][1:])["sid"])
