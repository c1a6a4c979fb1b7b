#!/usr/bin/python3
"""Learners spread over three PostgreSQL clusters, one of which goes away.

Four clusters of their own are started: a coordinator and three shards, found by
it as foreign servers (postgres_fdw). Clients post all the while, single events
and lists of learners of all shards. One shard is stopped, killed or held
(SIGSTOP): its learners are answered 503 by a problem that names the shard, all
others are served and learn, one by one and in one batch with those who cannot.
Then it is started again: its learners are served, every event that was
acknowledged is there exactly once, what was refused is taken now, nothing is
left prepared, and all states replay to the same bytes.

PIQ_SHARDS_ROUNDS: how often (default 1, of each kind). PIQ_SHARDS_SEED: other
moments. The last line is "N passed, N failed, N skipped".
"""
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
sys.dont_write_bytecode = True

from daemon import POKER, Daemon, Folder, Tally, must  # noqa: E402
from load import (  # noqa: E402
    N_LEARNERS, again, clients_of, end, verify_all, verify_refusals)
from private_postgres import TOOL, Absent, descendants  # noqa: E402

N_SHARDS = 3
AWAY = 1         # which of them goes
ROUNDS = int(os.environ.get("PIQ_SHARDS_ROUNDS", "1"))
SEED = int(os.environ.get("PIQ_SHARDS_SEED", "1"))
N_FIRST = 30     # events of each learner before anything happens
NOTICED_S = 20   # by when the engine must have noticed
BACK_S = 30      # by when it must serve them again
START_S = 60
IMPATIENT = ("connect_timeout=2 piq_patience_ms=500 piq_statement_ms=1500 "
             "piq_pool=4")

tally = Tally()


class Clusters:
    """Coordinator and shards, for the length of a `with`."""

    def __init__(self):
        TOOL.server_folder()
        self.host = TOOL.Host()
        self.home = TOOL.Cluster(self.host)

    def __enter__(self):
        try:
            self.home.make()
            self.shards = TOOL.make_shards(self.home, N_SHARDS)
            self.home.start()
            self.home.fill()
            TOOL.start_shards(self.shards)
        except BaseException:
            self.host.close()
            raise
        # In the order in which they were started, the coordinator first.
        self.processes = self.host.children[1:]
        return self

    def __exit__(self, *_):
        self.host.close()

    def conninfo(self):
        names = ",".join(s.name for s in self.shards)
        return (f"postgres:{self.home.conninfo()} piq_shards={names} "
                f"{IMPATIENT}")

    def ask(self, shard, sql):
        """Lines of what a shard's database says, seen as the engine does."""
        done = subprocess.run(
            [self.home._program("psql"), "-X", "-q", "-t", "-A", "-d",
             self.shards[shard].conninfo(), "-c", "SET piq.tenant = '*'",
             "-c", "SET search_path = piq", "-c", sql], check=True, text=True,
            stdout=subprocess.PIPE)
        return done.stdout.split()

    def stop(self, shard):
        self.processes[shard].send_signal(signal.SIGINT)
        self.processes[shard].wait(START_S)

    def kill(self, shard):
        """The server and all of its processes at once."""
        pids = [self.processes[shard].pid,
                *descendants(self.processes[shard].pid)]
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.processes[shard].wait(START_S)

    def hold(self, shard):
        """It refuses nobody, and answers nobody."""
        self.held = [self.processes[shard].pid,
                     *descendants(self.processes[shard].pid)]
        for pid in self.held:
            os.kill(pid, signal.SIGSTOP)

    def go_on(self, _shard):
        for pid in self.held:
            os.kill(pid, signal.SIGCONT)

    def start(self, shard):
        until = time.monotonic() + START_S
        while True:
            try:
                self.shards[shard].start()
                self.processes[shard] = self.host.children[-1]
                return
            except RuntimeError:
                self.host.children.pop()
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)


def learners_of(clusters):
    """By shard."""
    return [[int(u) for u in clusters.ask(
        i, "SELECT user_id FROM learner_state ORDER BY 1")]
        for i in range(N_SHARDS)]


