"""What bench/run and bench/scale share: programs, servers, requests, tables."""

import contextlib
import http.client
import json
import os
import pathlib
import random
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
PIQ = os.environ.get("PIQ_BIN", str(ROOT / "build" / "piq"))


def fail(message):
    sys.exit(f"bench: {message}")


def program(name):
    """A program of bench/, as the Makefile builds it."""
    path = ROOT / "build" / "bench" / name
    if not path.exists():
        fail(f"{path.relative_to(ROOT)} is missing; run make bench-programs")
    return str(path)


def raise_file_limit():
    """A connection is a descriptor, on both sides."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    want = 65536 if hard == resource.RLIM_INFINITY else hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (want, hard))
    if want < 4096:
        fail(f"only {want} open files are allowed (ulimit -Hn); 4096 needed")


@contextlib.contextmanager
def workspace():
    """A folder on the disk of the build tree: /tmp may be memory, where a
    commit costs nothing."""
    (ROOT / "build").mkdir(exist_ok=True)
    path = tempfile.mkdtemp(prefix="bench-", dir=ROOT / "build")
    try:
        yield pathlib.Path(path)
    finally:
        shutil.rmtree(path, ignore_errors=True)


def run(argv, what, **more):
    """Standard output of a program that must succeed, and its seconds."""
    begun = time.monotonic()
    done = subprocess.run(argv, text=True, stdout=subprocess.PIPE, **more)
    if done.returncode != 0:
        fail(f"{what} ended with {done.returncode}: {' '.join(argv)}")
    return done.stdout, time.monotonic() - begun


def free_port():
    """Below the ports that the kernel gives to clients: between our look and
    the server's start, one of a thousand of those could take it."""
    for port in random.sample(range(20000, 32000), 100):
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                s.bind(("127.0.0.1", port))
                return port
    return fail("no free port between 20000 and 32000")


class Server:
    """A server process on a port of its own, while the block lasts."""

    def __init__(self, argv, ready, log, key=None):
        """`argv` gets the port for "{port}"; `ready` is a path to GET; `key`
        goes along with what is asked."""
        self.headers = {"Authorization": f"Bearer {key}"} if key else {}
        self.port = free_port()
        self.argv = [a.replace("{port}", str(self.port)) for a in argv]
        self.ready = ready
        self.log = log
        self.start_s = None

    def __enter__(self):
        begun = time.monotonic()
        self.out = open(self.log, "ab")
        self.process = subprocess.Popen(
            self.argv, cwd=ROOT, stdin=subprocess.DEVNULL,
            stdout=self.out, stderr=self.out)
        while not self.answers():
            if self.process.poll() is not None:
                fail(f"{self.argv[0]} ended at once:\n{self.tail()}")
            if time.monotonic() - begun > 300:
                self.process.kill()
                fail(f"{self.argv[0]} is not ready after 300 s")
            time.sleep(0.005)
        self.start_s = time.monotonic() - begun
        return self

    def __exit__(self, kind, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            code = "no end at all"
        self.out.close()
        if code != 0 and kind is None:
            fail(f"{self.argv[0]} answered SIGTERM with {code}:\n"
                 f"{self.tail()}")

    def tail(self):
        return pathlib.Path(self.log).read_text(errors="replace")[-2000:]

    def answers(self):
        try:
            return self.get(self.ready)[0] == 200
        except OSError:
            return False

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def get(self, path):
        c = self.connect()
        try:
            c.request("GET", path, headers=self.headers)
            reply = c.getresponse()
            return reply.status, reply.read()
        finally:
            c.close()

    def cpu_s(self):
        """Of its threads now; the kernel's own count, not its ticks."""
        tasks = pathlib.Path(f"/proc/{self.process.pid}/task")
        return sum(int((t / "schedstat").read_text().split()[0])
                   for t in tasks.iterdir()) / 1e9

    def memory_mib(self, peak=False):
        name = "VmHWM:" if peak else "VmRSS:"
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        for line in status.splitlines():
            if line.startswith(name):
                return int(line.split()[1]) / 1024
        return float("nan")


def make_key(db):
    """An API key with every scope."""
    out, _ = run([PIQ, "key", "create", "--json", "--name", "bench", "--scope",
                  "events:write,profile:read,recommendations:read,admin",
                  "--db", str(db)], "piq key create")
    return json.loads(out)["key"]


def piq_server(db, log):
    return Server([PIQ, "serve", "--db", str(db), "--port", "{port}"],
                  "/readyz", log, make_key(db))


def header_lines(server):
    return [f"{name}: {value}" for name, value in server.headers.items()]


def bare_server(n_bytes, log):
    return Server([program("bare_server"), "{port}", str(n_bytes)], "/", log)


def simulate(db, learners, events):
    """Seconds it took."""
    _, took = run([PIQ, "simulate", "--learners", str(learners), "--events",
                   str(events), "--db", str(db)], "piq simulate", cwd=ROOT)
    return took


def quantile(values, q):
    ordered = sorted(values)
    return ordered[min(int(q * len(ordered)), len(ordered) - 1)]


def table(head, rows):
    """First column to the left, numbers to the right."""
    rows = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(r[i]) for r in [head, *rows]) for i in range(len(head))]

    def line(cells):
        first = cells[0].ljust(widths[0])
        rest = [c.rjust(w) for c, w in zip(cells[1:], widths[1:])]
        return "  ".join([first, *rest]).rstrip()

    print(line(head))
    print("  ".join("-" * w for w in widths))
    for row in rows:
        print(line(row))
    print(flush=True)


def verdict(met):
    return "met" if met else "NOT MET"


def section(title):
    print(f"== {title}\n", flush=True)


def write_json(path, value):
    if path:
        pathlib.Path(path).write_text(json.dumps(value, indent=1) + "\n")
