"""Rows T-09 to T-16: TLS as an attacker meets it (reliability: TLS)."""

import os
import signal
import ssl
import struct
import subprocess
import threading
import time

from .attacks_tcp import JOIN, POLL, never_reads, open_polling
from .measure import sample
from .peer import UPGRADE, Ended, frame, request
from .rows import attack

HELLO = bytes.fromhex("1603010080010000") + b"\x7c\x03\x03" + bytes(32)


def openssl(target, *arguments, typed=b"", seconds=4):
    """What `openssl s_client` prints; a pause follows each line that is typed."""
    client = subprocess.Popen(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{target.address[1]}", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    for line in typed.splitlines(keepends=True):
        time.sleep(0.4)
        client.stdin.write(line)
        client.stdin.flush()
    time.sleep(0.4)
    try:
        return client.communicate(timeout=seconds)[0].decode(errors="replace")
    except subprocess.TimeoutExpired:
        client.kill()
        return client.communicate()[0].decode(errors="replace")


@attack(
    "T-09",
    "a client's renegotiation is refused",
    on="tls",
    also="TLSTests `TLS 1.2 renegotiation is refused and the connection goes on`",
    quick=False,
)
def renegotiation(arena):
    asked = openssl(arena.target, "-tls1_2", typed=b"R\n")
    arena.check("openssl R", "no renegotiation" in asked.lower(), asked[-200:])
    legacy = openssl(arena.target, "-tls1_2", "-legacy_renegotiation", typed=b"R\n")
    arena.check("legacy R", "no renegotiation" in legacy.lower(), legacy[-200:])


@attack(
    "T-10",
    "resumptions leave nothing behind",
    on="tls",
    also="TLSTests `a reconnect resumes the session, also after a reload`",
)
def resumptions(arena):
    context = arena.target.context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    session, resumed = None, 0
    for number in range(600):
        with arena.connect(context=context, session=session) as peer:
            resumed += peer.tls.session_reused
            session = session or peer.tls.session
        if number == 200:
            before = sample(arena.target.pid).resident
    slope = sample(arena.target.pid).resident - before
    arena.expect("resumed", resumed, 599)
    arena.check("growth over the last 400", slope < 1 << 20, slope)


@attack(
    "T-11",
    "nothing weaker than TLS 1.2 with ECDHE and AEAD is agreed on",
    on="tls",
    also="TLSTests `a weak offer gets one alert and the end`",
)
def weak_offers(arena):
    def offers():
        for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
            yield version.name, version, "ALL:@SECLEVEL=0"
        for suite in (
            "AES128-SHA",
            "AES256-SHA256",
            "AES128-GCM-SHA256",
            "ECDHE-ECDSA-AES128-SHA",
            "ECDHE-ECDSA-AES256-SHA384",
            "ECDHE-ECDSA-NULL-SHA",
            "AECDH-AES128-SHA",
            "NULL-SHA256",
            "DHE-RSA-AES128-GCM-SHA256",
            "PSK-AES128-CBC-SHA",
        ):
            yield suite, ssl.TLSVersion.TLSv1_2, suite + ":@SECLEVEL=0"

    for name, version, suites in offers():
        context = arena.target.context()
        context.minimum_version = context.maximum_version = version
        try:
            context.set_ciphers(suites)
        except ssl.SSLError:
            arena.note(f"{name} cannot be offered here")
            continue
        try:
            with arena.connect(context=context) as peer:
                arena.check(name, False, peer.tls.cipher())
        except (ssl.SSLError, Ended, ConnectionResetError) as error:
            arena.check(name, True, error)
    context = arena.target.context()
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256")
    with arena.connect(context=context) as peer:
        arena.expect("what we have", peer.ask("/health")[0], 200)


def record(kind, body):
    return bytes([kind, 3, 3]) + struct.pack("!H", len(body)) + body


@attack(
    "T-12",
    "a handshake has its time and 16 KiB, whatever shape it has",
    on="tls",
    also="TLSTests `a server name of 16 KB and floods of empty records end the connection`",
    quick=False,
)
def handshakes(arena):
    shapes = {
        "nothing": b"",
        "one byte": b"\x16",
        "a header": HELLO[:5],
        "half a ClientHello": HELLO[:40],
        "a record of 16 KB declared": b"\x16\x03\x01\x40\x00\x01\x00\x3f\xfc",
        "SSLv2": b"\x80\x2e\x01\x00\x02" + bytes(44),
        "empty records": record(22, b"") * 2000,
        "alerts": record(21, b"\x01\x00") * 2000,
        "20 KB of a ClientHello": record(22, b"\x01\x00\x50\x00" + bytes(16000)) + record(22, bytes(4500)),
        "a record over the size": record(22, bytes(20000)),
    }
    for name, data in shapes.items():
        with arena.connect(encrypted=False) as peer:
            began = time.monotonic()
            peer.send(data)
            how = peer.rest(3)[1]
            arena.check(name, how in ("fin", "reset") and time.monotonic() - began < 2, (how, time.monotonic() - began))
    with arena.connect(encrypted=False) as peer:
        began = time.monotonic()
        peer.drip(HELLO, 0.1)
        arena.check("dripped", time.monotonic() - began < 2, time.monotonic() - began)
    never_reads(arena)


@attack("T-13", "TLS at the plain port is a bad request, and HTTP at the TLS port is closed", on="tls")
def wrong_port(arena):
    for name, data in {
        "GET": request(),
        "POST": request(method="POST", body=b"x" * 500),
        "upgrade": request("/lobby/x", *UPGRADE),
        "PROXY": b"PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\n",
        "SSH": b"SSH-2.0-x\r\n",
    }.items():
        with arena.connect(encrypted=False) as peer:
            peer.send(data)
            arena.expect(name, peer.rest(3)[1], "fin", "reset")


@attack("T-13b", "TLS at the plain port is a bad request")
def tls_at_plain(arena):
    arena.refused(
        [
            ("a ClientHello", HELLO + bytes(100), 400),
            ("a record header", HELLO[:6], 400),
            ("SSLv2", b"\x80\x2e\x01\x00", 400),
        ]
    )


@attack(
    "T-14",
    "no early data is ever offered to a client",
    on="tls",
    also="TLSTests `early data is refused, and replayed as little`",
    quick=False,
)
def early_data(arena):
    folder = arena.target.folder.name
    printed = openssl(arena.target, "-tls1_3", "-sess_out", folder + "/session", typed=b"GET /health HTTP/1.1\n")
    arena.check("the ticket's limit is 0", "Max Early Data: 0" in printed, printed[-300:])
    with open(folder + "/early", "wb") as file:
        file.write(request())
    for attempt in (1, 2):
        printed = openssl(arena.target, "-tls1_3", "-sess_in", folder + "/session", "-early_data", folder + "/early")
        arena.check(
            f"attempt {attempt}",
            "Early data was not sent" in printed or "Early data was rejected" in printed,
            printed[-300:],
        )


@attack(
    "T-15",
    "a new certificate under load fails no handshake and ends no connection",
    on="tls",
    also="TLSTests `new handshakes get the new certificate and old connections live on`",
)
def reload(arena):
    failed, done, stop = [], [], threading.Event()

    def shake():
        while not stop.is_set():
            try:
                with arena.connect() as peer:
                    done.append(peer.tls.getpeercert(binary_form=True))
            except Exception as error:  # whatever it is, it is a handshake that failed
                failed.append(repr(error))

    old = arena.connect()
    thread = threading.Thread(target=shake)
    thread.start()
    for _ in range(3):
        arena.target.certify()
        os.kill(arena.target.pid, signal.SIGHUP)
        time.sleep(0.3)
        arena.expect("the old connection", old.ask("/health")[0], 200)
    stop.set()
    thread.join()
    arena.check("handshakes", not failed, failed[:3])
    arena.check("old and new certificates", len(set(done)) >= 3, len(set(done)))
    old.close()
    arena.note(f"{len(done)} handshakes")


def endings(peer):
    """Ways in which an encrypted connection ends."""

    def notify():
        try:
            peer.tls.unwrap()
        except ssl.SSLError:
            pass
        peer.flush()

    return {
        "reset": peer.reset,
        "FIN alone": lambda: (peer.finish(), peer.rest(3), peer.close()),
        "close_notify, FIN": lambda: (notify(), peer.finish(), peer.rest(3), peer.close()),
        "close_notify, reset": lambda: (notify(), peer.reset()),
        "forged record, reset": lambda: (peer.socket.sendall(record(23, bytes(40))), peer.reset()),
        "forged record": lambda: (peer.socket.sendall(record(23, bytes(40))), peer.rest(3), peer.close()),
    }


@attack(
    "T-16",
    "whatever ends first, an encrypted connection ends once and whole",
    on="tls",
    also="TLSTests `in every order of close, FIN, data and drain each handler hears one close`",
)
def teardown(arena):
    states = {
        "idle": lambda peer: None,
        "answer under way": lambda peer: peer.send(request("/muster/client.js") * 30),
        "playing": lambda peer: (peer.upgrade("/lobby/tls").send(JOIN), peer.message()),
        "our close": lambda peer: peer.upgrade("/lobby/tls").send(frame("}")),
        "poll": lambda peer: peer.send(request(f"{POLL}&sid={open_polling(peer)}")),
        "refused": lambda peer: peer.send("GET\x00"),
    }
    for state, prepare in states.items():
        for ending in (
            "reset",
            "FIN alone",
            "close_notify, FIN",
            "close_notify, reset",
            "forged record, reset",
            "forged record",
        ):
            peer = arena.connect()
            prepare(peer)
            try:
                endings(peer)[ending]()
            except (BrokenPipeError, ConnectionResetError):
                pass
            peer.close()
            arena.check(f"{state}: {ending}", arena.target.alive())
