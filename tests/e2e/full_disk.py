#!/usr/bin/python3
"""Storage that cannot take a write, for a while or for good.

The file may grow no further (RLIMIT_FSIZE), another process holds the lock, the
file may be read only, or it is damaged, at the start or in the middle: writes
answer 503 with a clear problem and change nothing, reads go on, and afterwards
everything acknowledged is there. What is damaged is named; learners whose pages
are whole are served. The last line is
"N passed, N failed, N skipped".
"""
import datetime
import os
import pathlib
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
sys.dont_write_bytecode = True

from contract_check import Contract  # noqa: E402
from daemon import PIQ, POKER, Daemon, Folder, Tally, must, strict  # noqa: E402

USERS = "/api/users/{userId}"
ROOM_BYTES = 600 * 1024  # for the WAL, before it may not grow

tally = Tally()
contract = Contract()


def events_of(user, first, n, pad=""):
    at = datetime.datetime.now(datetime.timezone.utc) - \
        datetime.timedelta(days=1)
    return [{"event_id": f"d-{user}-{first + k}-{pad}", "type": "answer",
             "at": (at + datetime.timedelta(milliseconds=first + k)).strftime(
                 "%Y-%m-%dT%H:%M:%S.%fZ"),
             "concepts": ["brm.tilt"], "correct": k % 3 > 0}
            for k in range(n)]


def profile_of(daemon, user):
    reply = daemon.get(f"/api/users/{user}/profile")
    tally.equal(f"profile of {user}", contract.faults(
        f"{USERS}/profile", reply), [])
    return {k: v for k, v in reply.json.items() if k != "as_of"}


def expect_503(reply, template, words):
    if not tally.equal(f"{reply.method} {reply.path}", reply.status, 503):
        return
    tally.equal("its problem", contract.faults(template, reply), [])
    detail = reply.json["detail"]
    tally.check("it says why", any(w in detail for w in words), detail)


def check_whole(db):
    told = strict(must("replay", "--json", "--db", db))
    tally.equal("states that replay otherwise", told["differing"], 0)
    file = sqlite3.connect(db)
    tally.equal("integrity", file.execute(
        "PRAGMA integrity_check").fetchall(), [("ok",)])
    file.close()


# ---- no room ---------------------------------------------------------------

def limited(limit_bytes):
    def set_limit():
        # Else the kernel kills instead of refusing the write.
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, limit_bytes))
    return set_limit


def fill(daemon):
    """Posts until not even a single event goes in: what was stored, what was
    refused, and with which reply. A checkpoint may make room once more, so
    that it must be full for a while."""
    stored, refused, n, in_a_row = [], [], 50, 0
    for k in range(20000):
        user = 100 + k % 5
        events = events_of(user, k * 50, n, "x" * 30)
        reply = daemon.post(f"/api/users/{user}/events", events)
        if reply.status == 200:
            stored.append((user, events))
            in_a_row = 0
            continue
        refused.append((user, events))
        n, in_a_row = 1, in_a_row + 1
        if in_a_row == 20:
            return stored, refused, reply
        time.sleep(0.1)
    return stored, [], None


WRITES = (("POST", "/api/users/3/goals", f"{USERS}/goals",
           {"target_skill_level": "expert"}),
          ("PUT", "/api/users/3/profile", f"{USERS}/profile",
           {"stated": {"session_minutes": 33}}),
          ("PUT", "/api/users/3/learning-path/update",
           f"{USERS}/learning-path/update", {"reason": "full"}),
          ("POST", "/api/users/3/events", f"{USERS}/events",
           events_of(3, 0, 20)))


