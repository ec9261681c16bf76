"""The 33 requests of uNetworking's h1spec, as a table of ours, and the statuses that answer each.

The server under test answers every method and path with 200 and the request's body.

    python3 http_cases.py PORT     # prints what fails
"""

import re
import selectors
import socket
import sys

SECONDS = 10
QUIET_SECONDS = 0.3
HOST = b"Host: example.com\r\n"
OK, WRONG, UNKNOWN = range(200, 300), range(400, 500), range(400, 600)

_WHOLE = b"GET /hello HTTP/1.1\r\nHost: localhost\r\n\r"

# Beginnings of requests, which a server waits on: it says nothing and does not close.
INCOMPLETE = [
    _WHOLE[:length] for length in (1, 4, 10, 11, 15, 19, 20, 21, 24, 26, 27, 36, 37, 38, 39)
]

# Name, request, allowed statuses, and the body when it must be answered with one.
COMPLETE = [
    ("no version", b"GET / \r\n\r\n", UNKNOWN, None),
    ("expects 100-continue without a body", b"GET / HTTP/1.1\r\n" + HOST + b"Expect: 100-continue\r\n\r\n", OK, None),
    ("a request", b"GET / HTTP/1.1\r\n" + HOST + b"\r\n", OK, None),
    ("mixed case, a tab, an empty field", b"GET / HTTP/1.1\r\nhoSt:\texample.com\r\nempty:\r\n\r\n", OK, None),
    ("brackets in a name", b"GET / HTTP/1.1\r\n" + HOST + b"X-Invalid[]: test\r\n\r\n", WRONG, None),
    ("no Host", b"GET / HTTP/1.1\r\nContent-Length: 5\r\n\r\n", WRONG, None),
    ("two Hosts", b"GET / HTTP/1.1\r\n" + HOST + b"Host: example.org\r\n\r\n", WRONG, None),
    ("a length far below zero",
     b"GET / HTTP/1.1\r\n" + HOST + b"Content-Length: -123456789123456789123456789\r\n\r\n", WRONG, None),
    ("a length below zero", b"GET / HTTP/1.1\r\n" + HOST + b"Content-Length: -1234\r\n\r\n", WRONG, None),
    ("a length in letters", b"GET / HTTP/1.1\r\n" + HOST + b"Content-Length: abc\r\n\r\n", WRONG, None),
    ("an empty value", b"GET / HTTP/1.1\r\n" + HOST + b"X-Empty-Header: \r\n\r\n", OK, None),
    ("a control character", b"GET / HTTP/1.1\r\n" + HOST + b"X-Bad-Control-Char: test\x07\r\n\r\n", WRONG, None),
    ("an unknown version", b"GET / HTTP/9.9\r\n" + HOST + b"\r\n", UNKNOWN, None),
    ("a space too many", b"Extra lineGET / HTTP/1.1\r\n" + HOST + b"\r\n", UNKNOWN, None),
    ("a lone CR", b"GET / HTTP/1.1\r\n" + HOST + b"\rSome-Header: Test\r\n\r\n", WRONG, None),
    ("a body", b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\n\r\nhello", OK, b"hello"),
    ("a chunked body",
     b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\nc\r\nHellO world1\r\n0\r\n\r\n", OK,
     b"HellO world1"),
    ("both lengths",
     b"POST / HTTP/1.1\r\n" + HOST
     + b"content-LengtH: 5\r\nTransFer-Encoding: chunked\r\n\r\nc\r\nHellO world1\r\n0\r\n\r\n", WRONG, None),
]


def connected(port):
    stream = socket.create_connection(("127.0.0.1", port), timeout=SECONDS)
    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return stream


def send(stream, request, chop):
    """In one write, or in writes of `chop` bytes; a server may refuse, and close, before the last."""
    try:
        for at in range(0, len(request), chop or len(request)):
            stream.sendall(request[at : at + (chop or len(request))])
    except (BrokenPipeError, ConnectionResetError):
        pass


def read_answer(stream):
    """One whole answer with a Content-Length, as status and body; None when the stream ends before."""
    data = bytearray()
    while True:
        head, separator, body = bytes(data).partition(b"\r\n\r\n")
        length = re.search(rb"\r\ncontent-length: *(\d+)", head, re.IGNORECASE)
        if separator and length and len(body) >= int(length[1]):
            return int(head.split(b" ")[1]), body
        try:
            received = stream.recv(65536)
        except ConnectionResetError:
            received = b""
        if not received:
            return None
        data += received


def failures(port, chop=0):
    """What is wrong, one line each: nothing when the server passes."""
    waiting = [(prefix, connected(port)) for prefix in INCOMPLETE]
    for prefix, stream in waiting:
        send(stream, prefix, chop)
    wrong = []
    for name, request, statuses, body in COMPLETE:
        with connected(port) as stream:
            send(stream, request, chop)
            answer = read_answer(stream)
        if answer is None or answer[0] not in statuses or (body is not None and answer[1] != body):
            wrong.append(f"{name}: {answer}")
    with selectors.DefaultSelector() as selector:
        for prefix, stream in waiting:
            selector.register(stream, selectors.EVENT_READ, prefix)
        wrong += [f"{key.data}: answered or closed" for key, _ in selector.select(QUIET_SECONDS)]
    for _, stream in waiting:
        stream.close()
    return wrong


if __name__ == "__main__":
    for chop in (0, 1):
        wrong = failures(int(sys.argv[1]), chop)
        total = len(INCOMPLETE) + len(COMPLETE)
        print(f"in writes of {chop or 'any'} bytes: {total - len(wrong)} of {total} passed", *wrong, sep="\n  ")
