#!/usr/bin/python3
"""Server-Sent Events of a learner: what is told, resuming without a gap, who
may listen, how many, and a thousand at once.

PIQ_STREAMS (default 1000) is how many. One line a failure; the last line is
"N passed, N failed, N skipped".
"""
import json
import os
import pathlib
import re
import resource
import selectors
import socket
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
sys.dont_write_bytecode = True

import credentials  # noqa: E402
from daemon import POKER, Daemon, Folder, must  # noqa: E402
from learner import USER, contract, expect, tally  # noqa: E402

STREAMS = int(os.environ.get("PIQ_STREAMS", "1000"))
KNOWN_S = 2.5  # keys are read again each two
REVOKED_S = 8
SOON_S = 10  # for what is there at once; generous, for slow machines
TEMPLATE = f"{USER}/stream"


class Listener:
    """One stream, read without a library, so that every byte is seen."""

    def __init__(self, daemon, user, credential, query="", last=None):
        self.socket = socket.create_connection(("127.0.0.1", daemon.port))
        self.raw = b""
        self.text = ""
        self.events = []
        self.ended = False
        head = [f"GET /api/users/{user}/stream{query} HTTP/1.1",
                "Host: 127.0.0.1", f"Authorization: Bearer {credential}",
                "Accept: text/event-stream"]
        if last is not None:
            head.append(f"Last-Event-ID: {last}")
        self.socket.sendall(("\r\n".join(head) + "\r\n\r\n").encode())
        self.head = None

    def fileno(self):
        return self.socket.fileno()

    def close(self):
        self.socket.close()

    def take(self):
        """What is there now, into self.events: (name, id, data)."""
        piece = self.socket.recv(1 << 20)
        self.ended |= not piece
        self.raw += piece
        if self.head is None and b"\r\n\r\n" in self.raw:
            head, self.raw = self.raw.split(b"\r\n\r\n", 1)
            self.head = head.decode()
        if self.head is not None and self.status == 200:
            self.unchunk()

    @property
    def status(self):
        return int(self.head.split()[1])

    def unchunk(self):
        while b"\r\n" in self.raw:
            size, rest = self.raw.split(b"\r\n", 1)
            n = int(size, 16)
            if len(rest) < n + 2:
                return
            self.text += rest[:n].decode()
            self.raw = rest[n + 2:]
            self.ended |= n == 0
        while "\n\n" in self.text:
            block, self.text = self.text.split("\n\n", 1)
            fields = dict(line.partition(": ")[::2]
                          for line in block.split("\n"))
            self.events.append((fields.get("event"), fields.get("id"),
                                fields.get("data"), fields))

    def wait(self, holds, seconds=SOON_S):
        """Until holds(self), the end, or the time is over."""
        until = time.monotonic() + seconds
        while not holds(self) and not self.ended:
            left = until - time.monotonic()
            if left <= 0:
                break
            self.socket.settimeout(left)
            try:
                self.take()
            except TimeoutError:
                break
        return holds(self)

    def begun(self):
        return self.wait(lambda s: s.events or
                         (s.head is not None and s.status != 200))

    def names(self):
        return [name for name, *_ in self.events if name]

    def last_id(self):
        return [number for _, number, *_ in self.events if number][-1]


def event_of(number):
    return {"event_id": f"s-{number}", "at": "2026-11-01T10:00:00Z",
            "type": "answer", "concepts": ["odd.outs"], "correct": True}


class Posts:
    n = 0

    @classmethod
    def one(cls, daemon, user, headers=None):
        cls.n += 1
        reply = daemon.post(f"/api/users/{user}/events", event_of(cls.n),
                            headers=headers)
        tally.equal("an event is taken", reply.status, 200)
        return reply


def has(name, n=1):
    return lambda s: s.names().count(name) >= n


# ---- what is told ------------------------------------------------------------

