"""A TCP proxy that does what networks do: drops, delays, truncates, resets.

    with CutProxy("127.0.0.1", 5432) as proxy:
        connect to proxy.port ..
        proxy.mode = "drop"

Modes: "pass"; "drop": bytes vanish both ways, connections stay open and new
ones are taken and lead nowhere; "delay": every piece comes `delay_s` late;
"truncate": each connection is closed after some hundred more bytes, in the
middle of a message; "reset": connections are reset, and new ones too.
"""
import contextlib
import random
import select
import socket
import struct
import threading
import time

MODES = ("pass", "drop", "delay", "truncate", "reset")


class _Link(threading.Thread):
    """One connection, both ways."""

    def __init__(self, proxy, client):
        super().__init__(daemon=True)
        self.proxy = proxy
        self.client = client
        self.server = None
        self.left = None  # bytes until it is cut

    def _reset(self, end):
        with contextlib.suppress(OSError):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                           struct.pack("ii", 1, 0))
        with contextlib.suppress(OSError):
            end.close()

    def _carry(self, source, sink):
        """False: this connection is over."""
        data = source.recv(65536)
        if not data:
            return False
        mode = self.proxy.mode
        if mode == "drop":
            return True
        if mode == "delay":
            time.sleep(self.proxy.delay_s)
        if mode == "truncate":
            if self.left is None:
                self.left = random.randrange(1, 600)
            data = data[:self.left]
            self.left -= len(data)
        else:
            self.left = None
        if data:
            sink.sendall(data)
        self.proxy.carried += len(data)
        return self.left is None or self.left > 0

    def _connect(self):
        while self.proxy.mode == "drop":
            time.sleep(0.02)
        self.server = socket.create_connection(self.proxy.to, 5)
        for end in (self.client, self.server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def run(self):
        try:
            self._connect()
            while self.proxy.mode != "reset" and not self.proxy.closed:
                ready, _, _ = select.select([self.client, self.server], [], [],
                                            0.05)
                over = [end for end in ready if not self._carry(
                    end, self.server if end is self.client else self.client)]
                if over:
                    return
        except (OSError, ValueError):
            pass
        finally:
            for end in (self.client, self.server):
                if end is None:
                    continue
                if self.proxy.mode == "reset":
                    self._reset(end)
                with contextlib.suppress(OSError):
                    end.close()


class CutProxy:
    def __init__(self, host, port, delay_s=0.05):
        self.to = (host, port)
        self.mode = "pass"
        self.delay_s = delay_s
        self.carried = 0
        self.closed = False
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            _Link(self, client).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.closed = True
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
