"""Starts the built program for the tests in Python, and asks it over HTTP.

PIQ_BIN names the program (default build/piq). Every file lives in a directory
of its own that goes when the test ends. Nothing here knows what the replies
mean: contract_check.py does.
"""
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading

ROOT = pathlib.Path(__file__).resolve().parents[2]
PIQ = os.environ.get("PIQ_BIN", str(ROOT / "build" / "piq"))
POKER = ROOT / "content" / "poker.json"
MUSIC = ROOT / "tests" / "golden" / "curriculum-music.json"
SHARED = pathlib.Path(os.environ.get("PIQ_SHARED", ROOT / ".." / "shared"))
TIMEOUT_S = 60


def strict(text):
    """JSON as RFC 8259 has it: no NaN, no member twice."""
    def no_constant(name):
        raise ValueError(f"{name} is not JSON")

    def no_twice(pairs):
        made = dict(pairs)
        if len(made) != len(pairs):
            raise ValueError("a member is there twice")
        return made

    return json.loads(text, parse_constant=no_constant,
                      object_pairs_hook=no_twice)


class Tally:
    """Counts checks; says only what failed, and the sum."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def check(self, what, holds, detail=""):
        if holds:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED {what}: {str(detail)[:1500]}", flush=True)
        return bool(holds)

    def equal(self, what, found, expected):
        return self.check(what, found == expected,
                          f"{found!r}, not {expected!r}")

    def skip(self, what, why):
        self.skipped += 1
        print(f"SKIPPED {what}: {why}", flush=True)

    def run(self, parts):
        """Each part by itself: one that breaks fails, the others go on."""
        for part in parts:
            try:
                part()
            except Exception as error:  # pylint: disable=broad-except
                import traceback
                traceback.print_exc()
                self.check(part.__name__, False, repr(error))
        return self.end()

    def end(self):
        print(f"{self.passed} passed, {self.failed} failed, "
              f"{self.skipped} skipped", flush=True)
        return 1 if self.failed else 0


class Folder:
    """A directory for the length of a `with`."""

    def __enter__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="piq-test-"))
        return self.path

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)


def piq(*arguments, **more):
    """Runs a subcommand to its end: a CompletedProcess with text."""
    settings = {"capture_output": True, "text": True, "timeout": TIMEOUT_S,
                "stdin": subprocess.DEVNULL, **more}
    if "input" in more:
        del settings["stdin"]
    return subprocess.run([PIQ, *map(str, arguments)], check=False, **settings)


def must(*arguments, **more):
    done = piq(*arguments, **more)
    if done.returncode != 0:
        raise RuntimeError(f"piq {' '.join(map(str, arguments))} gave "
                           f"{done.returncode}: {done.stderr}")
    return done.stdout


class Reply:
    def __init__(self, method, path, status, headers, body):
        self.method = method
        self.path = path
        self.status = status
        self.headers = headers  # names in lower case
        self.body = body

    @property
    def json(self):
        return strict(self.body.decode("utf-8"))

    @property
    def version(self):
        return int(self.headers["etag"].strip('"'))

    def __repr__(self):
        return f"{self.method} {self.path}: {self.status} {self.body[:600]!r}"


KEYS = {}  # of each database: a key with every scope


def key_of(db):
    """Made once, so that a test that starts a daemon often stays quick."""
    import credentials
    if str(db) not in KEYS:
        KEYS[str(db)] = credentials.make_key(db)
    return KEYS[str(db)]


class Daemon:
    """`piq serve` on a free port. A `with` ends it by SIGTERM. Requests carry a
    key with every scope, unless `key` is another one, or None."""

    def __init__(self, db, *arguments, preexec=None, wrapper=(), key=""):
        self.db = db
        self.key = key_of(db) if key == "" else key
        self.source = None
        self.local = threading.local()
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [*wrapper, PIQ, "serve", "--db", str(db), "--port", "0",
             *arguments],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.log,
            preexec_fn=preexec)
        line = self.process.stdout.readline().decode()
        found = re.match(r"serving on http://127\.0\.0\.1:(\d+)\n", line)
        if not found:
            self.process.wait(TIMEOUT_S)
            raise RuntimeError(f"piq serve said {line!r}; {self.said()}")
        self.port = int(found[1])

    def said(self):
        self.log.seek(0)
        return self.log.read().decode("utf-8", "replace")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        """SIGTERM; the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(TIMEOUT_S)
        self.process.stdout.close()
        return status

    def kill(self):
        self.process.kill()
        self.process.wait(TIMEOUT_S)
        self.process.stdout.close()

    def _connection(self):
        if getattr(self.local, "connection", None) is None:
            self.local.connection = http.client.HTTPConnection(
                "127.0.0.1", self.port, timeout=TIMEOUT_S,
                source_address=self.source and (self.source, 0))
            self.local.connection.connect()
            self.local.connection.sock.setsockopt(
                socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self.local.connection

    def come_from(self, address):
        """What this thread asks next comes from another address, of 127/8."""
        if getattr(self.local, "connection", None):
            self.local.connection.close()
        self.local.connection = None
        self.source = address

    def _first_of_stream(self, answer):
        """It has no end: what comes first is enough."""
        data = b"" if answer._method == "HEAD" else answer.read1()
        self.local.connection.close()
        self.local.connection = None
        return data

    def ask(self, method, path, body=None, headers=None, media=None):
        """`body` is bytes, or a value that goes as JSON. One connection a
        thread; a broken one raises, and the next call makes a new one."""
        head = dict(headers or {})
        if self.key:
            head.setdefault("Authorization", f"Bearer {self.key}")
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        if body is not None:
            head.setdefault("Content-Type", media or "application/json")
        try:
            connection = self._connection()
            connection.request(method, path, body, head)
            answer = connection.getresponse()
            if answer.getheader("Content-Type") == "text/event-stream":
                data = self._first_of_stream(answer)
            else:
                data = answer.read()
        except (OSError, http.client.HTTPException):
            if getattr(self.local, "connection", None):
                self.local.connection.close()
            self.local.connection = None
            raise
        return Reply(method, path, answer.status,
                     {k.lower(): v for k, v in answer.getheaders()}, data)

    def get(self, path, **more):
        return self.ask("GET", path, **more)

    def post(self, path, body, **more):
        return self.ask("POST", path, body, **more)

    def put(self, path, body, **more):
        return self.ask("PUT", path, body, **more)
