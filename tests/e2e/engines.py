#!/usr/bin/python3
"""Three engines on one database, behind a client that asks them in turn.

They answer as one process does that was given the same; what is sent to all of
them at once ends in the state of the serial fold; one that is stopped or killed
takes nothing along, and another leads; what is erased, or put in force, through
one is seen by all.

On PostgreSQL (PIQ_TEST_POSTGRES, from tools/with_postgres), and on one SQLite
file. PIQ_ENGINES_S: seconds of load before one is stopped (default 2).
The last line is "N passed, N failed, N skipped".
"""
import datetime
import json
import os
import pathlib
import random
import re
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
sys.dont_write_bytecode = True

from daemon import (POKER, Daemon, Folder, Tally, must, piq,  # noqa: E402
                    strict)
from load import Client, verify  # noqa: E402

SECONDS = float(os.environ.get("PIQ_ENGINES_S", "2"))
POSTGRES = os.environ.get("PIQ_TEST_POSTGRES")
N_ENGINES = 3
N_LEARNERS = 24
SEEN_S = 2         # by then all engines know
LEASE_S = 15       # of the leader
HANDOVER_S = 3 * LEASE_S
LEADS = "this process leads"
CURRICULUM = json.loads(pathlib.Path(POKER).read_text(encoding="utf-8"))
ITEMS = [item["id"] for item in CURRICULUM["items"]]

tally = Tally()

ROUTES = ("profile", "learning-path", "recommendations",
          "recommendations?limit=3&type=lesson", "progress-analytics",
          "skill-predictions", "reviews", "answer-prediction?item=100101")
APART_S = 10  # at most, between two answers that are compared
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


def instant(text):
    return datetime.datetime.fromisoformat(text[:19] + "+00:00").timestamp()


def is_close(a, b):
    """Worked out moments apart: instants counted from now, and numbers that
    age with it, in the last place."""
    if isinstance(a, str) and isinstance(b, str):
        return INSTANT.fullmatch(a) and INSTANT.fullmatch(b) and \
            abs(instant(a) - instant(b)) <= APART_S
    number = (int, float)
    return (isinstance(a, number) and isinstance(b, number) and
            not isinstance(a, bool) and abs(a - b) <= 1e-3 * max(1, abs(a)))


def differences(a, b, exact, where=""):
    """What differs between two answers, as_of aside."""
    if isinstance(a, dict) and isinstance(b, dict):
        found = [] if a.keys() == b.keys() else [f"{where}: members"]
        for key in a.keys() & b.keys() - {"as_of"}:
            found += differences(a[key], b[key], exact, f"{where}/{key}")
        return found
    if isinstance(a, list) and isinstance(b, list):
        if len(a) != len(b):
            return [f"{where}: {len(a)} and {len(b)}"]
        return [d for k in range(len(a))
                for d in differences(a[k], b[k], exact, f"{where}/{k}")]
    return [] if a == b or not exact and is_close(a, b) else [f"{where}: {a!r} and {b!r}"]


def await_that(holds, seconds):
    """Whether it came to hold, and after how long."""
    started = time.monotonic()
    while not holds():
        if time.monotonic() - started > seconds:
            return False
        time.sleep(0.02)
    return True


class Engines:
    """Three daemons; asks one after the other."""

    def __init__(self, db):
        self.db = db
        self.daemons = [Daemon(db) for _ in range(N_ENGINES)]
        self.next = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for daemon in self.daemons:
            if daemon.process.poll() is None:
                daemon.stop()

    def ask(self, method, path, body=None, **more):
        self.next += 1
        daemon = self.daemons[self.next % len(self.daemons)]
        return daemon.ask(method, path, body, **more)

    def get(self, path):
        return self.ask("GET", path)

    def post(self, path, body, **more):
        return self.ask("POST", path, body, **more)

    def leader(self):
        """Who leads. One says so once, and ends leading with its life."""
        await_that(lambda: any(LEADS in d.said() for d in self.daemons),
                   HANDOVER_S)
        for daemon in self.daemons:
            if LEADS in daemon.said():
                return daemon
        raise RuntimeError("nobody leads")

    def settle(self, user, version):
        """Until all have seen the version of that learner's state."""
        def seen(daemon):
            return daemon.get(f"/api/users/{user}/profile").version >= version
        return all(await_that(lambda d=d: seen(d), SEEN_S)
                   for d in self.daemons)


def fill(db):
    must("simulate", "--learners", N_LEARNERS, "--events", 40, "--days", 30,
         "--seed", 5, "--curriculum", POKER, "--db", db)