def what_is_told(daemon, key):
    Posts.one(daemon, 1)
    Posts.one(daemon, 2)
    with_full = Listener(daemon, 1, key, "?full=1")
    plain, other = Listener(daemon, 1, key), Listener(daemon, 2, key)
    for s in (with_full, plain, other):
        tally.check("a stream begins", s.begun() and s.status == 200, s.head)
    tally.check("as an event stream", "text/event-stream" in plain.head)
    tally.check("with retry and an id, and no event",
                "retry" in plain.events[0][3] and plain.events[0][1] and
                not plain.names(), plain.events)
    version = Posts.one(daemon, 1).json["version"]
    # What was committed just before may be told first.
    wanted = {"userId": "1", "state_version": version}
    tally.check("profile", plain.wait(
        lambda s: s.names() and json.loads(s.events[-1][2]) == wanted),
        plain.events)
    daemon.get("/api/users/1/recommendations")
    daemon.get("/api/users/1/learning-path")
    tally.check("recommendations", plain.wait(has("recommendations")),
                plain.events)
    tally.check("path", plain.wait(has("path")), plain.events)
    tally.check("in full", with_full.wait(has("path")), with_full.names())
    full = {name: json.loads(data) for name, _, data, _ in with_full.events
            if name}
    for name in ("profile", "path"):
        resource_of = {"profile": "profile", "path": "learning-path"}[name]
        schema = contract.resolve(contract.doc["paths"][
            f"{USER}/{resource_of}"]["get"]["responses"]["200"])["content"][
            "application/json"]["schema"]
        tally.equal(f"{name} in full is valid",
                    contract.schema_errors(schema, full[name]), [])
    tally.equal("another learner's stream stays silent", other.names(), [])
    ids = [int(i) for _, i, *_ in plain.events if i]
    tally.check("ids rise", ids == sorted(set(ids)), ids)
    for s in (with_full, plain, other):
        s.close()


def resuming(daemon, key):
    Posts.one(daemon, 3)
    first = Listener(daemon, 3, key)
    first.begun()
    Posts.one(daemon, 3)
    first.wait(has("profile"))
    last = first.last_id()
    first.close()
    for _ in range(5):
        Posts.one(daemon, 4)
        version = Posts.one(daemon, 3).json["version"]
    again = Listener(daemon, 3, key, last=last)
    tally.check("what was missed is told", again.wait(has("profile")),
                again.events)
    tally.check("up to now", again.wait(
        lambda s: json.loads([d for n, _, d, _ in s.events if n][-1])[
            "state_version"] == version), again.events)
    tally.check("and nothing twice", len(again.names()) <= 5, again.names())
    again.close()
    now = Listener(daemon, 3, key, last=again.last_id())
    now.begun()
    Posts.one(daemon, 3)
    now.wait(has("profile"))
    tally.equal("nothing missed, nothing told again", now.names(), ["profile"])
    now.close()
    for strange in ("99999999999", "-1", "x", "1e3", "9" * 19):
        s = Listener(daemon, 3, key, last=strange)
        tally.check(f"reset after {strange}", s.wait(has("reset")), s.events)
        s.close()