def no_room():
    with Folder() as folder:
        db = folder / "piq.db"
        must("simulate", "--learners", 20, "--events", 60, "--days", 30,
             "--curriculum", POKER, "--db", db)
        limit = db.stat().st_size + ROOM_BYTES
        with Daemon(db, preexec=limited(limit)) as daemon:
            stored, refused, reply = fill(daemon)
            if not tally.check("it became full", refused):
                return
            expect_503(reply, f"{USERS}/events", ("full", "storage", "disk"))
            before = {user: profile_of(daemon, user)
                      for user in (1, 3, refused[0][0])}
            for method, path, template, body in WRITES:
                expect_503(daemon.ask(method, path, body), template,
                           ("full", "storage", "disk"))
            after = {user: profile_of(daemon, user) for user in before}
            tally.equal("refused writes change nothing", after, before)
            for path in ("/api/catalogue", "/healthz", "/metrics"):
                tally.equal(path, daemon.get(path).status, 200)
            profile_of(daemon, 20)  # not in memory yet
            tally.equal("analytics", daemon.get(
                "/api/users/2/progress-analytics").status, 200)
            ready = daemon.get("/readyz")
            expect_503(ready, "/readyz", ("commit", "full", "storage"))
        tally.equal("exit status when full", daemon.process.returncode, 0)
        with Daemon(db) as daemon:
            tally.equal("nothing half-written", {
                user: profile_of(daemon, user) for user in before}, before)
            for user, events in stored:
                told = daemon.post(f"/api/users/{user}/events", events).json
                tally.equal("what was acknowledged is there",
                            told["duplicates"], len(events))
            for user, events in refused:
                told = daemon.post(f"/api/users/{user}/events", events).json
                tally.equal("what was refused is not, and is taken now",
                            told["accepted"], len(events))
            tally.equal("ready again", daemon.get("/readyz").status, 200)
        check_whole(db)


# ---- locked ----------------------------------------------------------------

def locked():
    with Folder() as folder:
        db = folder / "piq.db"
        must("simulate", "--learners", 3, "--events", 30, "--curriculum",
             POKER, "--db", db)
        with Daemon(db) as daemon:
            before = profile_of(daemon, 1)
            other = sqlite3.connect(db, isolation_level=None)
            other.execute("BEGIN EXCLUSIVE")
            replies = []
            body = events_of(1, 0, 3)
            writer = threading.Thread(target=lambda: replies.append(
                daemon.post("/api/users/1/events", body)))
            writer.start()
            time.sleep(0.3)
            tally.equal("reads go on meanwhile", profile_of(daemon, 1), before)
            tally.equal("of others too", daemon.get(
                "/api/users/2/profile").status, 200)
            writer.join(60)
            expect_503(replies[0], f"{USERS}/events",
                       ("locked", "busy", "storage"))
            tally.equal("a locked file changes nothing",
                        profile_of(daemon, 1), before)
            other.execute("ROLLBACK")
            other.close()
            reply = daemon.post("/api/users/1/events", body)
            tally.equal("later it is taken", (reply.status,
                        reply.json.get("accepted")), (200, 3))
            tally.equal("ready again", daemon.get("/readyz").status, 200)
        tally.equal("exit status", daemon.process.returncode, 0)
        check_whole(db)


# ---- read only ---------------------------------------------------------------

NOBODY = 65534


def as_nobody():
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)


def read_only():
    """A file of somebody else, that may be read and not written: refused, with
    words, before anything is served."""
    if os.geteuid() != 0:
        tally.skip("a read-only file", "ONLY ROOT CAN BECOME SOMEBODY ELSE")
        return
    with Folder() as folder:
        db = folder / "piq.db"
        must("simulate", "--learners", 3, "--events", 30, "--curriculum",
             POKER, "--db", db)
        folder.chmod(0o755)
        db.chmod(0o444)
        status, said = starts(db, preexec_fn=as_nobody)
        tally.equal("read only: exit status", status, 1)
        tally.check("read only: it says so", any(
            w in said for w in ("writable", "readonly", "read-only",
                                "permission", "denied")), said)
        db.chmod(0o644)
        check_whole(db)


# ---- a page in the middle -------------------------------------------------------