class Poster:
    """One event at a time, remembered as the clients of load.py do."""

    def __init__(self, daemon, mark):
        self.daemon = daemon
        self.mark = mark
        self.n = 0
        self.content = daemon.get("/api/catalogue").json["contents"][0]["id"]
        self.acknowledged = []
        self.unknown = []

    def event(self):
        self.n += 1
        return {"event_id": f"{self.mark}-{self.n}", "type": "answer",
                "content": self.content, "correct": self.n % 3 > 0,
                "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}

    def one(self, user):
        event = self.event()
        reply = self.daemon.post(f"/api/users/{user}/events", event)
        (self.acknowledged if reply.status == 200 else self.unknown).append(
            (user, event))
        return reply

    def batch(self, users):
        """NDJSON of all of them: what became of each."""
        pairs = [(u, self.event()) for u in users]
        text = "".join(json.dumps({"user_id": str(u), **e}) + "\n"
                       for u, e in pairs)
        reply = self.daemon.post("/api/events", text.encode(),
                                 media="application/x-ndjson")
        # Who was taken is asked for afterwards.
        self.unknown += pairs
        return reply, pairs


def wait_for(what, seconds, holds):
    started = time.monotonic()
    while time.monotonic() - started < seconds:
        if holds():
            return time.monotonic() - started
        time.sleep(0.1)
    tally.check(what, False, f"not within {seconds} s")
    return None


def check_away(name, daemon, poster, lost, others):
    """Only those of the shard are refused, and are told why."""
    noticed = wait_for(f"{name}: noticed", NOTICED_S,
                       lambda: poster.one(lost[0]).status == 503)
    # The first to ask have waited for all of us.
    wait_for(f"{name}: others served", NOTICED_S,
             lambda: poster.one(others[0]).status == 200)
    slowest = 0.0
    for user in lost:
        reply = poster.one(user)
        tally.equal(f"{name}: learner of the lost shard", reply.status, 503)
        tally.check(f"{name}: the problem names the shard",
                    b"shard_1" in reply.body, reply.body)
    for user in others:
        before = daemon.get(f"/api/users/{user}/profile")
        tally.equal(f"{name}: profile of another", before.status, 200)
        started = time.monotonic()
        tally.equal(f"{name}: event of another", poster.one(user).status, 200)
        slowest = max(slowest, time.monotonic() - started)
        tally.equal(f"{name}: recommendations of another", daemon.get(
            f"/api/users/{user}/recommendations").status, 200)
        after = daemon.get(f"/api/users/{user}/profile")
        tally.check(f"{name}: another learns", before.body != after.body,
                    after.body[:300])
    _, pairs = poster.batch(lost + others)
    for (user, event), (_, told) in zip(pairs, again(daemon, pairs)):
        if user in others:
            tally.equal(f"{name}: another in one batch with the lost", told,
                        "duplicate")
        else:
            tally.check(f"{name}: the lost in one batch", "503" in told, told)
    tally.equal(f"{name}: ready for those who are served",
                daemon.get("/readyz").status, 200)
    return noticed, slowest


def check_all(name, clusters, daemon, sources, n_before, db):
    told = verify_all(tally, daemon, db, name, sources, n_before)
    wait_for(f"{name}: nothing is left prepared", BACK_S, lambda: not [
        g for i in range(N_SHARDS)
        for g in clusters.ask(i, "SELECT gid FROM pg_prepared_xacts")])
    return told


def outage(name, clusters, n_before, go, come, seed):
    db = clusters.conninfo()
    shards = learners_of(clusters)
    lost = shards[AWAY]
    others = [u for i, s in enumerate(shards) if i != AWAY for u in s]
    with Daemon(db, "--threads", "8") as daemon:
        clients = clients_of(daemon, seed, steady=True)
        poster = Poster(daemon, f"p{seed:x}")
        time.sleep(1.0)
        go(AWAY)
        noticed, slowest = check_away(name, daemon, poster, lost, others)
        come(AWAY)
        back = wait_for(f"{name}: its learners are served again", BACK_S,
                        lambda: poster.one(lost[0]).status == 200)
        for user in lost:
            tally.equal(f"{name}: back", poster.one(user).status, 200)
        time.sleep(1.0)
        end(clients)
        verify_refusals(tally, clients, name)
        n, known, unknown = check_all(name, clusters, daemon,
                                      [*clients, poster], n_before, db)
        said = daemon.said()
        tally.check(f"{name}: the log says so", "shard_1" in said,
                    said[-1500:])
        tally.check(f"{name}: no password in the log",
                    all(s.password not in said for s in clusters.shards),
                    said[-500:])
    tally.equal(f"{name}: exit status", daemon.process.returncode, 0)
    print(f"{name}: {known} acknowledged, {unknown} not; noticed after "
          f"{noticed or 0:.1f} s, then another's event took at most "
          f"{slowest:.2f} s; back after {back or 0:.1f} s", flush=True)
    return n


def spread():
    try:
        clusters = Clusters()
    except Absent as error:
        tally.skip("shards", f"{error}".upper())
        return
    with clusters:
        db = clusters.conninfo()
        must("simulate", "--learners", N_LEARNERS, "--events", N_FIRST,
             "--days", 30, "--curriculum", POKER, "--db", db)
        tally.check("every shard has some", all(learners_of(clusters)),
                    learners_of(clusters))
        n = N_LEARNERS * N_FIRST
        for k in range(ROUNDS):
            for i, (name, go, come) in enumerate((
                    ("a shard stopped", clusters.stop, clusters.start),
                    ("a shard killed", clusters.kill, clusters.start),
                    ("a shard held", clusters.hold, clusters.go_on))):
                n = outage(name, clusters, n, go, come,
                           SEED * 1000 + 3 * k + i)
        with Folder() as folder:  # compares the digest of every table
            told = must("migrate", "--from", db, "--to", folder / "piq.db")
            tally.check("all of it, into one file", "arrived" in told, told)


if __name__ == "__main__":
    sys.exit(tally.run([spread]))