def erased(daemon, key):
    Posts.one(daemon, 5)
    s = Listener(daemon, 5, key)
    s.begun()
    reply = daemon.ask("DELETE", "/api/users/5")
    if reply.status == 405:
        tally.skip("erasing", "there is no route for it")
        return
    tally.equal("erased", reply.status // 100, 2)
    tally.check("a stream hears of it", s.wait(has("erased")), s.events)
    tally.check("and ends", s.wait(lambda x: x.ended), s.raw)
    s.close()


# ---- who may ----------------------------------------------------------------

def who_may(daemon, key, signer):
    Posts.one(daemon, 6)
    Posts.one(daemon, 7)
    learner = signer.token(sub="6")
    s = Listener(daemon, 6, learner)
    tally.check("a learner listens", s.begun() and s.status == 200, s.head)
    Posts.one(daemon, 6)
    tally.check("to themselves", s.wait(has("profile")), s.events)
    s.close()
    for what, user, credential, status in (
            ("another learner", 7, learner, 404),
            ("nobody", 6, "none", 401),
            ("a learner never heard of", 88888, key, 404)):
        s = Listener(daemon, user, credential)
        s.wait(lambda x: x.head is not None)
        tally.equal(what, s.status, status)
        s.close()
    expect(daemon.get("/api/users/88888/stream"), TEMPLATE, 404)
    expect(daemon.get("/api/users/6/stream?full=2"), TEMPLATE, 400)
    expect(daemon.get("/api/users/6/stream"), TEMPLATE, 200)
    # Clocks may differ by 30 s: it is good for a few seconds more.
    short = signer.token(lasts=-25, sub="6")
    s = Listener(daemon, 6, short)
    s.begun()
    tally.check("a stream ends with its credential",
                s.wait(lambda x: x.ended, 60), s.events)
    s.close()


def taken_back(daemon, db):
    """Whoever listens is told nothing more once their key is revoked."""
    Posts.one(daemon, 6)
    gone, stays = credentials.make_key(db), credentials.make_key(db)
    time.sleep(KNOWN_S)
    listeners = [Listener(daemon, 6, gone), Listener(daemon, 6, stays)]
    for s in listeners:
        tally.check("a key listens", s.begun() and s.status == 200, s.head)
    must("key", "revoke", gone.split("_")[1], "--db", db)
    tally.check("the stream of a revoked key ends",
                listeners[0].wait(lambda x: x.ended, REVOKED_S))
    Posts.one(daemon, 6)
    tally.check("others go on", listeners[1].wait(has("profile")),
                listeners[1].events)
    for s in listeners:
        s.close()


def as_many_as_one_may(daemon, signer):
    token = signer.token(sub="7")
    open_ones = [Listener(daemon, 7, token) for _ in range(8)]
    tally.check("eight are open", all(s.begun() and s.status == 200
                                      for s in open_ones))
    more = Listener(daemon, 7, token)
    more.wait(lambda s: s.head is not None)
    tally.check("a ninth is refused, with when to come back",
                more.status == 429 and "\r\nRetry-After: " in more.head,
                more.head)
    more.close()
    for s in open_ones:
        s.close()

    def again():
        s = Listener(daemon, 7, token)
        s.wait(lambda x: x.head is not None)
        s.close()
        return s.status == 200
    until = time.monotonic() + SOON_S
    while not again() and time.monotonic() < until:
        time.sleep(.1)
    tally.check("places come free", again())


def slow_reader(daemon, key):
    """Takes nothing: is cut, and holds nobody up."""
    Posts.one(daemon, 8)
    slow = Listener(daemon, 8, key, "?full=1")
    slow.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    quick = Listener(daemon, 8, key)
    quick.begun()
    for _ in range(150):
        Posts.one(daemon, 8)
        if quick.names().count("profile") < 100:
            quick.wait(has("profile", quick.names().count("profile") + 1), 5)
    tally.check("the quick one is told", quick.names().count("profile") > 50,
                len(quick.names()))
    slow.socket.settimeout(SOON_S)
    try:
        while not slow.ended:
            slow.take()
    except (TimeoutError, ConnectionError):
        slow.ended = slow.ended or not isinstance(
            sys.exc_info()[1], TimeoutError)
    tally.check("the slow one was cut", slow.ended, len(slow.names()))
    slow.close()
    quick.close()


# ---- many -------------------------------------------------------------------

def memory_kb(daemon):
    text = pathlib.Path(f"/proc/{daemon.process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", text)[1])


def files_of(daemon):
    return len(os.listdir(f"/proc/{daemon.process.pid}/fd"))


