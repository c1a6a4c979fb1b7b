#!/usr/bin/python3
"""kill -9 in the middle of the work: what was acknowledged is there.

Clients post single events, lists and NDJSON, late ones among them, and read;
at some moment the daemon is killed. After each restart every event that was
acknowledged is posted again and must be a duplicate; all states must replay
to the same bytes and the file must be whole. SIGTERM under the same load must
end with status 0, with no request in flight left unanswered.

PIQ_KILL9_S: seconds to go on for (default 15). PIQ_KILL9_SEED: other moments.
The last line is "N passed, N failed, N skipped".
"""
import datetime
import http.client
import json
import os
import pathlib
import random
import sqlite3
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
sys.dont_write_bytecode = True

from daemon import POKER, Daemon, Folder, Tally, must, strict  # noqa: E402

SECONDS = float(os.environ.get("PIQ_KILL9_S", "15"))
SEED = int(os.environ.get("PIQ_KILL9_SEED", "1"))
N_CLIENTS = 6
N_LEARNERS = 12  # few, so that clients meet at the same learner

tally = Tally()


class Client(threading.Thread):
    """Posts until the daemon is gone; remembers what was acknowledged."""

    def __init__(self, daemon, number, seed, contents):
        super().__init__(daemon=True)
        self.server = daemon
        self.rng = random.Random(seed)
        self.number = number
        self.contents = contents
        self.mark = f"{number}-{seed:x}"
        self.n = 0
        self.acknowledged = []  # (user, event)
        self.unanswered = 0  # sent, and the connection broke
        self.refused = []    # replies that are no 200
        self.stop = threading.Event()

    def event(self):
        self.n += 1
        # A third belongs between those already folded.
        back_s = self.rng.choice((0, 0, self.rng.uniform(0, 86400 * 20)))
        at = datetime.datetime.now(datetime.timezone.utc) - \
            datetime.timedelta(seconds=back_s)
        made = {"event_id": f"{self.mark}-{self.n}",
                "at": at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")}
        content = self.rng.choice(self.contents)
        if self.rng.random() < 0.2:
            return {**made, "type": "content_completed", "content": content}
        return {**made, "type": "answer", "content": content,
                "correct": self.rng.random() < 0.6}

    def post(self, path, body, pairs, media=None):
        reply = self.server.post(path, body, media=media)
        if reply.status != 200:
            self.refused.append(reply)
            return
        told = reply.json
        if told["accepted"] + told["duplicates"] == len(pairs):
            self.acknowledged += pairs
        else:
            self.refused.append(reply)

    def once(self):
        user = self.rng.randrange(1, N_LEARNERS + 1)
        what = self.rng.random()
        if what < 0.5:
            event = self.event()
            self.post(f"/api/users/{user}/events", event, [(user, event)])
        elif what < 0.75:
            events = [self.event() for _ in range(self.rng.randrange(1, 30))]
            self.post(f"/api/users/{user}/events", events,
                      [(user, e) for e in events])
        elif what < 0.9:
            pairs = [(self.rng.randrange(1, N_LEARNERS + 1), self.event())
                     for _ in range(self.rng.randrange(1, 40))]
            text = "".join(json.dumps({"user_id": str(u), **e}) + "\n"
                           for u, e in pairs)
            self.post("/api/events", text.encode(), pairs,
                      media="application/x-ndjson")
        else:
            self.server.get(f"/api/users/{user}/" + self.rng.choice(
                ("recommendations", "learning-path", "profile")))

    def run(self):
        while not self.stop.is_set():
            try:
                self.once()
            except ConnectionRefusedError:
                return
            except (OSError, http.client.HTTPException):
                self.unanswered += 1
                return


def clients_of(daemon, seed):
    contents = [c["id"] for c in daemon.get("/api/catalogue").json["contents"]]
    made = [Client(daemon, k, seed * 1000 + k, contents)
            for k in range(N_CLIENTS)]
    for client in made:
        client.start()
    return made


def collect(clients):
    pairs = []
    for client in clients:
        client.join(60)
        tally.check("the client ended", not client.is_alive())
        tally.equal("refusals", client.refused, [])
        pairs += client.acknowledged
    return pairs


def verify(daemon, pairs, what):
    """Each acknowledged event, posted again, is a duplicate."""
    lost = []
    by_user = {}
    for user, event in pairs:
        by_user.setdefault(user, []).append(event)
    for user, events in by_user.items():
        for k in range(0, len(events), 1000):
            reply = daemon.post(f"/api/users/{user}/events",
                                events[k:k + 1000])
            if reply.status != 200:
                lost.append(reply)
                continue
            lost += [r["event_id"] for r in reply.json["results"]
                     if r["status"] != "duplicate"]
    tally.equal(f"{what}: lost of {len(pairs)} acknowledged events", lost, [])


def check_file(db, what):
    told = strict(must("replay", "--json", "--db", db))
    tally.equal(f"{what}: states that replay otherwise", told["differing"], 0)
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
    while time.monotonic() < until or rounds < 3:
        rounds += 1
        daemon = Daemon(db)
        verify(daemon, pending, f"round {rounds}")
        clients = clients_of(daemon, SEED * 100000 + rounds)
        time.sleep(rng.choice((0.03, 0.3, 0.8)) * rng.random() + 0.02)
        daemon.kill()
        pending = collect(clients)
        everything += pending
        if rounds % 8 == 0:
            check_file(db, f"round {rounds}")
    with Daemon(db) as daemon:
        verify(daemon, everything, "in the end")
    check_file(db, "in the end")
    print(f"{rounds} kills, {len(everything)} acknowledged events")
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
        verify(daemon, everything, "after SIGTERM")
    check_file(db, "after SIGTERM")


def main():
    with Folder() as folder:
        db = folder / "piq.db"
        must("simulate", "--learners", N_LEARNERS, "--events", 30, "--days",
             30, "--curriculum", POKER, "--db", db)

        def kill9():
            kill_again_and_again(db)

        def sigterm():
            terminate_under_load(db)

        return tally.run([kill9, sigterm])


if __name__ == "__main__":
    sys.exit(main())
