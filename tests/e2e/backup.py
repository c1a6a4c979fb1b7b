#!/usr/bin/python3
"""Backups: of a file that is written to all the time, one instant of it; what
is restored replays, serves, and has every event that was acknowledged before
the backup began.

One line a failure; the last line is "N passed, N failed, N skipped".
"""
import json
import pathlib
import sqlite3
import sys
import threading

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
sys.dont_write_bytecode = True

from daemon import MUSIC, Daemon, Folder, Tally, must, piq  # noqa: E402

DONE, COULD_NOT, WRONG_USE = 0, 1, 2
WRITERS = 4

tally = Tally()


def code(expected, *arguments):
    done = piq(*arguments, timeout=120)
    tally.equal(f"exit status of {' '.join(map(str, arguments))}",
                done.returncode, expected)
    if expected != DONE:
        tally.check("it says why", done.stderr, done)
    return done


class Writers:
    """Threads that post events until the block ends; what was acknowledged."""

    def __init__(self, daemon, concept):
        self.daemon, self.concept, self.over = daemon, concept, False
        self.acknowledged = [[] for _ in range(WRITERS)]
        self.threads = [threading.Thread(target=self.write, args=(i,))
                        for i in range(WRITERS)]

    def __enter__(self):
        for t in self.threads:
            t.start()
        return self

    def __exit__(self, *_):
        self.over = True
        for t in self.threads:
            t.join()

    def write(self, i):
        n = 0
        while not self.over:
            event = {"event_id": f"w{i}-{n}", "at": "2026-03-01T10:00:00Z",
                     "type": "answer", "concepts": [self.concept],
                     "correct": n % 3 > 0}
            reply = self.daemon.post(f"/api/users/{i + 1}/events", event)
            if reply.status == 200:
                self.acknowledged[i].append(event["event_id"])
            n += 1

    def so_far(self):
        return [(i + 1, e) for i, list_ in enumerate(self.acknowledged)
                for e in list(list_)]


def ids_in(file):
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as c:
        return set(c.execute("SELECT user_id, event_id FROM events"))


def test_while_served(folder):
    db = folder / "live.db"
    must("simulate", "--db", db, "--learners", 300, "--events", 60,
         "--curriculum", MUSIC, timeout=120)
    concept = json.loads(MUSIC.read_text())["concepts"][0]["id"]
    copies = []
    with Daemon(db) as daemon, \
            Writers(daemon, concept) as writers:
        while len(writers.so_far()) < 50:
            pass
        for k in range(3):
            before = writers.so_far()
            copy = folder / f"copy{k}.db"
            code(DONE, "backup", copy, "--db", db)
            copies.append((before, copy))
    for before, copy in copies:
        tally.check(f"{copy.name} is one file", not
                    list(folder.glob(f"{copy.name}-*")))
        there = ids_in(copy)
        tally.equal("acknowledged before and missing",
                    [x for x in before if x not in there], [])
        done = code(DONE, "replay", "--db", copy)
        tally.check("states are those of the events",
                    " 0 differing" in done.stdout, done.stdout)


def test_restore(folder):
    db, copy, new = (folder / n for n in ("a.db", "b.db", "c.db"))
    must("simulate", "--db", db, "--learners", 5, "--events", 20,
         "--curriculum", MUSIC)
    code(DONE, "backup", copy, "--db", db)
    code(DONE, "restore", copy, "--db", new)
    tally.equal("same events", ids_in(new), ids_in(db))
    bytes_before = db.read_bytes()
    code(COULD_NOT, "restore", copy, "--db", db)
    tally.check("what is there stays", db.read_bytes() == bytes_before)
    code(COULD_NOT, "backup", copy, "--db", db)
    code(COULD_NOT, "backup", folder / "x.db", "--db", folder / "none.db")
    code(COULD_NOT, "backup", folder / "no" / "x.db", "--db", db)
    code(WRONG_USE, "backup", "--db", db)
    code(COULD_NOT, "backup", folder / "x.db", "--db", "postgres://h/d")
    tally.equal("nothing is left", sorted(p.name for p in
                                          folder.glob("x.db*")), [])


def test_damage(folder):
    """A backup that was damaged, or is something else, is not restored."""
    db = folder / "d.db"
    must("simulate", "--db", db, "--learners", 20, "--events", 40,
         "--curriculum", MUSIC)
    bad = folder / "bad.db"
    code(DONE, "backup", bad, "--db", db)
    with open(bad, "r+b") as f:
        size = bad.stat().st_size
        for at in range(8192, size - 4096, 8192):
            f.seek(at)
            f.write(b"\xff" * 512)
    done = code(COULD_NOT, "restore", bad, "--db", folder / "e.db")
    tally.check("damage is said", "damaged" in done.stderr or
                "malformed" in done.stderr, done.stderr)
    code(COULD_NOT, "restore", MUSIC, "--db", folder / "e.db")
    other = folder / "other.db"
    with sqlite3.connect(other) as c:
        c.execute("CREATE TABLE t (x)")
    c.close()
    code(COULD_NOT, "restore", other, "--db", folder / "e.db")
    tally.equal("nothing is left", list(folder.glob("e.db*")), [])


def main():
    with Folder() as folder:
        def part(test):
            def run():
                test(folder)
            run.__name__ = test.__name__
            return run

        return tally.run([part(t) for t in (test_while_served, test_restore,
                                            test_damage)])


if __name__ == "__main__":
    sys.exit(main())
