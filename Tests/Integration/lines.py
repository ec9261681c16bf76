"""A line between a client and a server that can be cut and mended: for connections that fail as they do outside."""

import socket
import threading


class Line:
    """Carries bytes from a port of its own to a server's, until it is cut. While it is, whoever connects is turned away."""

    def __init__(self, port):
        self._port, self._peers, self._is_cut, self._lock = port, set(), False, threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                if self._is_cut:
                    peer.close()
                    continue
                server = socket.create_connection(("127.0.0.1", self._port))
                self._peers |= {peer, server}
            for pair in ((peer, server), (server, peer)):
                threading.Thread(target=self._carry, args=pair, daemon=True).start()

    def _carry(self, source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
        except OSError:
            pass
        for end in (source, target):
            self._end(end)

    def _end(self, end):
        with self._lock:
            self._peers.discard(end)
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        end.close()

    def cut(self):
        with self._lock:
            self._is_cut = True
            peers = list(self._peers)
        for peer in peers:
            self._end(peer)

    def mend(self):
        with self._lock:
            self._is_cut = False

    def close(self):
        self.cut()
        self._listener.close()