def pages_of(db, table):
    """Leaf pages of a table, by number, and the size of a page."""
    file = sqlite3.connect(db)
    try:
        size = file.execute("PRAGMA page_size").fetchone()[0]
        pages = [row[0] for row in file.execute(
            "SELECT pageno FROM dbstat WHERE name = ? AND pagetype = 'leaf' "
            "ORDER BY pageno", (table,))]
    except sqlite3.OperationalError:
        pages = None
    finally:
        file.close()
    return pages, size


def corrupt_page():
    with Folder() as folder:
        db = folder / "piq.db"
        must("simulate", "--learners", 60, "--events", 60, "--curriculum",
             POKER, "--db", db)
        pages, size = pages_of(db, "learner_state")
        if not pages or len(pages) < 3:
            tally.skip("a corrupt page", "NO DBSTAT IN THIS SQLITE")
            return
        with open(db, "r+b") as file:
            file.seek((pages[len(pages) // 2] - 1) * size)
            file.write(b"\xa5" * size)
        with Daemon(db) as daemon:
            statuses = {}
            for user in range(1, 61):
                reply = daemon.get(f"/api/users/{user}/profile")
                statuses.setdefault(reply.status, []).append(reply)
            tally.check("those on other pages are served",
                        len(statuses.get(200, [])) >= 30,
                        {k: len(v) for k, v in statuses.items()})
            broken = [r for s, replies in statuses.items() if s != 200
                      for r in replies]
            tally.check("somebody was on that page", broken, statuses.keys())
            for reply in broken:
                tally.check("it is a problem, and says which",
                            reply.status in (500, 503) and any(
                                w in reply.json.get("detail", "") + daemon.said()
                                for w in ("damaged", "malformed", "corrupt")),
                            (reply, daemon.said()[-600:]))
            tally.equal("others still learn", [daemon.post(
                reply.path.replace("profile", "events"),
                events_of(int(reply.path.split("/")[3]), 0, 2)).status
                for reply in statuses.get(200, [])[:3]], [200] * 3)
            tally.equal("it lives", daemon.get("/healthz").status, 200)
        tally.equal("exit status", daemon.process.returncode, 0)


# ---- damaged at the start --------------------------------------------------

def starts(db, **more):
    """(exit status, what it said); None: it serves."""
    child = subprocess.Popen([PIQ, "serve", "--port", "0", "--db", str(db)],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             text=True, **more)
    line = child.stdout.readline()
    if line:
        child.terminate()
    _, said = child.communicate(timeout=60)
    return (None if line else child.returncode), said


def damaged():
    with Folder() as folder:
        good, bad = folder / "good.db", folder / "bad.db"
        must("simulate", "--learners", 20, "--events", 60, "--curriculum",
             POKER, "--db", good)
        size = good.stat().st_size
        for what, at, n in (("header", 0, 100), ("first page", 100, 3000),
                            ("everything", 0, size)):
            shutil.copy(good, bad)
            with open(bad, "r+b") as file:
                file.seek(at)
                file.write(b"\xa5" * n)
            status, said = starts(bad)
            tally.equal(f"damaged {what}: exit status", status, 1)
            tally.check(f"damaged {what}: it says so", any(
                w in said for w in ("damaged", "malformed",
                                      "not a piq database")),
                said)
        shutil.copy(good, bad)
        with open(bad, "r+b") as file:
            file.truncate(size // 2)
        status, said = starts(bad)
        tally.check("half a file: refused, or served as far as it goes",
                    status in (None, 1) and (status is None or said), said)
        other = folder / "other.db"
        file = sqlite3.connect(other)
        file.execute("CREATE TABLE cakes (name TEXT)")
        file.commit()
        file.close()
        for db in (folder, other):
            status, said = starts(db)
            tally.equal(f"{db.name}: exit status", status, 1)
            tally.check(f"{db.name}: it says so", said.startswith("piq: "),
                        said)


def main():
    return tally.run([no_room, locked, read_only, corrupt_page, damaged])


if __name__ == "__main__":
    sys.exit(main())