def events_of(user, n, seed):
    """In order of time; few enough answers that items are not calibrated
    meanwhile, which the two that are compared would do at other moments."""
    rng = random.Random(seed)
    start = datetime.datetime.now(datetime.timezone.utc) - \
        datetime.timedelta(hours=6)
    made = []
    for k in range(n):
        at = start + datetime.timedelta(seconds=90 * k + user)
        event = {"event_id": f"s{user}-{k}",
                 "at": at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")}
        if k % 10 == 0:
            event |= {"type": "answer", "item": rng.choice(ITEMS),
                      "correct": rng.random() < 0.6}
        else:
            event |= {"type": "review", "concept": "odd.outs",
                      "rating": rng.randrange(1, 5)}
        made.append(event)
    return made


def digest_of(db):
    told = strict(must("replay", "--json", "--db", db))
    tally.equal("states that replay otherwise", told["differing"], 0)
    tally.equal("paths that replay otherwise", told["paths_differing"], 0)
    return told["digest"]


# ---- the same answers --------------------------------------------------------

def without_moments(path):
    """A path but for when it was asked for."""
    history = [{k: v for k, v in entry.items() if k != "at"}
               for entry in path["adaptation_history"]]
    return {k: v for k, v in path.items() if k != "created_at"} | {
        "adaptation_history": history}


def compare_answers(engines, twin, users):
    for user in users:
        for route in ROUTES:
            path = f"/api/users/{user}/{route}"
            one = twin.get(path)
            told = [engines.get(path) for _ in range(N_ENGINES)]
            tally.equal(f"{path}: status",
                        [r.status for r in told], [one.status] * N_ENGINES)
            if one.status != 200:
                tally.check(f"{path} answers", False, one)
                continue
            if route == "learning-path":
                # Of one state and day there is one plan.
                tally.equal(f"{path}: of one", differences(
                    without_moments(one.json), without_moments(told[0].json),
                    True), [])
            else:
                tally.equal(f"{path}: of one", differences(
                    one.json, told[0].json, False), [])
            for other in told[1:]:
                # What is kept is given again; the rest is worked out anew.
                tally.equal(f"{path}: of all three", differences(
                    told[0].json, other.json, "recommendations" in path), [])


# ---- the serial fold ---------------------------------------------------------

def send_all(daemon, batches, refused):
    """Each event by itself, in an order of this client's."""
    for user, events in batches:
        for event in events:
            for _ in range(200):
                reply = daemon.post(f"/api/users/{user}/events", event)
                if reply.status != 503:
                    break
                time.sleep(0.01)
            if reply.status != 200:
                refused.append(reply)


def fold_at_once(engines, twin, users, n):
    """Every event to every engine, each in another order, at once."""
    events = {user: events_of(user, n, user) for user in users}
    refused, threads = [], []
    for k, daemon in enumerate(engines.daemons):
        rng = random.Random(k)
        batches = [(u, rng.sample(e, len(e))) for u, e in events.items()]
        threads.append(threading.Thread(
            target=send_all, args=(daemon, batches, refused)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tally.equal("refused by three", refused, [])
    send_all(twin, events.items(), refused)
    tally.equal("refused by one", refused, [])
    for user in users:
        version = max(d.get(f"/api/users/{user}/profile").version
                      for d in engines.daemons)
        tally.check("all see the newest state", engines.settle(user, version))
    tally.equal("state of the serial fold", digest_of(engines.db),
                digest_of(twin.db))


# ---- one goes ----------------------------------------------------------------

def now():
    at = datetime.datetime.now(datetime.timezone.utc)
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def calibration(engines, user):
    """That a slate is made under now: after an event, by who has taken it."""
    daemon = engines.daemons[0]
    daemon.post(f"/api/users/{user}/events", {
        "event_id": f"c{time.monotonic_ns()}", "type": "review", "at": now(),
        "concept": "odd.outs", "rating": 3})
    told = daemon.get(f"/api/users/{user}/recommendations").json
    made = told["recommendations"][0]["id"]
    why = daemon.get(f"/api/users/{user}/recommendations/{made}/explanation")
    return why.json["made_from"]["calibration"]


def answer_items(engines, user, n):
    """Enough for a calibration."""
    mark = time.monotonic_ns()
    events = [{"event_id": f"i{mark}-{k}", "type": "answer", "at": now(),
               "item": ITEMS[k % 50], "correct": k % 3 > 0} for k in range(n)]
    tally.equal("answers are taken", engines.post(
        f"/api/users/{user}/events", events).status, 200)


def is_later(reply):
    """Whoever keeps being overtaken is told to come again: the whole, or lines
    of it. That is no acknowledgement, and nothing is lost."""
    lines = reply.json.get("rejected", []) if reply.status == 200 else []
    return reply.status == 503 or lines and all(
        line["status"] == 503 for line in lines)


def take_one_away(engines, how, seed):
    """The leader goes while all are at work."""
    leader = engines.leader()
    before = calibration(engines, 2)
    contents = [c["id"] for c in leader.get("/api/catalogue").json["contents"]]
    clients = [Client(d, k, seed * 100 + k, contents, steady=d is not leader)
               for k, d in enumerate(engines.daemons)]
    for client in clients:
        client.start()
    time.sleep(SECONDS)
    if how == "SIGTERM":
        tally.equal("exit status", leader.stop(), 0)
    else:
        leader.kill()
    engines.daemons.remove(leader)
    at = [len(c.acknowledged) for c in clients]
    time.sleep(SECONDS / 2)
    for client in clients:
        client.stop.set()
    for client in clients:
        client.join(60)
        tally.check("the client ended", not client.is_alive())
    n_later = 0
    for k, client in enumerate(clients):
        tally.equal("refusals", [r for r in client.refused
                                 if not is_later(r)], [])
        n_later += len(client.refused)
        if client.server is not leader:
            tally.check("the others go on", len(client.acknowledged) > at[k])
            tally.equal("broken connections", client.unanswered, 0)
    pairs = [p for client in clients for p in client.acknowledged]
    tally.check("there was something to lose", len(pairs) > 100, len(pairs))
    verify(tally, engines.daemons[0], pairs, f"after {how}")
    digest_of(engines.db)
    tally.check("another leads", engines.leader() in engines.daemons)
    answer_items(engines, 2, 200)
    tally.check("calibrations go on", await_that(
        lambda: calibration(engines, 2) > before, 3 * SEEN_S))
    print(f"{how}: {len(pairs)} events acknowledged, {n_later} requests were "
          "to come again")
    return len(pairs)


# ---- what is done through one ------------------------------------------------

def erase_one(engines, user):
    for _ in range(N_ENGINES):
        engines.get(f"/api/users/{user}/recommendations")
        engines.get(f"/api/users/{user}/profile")
    gone = engines.ask("DELETE", f"/api/users/{user}")
    tally.equal("erased", gone.status, 200)
    # Others may still answer from their caches. That is audited, and must not
    # bring back the learner's key.
    for daemon in engines.daemons * 3:
        daemon.get(f"/api/users/{user}/profile")
    for route in ("profile", "recommendations", "learning-path", "export"):
        for daemon in engines.daemons:
            path = f"/api/users/{user}/{route}"
            tally.check(f"{path} is gone everywhere", await_that(
                lambda d=daemon, p=path: d.get(p).status == 404, SEEN_S),
                daemon.get(path))


def put_in_force(engines, folder, user):
    curriculum = json.loads(json.dumps(CURRICULUM))
    curriculum["contents"][0]["title"] = "Another title"
    changed = folder / "changed.json"
    changed.write_text(json.dumps(curriculum), encoding="utf-8")
    must("catalogue", "load", changed, "--db", engines.db)
    version = 2
    tally.check("a curriculum reaches all", all(await_that(
        lambda d=d: d.get("/api/catalogue").json["version"] >= version,
        SEEN_S) for d in engines.daemons))

    shown = engines.get(f"/api/users/{user}/recommendations").json
    first = shown["recommendations"][0]["content_id"]
    rules = {"rules": [{"name": "not-this", "kind": "exclude", "reason": "a test",
                        "match": {"contents": [first]}}]}
    put = engines.daemons[0].put("/api/rules", rules)
    if tally.check("rules are taken", put.status == 200, put):
        def shows(daemon):
            told = daemon.get(f"/api/users/{user}/recommendations").json
            return first in [r["content_id"]
                             for r in told["recommendations"]]
        tally.check("rules reach all", all(await_that(
            lambda d=d: not shows(d), SEEN_S) for d in engines.daemons))

    must("train", "kt", "--db", engines.db, "--members", "lr", "--quiet",
         timeout=120)
    done = piq("model", "promote", "1", "--force", "--db", engines.db)
    tally.equal("promoted", done.returncode, 0)

    def model(daemon):
        text = daemon.get("/metrics").body.decode()
        return [l for l in text.splitlines()
                if l.startswith("piq_model_version ")]
    tally.check("a model reaches all", all(await_that(
        lambda d=d: model(d) == ["piq_model_version 1"], SEEN_S)
        for d in engines.daemons), [model(d) for d in engines.daemons])


# ---- all of it ---------------------------------------------------------------

def run_on(db, folder, small):
    name = "SQLite" if small else "PostgreSQL"
    started = time.monotonic()
    fill(db)
    alone = folder / f"twin-{name}.db"
    fill(alone)
    with Engines(db) as engines, Daemon(alone) as twin:
        fold_at_once(engines, twin, (3, 4) if small else (3, 4, 5),
                     30 if small else 40)
        compare_answers(engines, twin, (3, 7) if small else (3, 4, 5, 7, 8))
        erase_one(engines, 6)
        n = take_one_away(engines, "SIGTERM", 1)
        if not small:
            engines.daemons.append(Daemon(db))
            n += take_one_away(engines, "SIGKILL", 2)
        put_in_force(engines, folder, 7)
        digest_of(db)
    print(f"{name}: {n} acknowledged events, "
          f"{time.monotonic() - started:.1f} s")


def main():
    with Folder() as folder:
        def one_file():
            run_on(folder / "piq.db", folder, True)

        def postgres():
            if not POSTGRES:
                tally.skip("engines on PostgreSQL", "NO PIQ_TEST_POSTGRES")
                return
            run_on(f"postgres:{POSTGRES} piq_schema=engines", folder, False)

        return tally.run([one_file, postgres])


if __name__ == "__main__":
    sys.exit(main())
