#!/usr/bin/python3
"""What befalls PostgreSQL under load, and the network before it.

The server is held (SIGSTOP), restarted, killed and started again, one of its
backends is killed; a proxy between drops, delays, truncates and resets what
goes by. Clients post all the while, and do not give up. After each: the service
is ready again by itself, every event that was acknowledged is there exactly
once, what was refused is taken now, all states replay to the same bytes, and
the log says what was the matter. While the server is away, readiness says so.

PIQ_PGFAULT_ROUNDS: how often all of it (default: once, and only what takes
least time). PIQ_PGFAULT_SEED: other moments. PIQ_PGFAULT_ONLY: which, by name,
with commas. The last line is "N passed, N failed, N skipped".
"""
import contextlib
import http.client
import os
import pathlib
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
sys.dont_write_bytecode = True

from cut_proxy import CutProxy  # noqa: E402
from daemon import POKER, Daemon, Tally, must  # noqa: E402
from load import (  # noqa: E402
    N_LEARNERS, clients_of, end, verify_all, verify_refusals)
from private_postgres import Absent, Server  # noqa: E402

ROUNDS = int(os.environ.get("PIQ_PGFAULT_ROUNDS", "0"))
SHORT = ("held for seconds", "crashed", "network truncates",
         "network does all of it")
ONLY = os.environ.get("PIQ_PGFAULT_ONLY", "")
SEED = int(os.environ.get("PIQ_PGFAULT_SEED", "1"))
N_FIRST = 30     # events of each learner before anything happens
AWAY_S = 4       # longer than the engine waits for a server that refuses
GRACE_S = 10     # what the service gives requests when it is ended
FINISH_S = 5     # and what needs the database, after them, all in all
LATE_S = 5       # to be gone then, on a busy machine
SILENT_S = 9     # and for one that says nothing
BACK_S = 30      # by when it must be ready again
CALM_S = 20      # by then the log says that it is over
READY_S = 1      # readiness answers, whatever happens
BEGINS = "what needs it"
ENDS = "storage serves again"
IMPATIENT = ("connect_timeout=2 piq_patience_ms=500 piq_statement_ms=1500 "
             "piq_pool=4")
PATIENT = "piq_patience_ms=8000 piq_statement_ms=15000"

tally = Tally()


class Watch(threading.Thread):
    """Asks whether the service is ready, all the time."""

    def __init__(self, daemon):
        super().__init__(daemon=True)
        self.server = daemon
        self.seen = []  # (when, status)
        self.slowest_s = 0
        self.over = threading.Event()

    def run(self):
        while not self.over.wait(0.05):
            asked = time.monotonic()
            try:
                status = self.server.get("/readyz").status
            except OSError:
                status = 0
            now = time.monotonic()
            self.slowest_s = max(self.slowest_s, now - asked)
            self.seen.append((now, status))

    def during(self, since, until):
        return [s for t, s in self.seen if since <= t <= until]


def background(said):
    """Warnings and errors that are of no request."""
    return [line for line in said.splitlines()
            if (" warn " in line or " error " in line)
            and "request" not in line]


def check_log(name, said, happens):
    """An outage is told once when it begins and once when it has ended, however
    many tried meanwhile."""
    lines = background(said)
    begun = [line for line in lines if BEGINS in line]
    ended = [line for line in lines if ENDS in line]
    tally.equal(f"{name}: other lines", [
        line for line in lines if line not in begun + ended], [])
    tally.equal(f"{name}: lines of an end", len(ended), len(begun))
    if happens:
        tally.equal(f"{name}: lines of a beginning", len(begun), 1)


def wait_told(daemon):
    """Until the log has told the end of what it told the beginning of."""
    started = time.monotonic()
    while time.monotonic() - started < CALM_S:
        said = daemon.said()
        if said.count(BEGINS) == said.count(ENDS):
            break
        time.sleep(0.1)


def wait_ready(daemon):
    """Seconds until it is; None: it is not."""
    started = time.monotonic()
    while time.monotonic() - started < BACK_S:
        if daemon.get("/readyz").status == 200:
            return time.monotonic() - started
        time.sleep(0.05)
    return None


def under_load(name, db, n_before, fault, truth):
    """`fault()` runs in the middle of the load, and is over when it returns.
    `truth`: it was an outage that readiness must have told."""
    with Daemon(db, "--threads", "8") as daemon:
        watch = Watch(daemon)
        watch.start()
        clients = clients_of(daemon, SEED * 1000 + n_before, steady=True)
        time.sleep(0.7)
        since = time.monotonic()
        fault()
        until = time.monotonic()
        back_s = wait_ready(daemon)
        tally.check(f"{name}: ready again", back_s is not None,
                    daemon.said()[-1500:])
        time.sleep(1.0)
        wait_told(daemon)
        end(clients)
        watch.over.set()
        watch.join(60)
        verify_refusals(tally, clients, name)
        if truth:
            tally.check(f"{name}: readiness told of it",
                        503 in watch.during(since, until + BACK_S),
                        watch.seen[-20:])
        tally.check(f"{name}: readiness always answers",
                    watch.slowest_s < READY_S and
                    0 not in watch.during(since, until), watch.slowest_s)
        n, known, unknown = verify_all(tally, daemon, db, name, clients,
                                       n_before)
        said = daemon.said()
        check_log(name, said, truth or unknown)
        tally.check(f"{name}: no password in the log",
                    "password=" not in said or "password=***" in said,
                    said[-500:])
    tally.equal(f"{name}: exit status", daemon.process.returncode, 0)
    slowest = max(c.slowest_s for c in clients)
    print(f"{name}: {known} acknowledged, {unknown} not, back after "
          f"{back_s if back_s is None else round(back_s, 2)} s, slowest "
          f"answer {slowest:.1f} s, of readiness {watch.slowest_s:.2f} s; "
          f"{len(background(said))} lines", flush=True)
    return n