def few_files(daemon, n, seconds=30):
    """Whether the daemon comes to hold at most n files."""
    until = time.monotonic() + seconds
    while files_of(daemon) > n and time.monotonic() < until:
        time.sleep(.1)
    return files_of(daemon) <= n


def allow_files(n):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < n:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(n, hard), hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0] >= n


def hear_all(listeners, seconds):
    """When each had its first event, by user."""
    at = {}
    with selectors.DefaultSelector() as waiting:
        for s in listeners:
            s.socket.setblocking(False)
            waiting.register(s, selectors.EVENT_READ)
        until = time.monotonic() + seconds
        while len(at) < len(listeners) and time.monotonic() < until:
            for ready, _ in waiting.select(.05):
                s = ready.fileobj
                s.take()
                if s.names() and s not in at:
                    at[s] = time.monotonic()
                if s.ended:
                    waiting.unregister(s)
    return at


def many(daemon, key, db):
    """A thousand, told of what this server and another one on the same
    database were told."""
    if not allow_files(STREAMS + 200):
        tally.skip("many", "too few files may be open")
        return
    users = [1000 + k for k in range(STREAMS)]
    told = daemon.post("/api/events", "\n".join(
        json.dumps({"user_id": str(u), **event_of(f"m-{u}")})
        for u in users).encode(), media="application/x-ndjson").json
    tally.check("a thousand learners", told["accepted"] == STREAMS, told)
    before, files = memory_kb(daemon), files_of(daemon)
    listeners = [Listener(daemon, u, key) for u in users]
    late = [s for s in listeners if not s.begun() or s.status != 200]
    tally.check("all begin", not late, (len(late), late and late[0].head))
    each = (memory_kb(daemon) - before) / STREAMS
    print(f"{STREAMS} streams: {each:.1f} KB of memory each", flush=True)
    with Daemon(db) as second:
        for what, via in (("this server", daemon), ("another", second)):
            for s in listeners:
                s.events.clear()
            lines = "\n".join(
                json.dumps({"user_id": str(u), **event_of(f"{what}-{u}")})
                for u in users).encode()
            told = via.post("/api/events", lines,
                            media="application/x-ndjson").json
            acknowledged = time.monotonic()
            tally.equal(f"{what} takes all", told["accepted"], STREAMS)
            at = hear_all(listeners, 30)
            tally.equal(f"all hear of what {what} was told", len(at), STREAMS)
            late = sorted(max(0., t - acknowledged) for t in at.values())
            if late:
                print(f"after the answer of {what}: half within "
                      f"{late[len(late) // 2]:.3f} s, all within "
                      f"{late[-1]:.3f} s", flush=True)
    for s in listeners:
        s.socket.setblocking(True)
        s.close()
    tally.check("all who left are let go", few_files(daemon, files + 50),
                (files, files_of(daemon)))


def farewell(db, key):
    with Daemon(db) as daemon:
        s = Listener(daemon, 1, key)
        s.begun()
        daemon.stop()
        s.wait(lambda x: x.ended)
        tally.check("a server that stops says when to come back",
                    s.events and s.events[-1][3].get("retry") == "500",
                    s.events)
        s.close()


def main():
    with Folder() as folder:
        db = folder / "piq.db"
        must("catalogue", "load", POKER, "--db", db)
        key = credentials.make_key(db)
        signer = credentials.Signer(db)

        def over_http():
            with Daemon(db, "--person-rate", "0") as daemon:
                for part, *arguments in (
                        (what_is_told, key), (resuming, key), (erased, key),
                        (who_may, key, signer), (taken_back, db),
                        (as_many_as_one_may, signer), (slow_reader, key),
                        (many, key, db)):
                    try:
                        part(daemon, *arguments)
                    except Exception as error:  # pylint: disable=broad-except
                        import traceback
                        traceback.print_exc()
                        tally.check(part.__name__, False, repr(error))

        def stopping():
            farewell(db, key)

        return tally.run([over_http, stopping])


if __name__ == "__main__":
    sys.exit(main())
