#!/usr/bin/python3
"""kill -9 in the middle of the work: what was acknowledged is there.

Clients post single events, lists and NDJSON, late ones among them, and read;
at some moment the daemon is killed. After each restart every event that was
acknowledged is posted again and must be a duplicate; all states must replay
to the same bytes and the file must be whole. SIGTERM under the same load must
end with status 0, with no request in flight left unanswered.

On a file, and on PostgreSQL where PIQ_TEST_POSTGRES names one (with_postgres).

PIQ_KILL9_S: seconds to go on for (default 15), on each. PIQ_KILL9_ROUNDS: go on
for at least so many kills (default 3). PIQ_KILL9_SEED: other moments.
The last line is "N passed, N failed, N skipped".
"""
import os
import pathlib
import random
import sqlite3
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
sys.dont_write_bytecode = True

from daemon import POKER, Daemon, Folder, Tally, must, strict  # noqa: E402
from load import N_CLIENTS, N_LEARNERS, clients_of, verify  # noqa: E402

SECONDS = float(os.environ.get("PIQ_KILL9_S", "15"))
SEED = int(os.environ.get("PIQ_KILL9_SEED", "1"))
ROUNDS = int(os.environ.get("PIQ_KILL9_ROUNDS", "3"))  # at least
POSTGRES = os.environ.get("PIQ_TEST_POSTGRES")

tally = Tally()


def collect(clients):
    pairs = []
    for client in clients:
        client.join(60)
        tally.check("the client ended", not client.is_alive())
        tally.equal("refusals", client.refused, [])
        pairs += client.acknowledged
    return pairs


def check_file(db, what):
    told = strict(must("replay", "--json", "--db", db))
    tally.equal(f"{what}: states that replay otherwise", told["differing"], 0)
    if isinstance(db, str):  # no file
        return
    file = sqlite3.connect(db)
    tally.equal(f"{what}: integrity", file.execute(
        "PRAGMA integrity_check").fetchall(), [("ok",)])
    tally.equal(f"{what}: foreign keys", file.execute(
        "PRAGMA foreign_key_check").fetchall(), [])
    file.close()


def kill_again_and_again(db):
    rng = random.Random(SEED)
    until = time.monotonic() + SECONDS
    everything = []
    rounds = 0
    pending = []
    while time.monotonic() < until or rounds < ROUNDS:
        rounds += 1
        daemon = Daemon(db)
        verify(tally, daemon, pending, f"round {rounds}")
        clients = clients_of(daemon, SEED * 100000 + rounds)
        time.sleep(rng.choice((0.03, 0.3, 0.8)) * rng.random() + 0.02)
        daemon.kill()
        pending = collect(clients)
        everything += pending
        if rounds % 8 == 0:
            check_file(db, f"round {rounds}")
    with Daemon(db) as daemon:
        verify(tally, daemon, everything, "in the end")
    check_file(db, "in the end")
    print(f"{rounds} kills, {len(everything)} acknowledged events on "
          f"{'PostgreSQL' if isinstance(db, str) else 'SQLite'}")
    tally.check("there was something to lose", len(everything) > 100)


def terminate_under_load(db):
    everything = []
    for seed in range(3):
        daemon = Daemon(db)
        clients = clients_of(daemon, 900000 + SEED * 10 + seed)
        time.sleep(0.5)
        status = daemon.stop()
        tally.equal(f"exit status; it said {daemon.said()[-500:]}", status, 0)
        everything += collect(clients)
        # A request may meet the closing of an idle connection: at most the
        # last one of each client; it was then not read, or it is stored.
        tally.check("clients saw a clean end", sum(
            c.unanswered for c in clients) <= N_CLIENTS)
    with Daemon(db) as daemon:
        verify(tally, daemon, everything, "after SIGTERM")
    check_file(db, "after SIGTERM")


def fill(db):
    must("simulate", "--learners", N_LEARNERS, "--events", 30, "--days", 30,
         "--curriculum", POKER, "--db", db)


def main():
    with Folder() as folder:
        db = folder / "piq.db"
        fill(db)

        def kill9():
            kill_again_and_again(db)

        def sigterm():
            terminate_under_load(db)

        def postgres():
            if not POSTGRES:
                tally.skip("kill9 on PostgreSQL", "NO PIQ_TEST_POSTGRES")
                return
            there = f"postgres:{POSTGRES} piq_schema=kill9"
            fill(there)
            kill_again_and_again(there)
            terminate_under_load(there)

        return tally.run([kill9, sigterm, postgres])


if __name__ == "__main__":
    sys.exit(main())