def faults_of(server):
    def held():
        server.hold()
        time.sleep(SILENT_S)
        server.go_on()

    def restarted():
        server.stop()
        server.start()

    def away():
        server.stop()
        time.sleep(AWAY_S)
        server.start()

    def crashed():
        server.kill()
        server.start()

    return (("held for seconds", held, True), ("restarted", restarted, False),
            ("away for seconds", away, True), ("crashed", crashed, False),
            ("a backend killed", server.kill_backend, False))


def cuts_of(proxy):
    def cut(mode, seconds):
        def run():
            proxy.mode = mode
            time.sleep(seconds)
            proxy.mode = "pass"
        return run

    def at_random():
        for k in range(12):
            proxy.mode = ("reset", "truncate", "drop", "delay")[k % 4]
            time.sleep(0.15)
            proxy.mode = "pass"
            time.sleep(0.1)

    return (("network drops", cut("drop", SILENT_S), True),
            ("network delays", cut("delay", 2), False),
            ("network truncates", cut("truncate", 2), False),
            ("network resets", cut("reset", AWAY_S), True),
            ("network does all of it", at_random, False))


def ended_while_held(server, db):
    """SIGTERM while a request waits for longer than the grace."""
    name = "ended while held"
    event = {"event_id": "held-1", "at": "2026-01-01T00:00:00Z",
             "type": "content_started", "content": 1001}
    with Daemon(db, "--threads", "2") as daemon:
        def ask():
            with contextlib.suppress(OSError, http.client.HTTPException):
                daemon.post("/api/users/1/events", event)

        tally.equal(f"{name}: before", daemon.get("/readyz").status, 200)
        server.hold()
        asking = threading.Thread(target=ask, daemon=True)
        asking.start()
        time.sleep(0.5)
        back = threading.Timer(GRACE_S + 3, server.go_on)
        back.start()
        daemon.stop()
        back.join()
        asking.join(60)
    tally.equal(f"{name}: exit status", daemon.process.returncode, 0)


def ended_and_never_back(server, db, n_before):
    """SIGTERM under load to a service whose database is silent, and stays so:
    all that still wants it shares one time, and then it is over. What was
    acknowledged is there, what was not may be there, once."""
    name = "ended while held for good"
    daemon = Daemon(db, "--threads", "8")
    clients = clients_of(daemon, SEED * 1000 + n_before, steady=True)
    time.sleep(0.7)
    server.hold()
    time.sleep(0.5)
    started = time.monotonic()
    try:
        status = daemon.stop()
    except subprocess.TimeoutExpired:
        status = None
        daemon.kill()
    took_s = time.monotonic() - started
    end(clients)
    said = daemon.said()
    tally.check(f"{name}: in time", took_s < GRACE_S + FINISH_S + LATE_S,
                took_s)
    tally.equal(f"{name}: exit status", status, 1)
    tally.check(f"{name}: the last line says why",
                "stopped without storage" in said.splitlines()[-1],
                said[-1500:])
    server.go_on()
    with Daemon(db) as after:
        n, known, unknown = verify_all(tally, after, db, name, clients,
                                       n_before)
    print(f"{name}: {known} acknowledged, {unknown} not, gone after "
          f"{took_s:.1f} s; {len(background(said))} lines", flush=True)
    return n


def run_with(server):
    direct = f"postgres:{server.conninfo()} {IMPATIENT}"
    must("simulate", "--learners", N_LEARNERS, "--events", N_FIRST, "--days",
         30, "--curriculum", POKER, "--db", direct)
    n = N_LEARNERS * N_FIRST

    def chosen(faults):
        names = ONLY.split(",") if ONLY else SHORT
        return [f for f in faults
                if f[0] in names or ROUNDS and not ONLY]

    for _ in range(ROUNDS or 1):
        for name, fault, truth in chosen(faults_of(server)):
            n = under_load(name, direct, n, fault, truth)
        with CutProxy("127.0.0.1", server.cluster.port) as proxy:
            there = f"postgres:{server.conninfo(proxy.port)} {IMPATIENT}"
            for name, fault, truth in chosen(cuts_of(proxy)):
                n = under_load(name, there, n, fault, truth)
    patient = f"postgres:{server.conninfo()} {PATIENT}"
    if ROUNDS or "ended while held for good" in ONLY.split(","):
        n = ended_and_never_back(server, patient, n)
    if ROUNDS or "ended while held" in ONLY.split(","):
        ended_while_held(server, patient)


def postgres():
    try:
        server = Server()
    except Absent as error:
        tally.skip("faults of PostgreSQL", f"{error}".upper())
        return
    with server:
        run_with(server)


if __name__ == "__main__":
    sys.exit(tally.run([postgres]))
