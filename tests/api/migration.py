#!/usr/bin/python3
"""piq migrate: everything arrives, in SQLite and in PostgreSQL and back, and
what came back serves and replays as before; nothing half-done is left behind.

One line a failure; the last line is "N passed, N failed, N skipped".
"""
import os
import pathlib
import sqlite3
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
sys.dont_write_bytecode = True

from daemon import Folder, MUSIC, Tally, must, piq, strict  # noqa: E402

DONE, COULD_NOT, WRONG_USE = 0, 1, 2

tally = Tally()


def code(expected, *arguments):
    done = piq(*arguments, timeout=120)
    name = "piq " + " ".join(str(a).split("@")[0] for a in arguments)
    tally.equal(f"exit status of {name}", done.returncode, expected)
    if expected != DONE:
        tally.check(f"{name} says why", done.stderr and not done.stdout, done)
    return done


def moved(source, target):
    return strict(code(DONE, "migrate", "--from", source, "--to", target,
                       "--json").stdout)


def replays(db):
    done = code(DONE, "replay", "--db", db)
    tally.check(f"{str(db).split('@')[0]} replays", " 0 differing" in
                done.stdout, done.stdout)
    return done.stdout.split("digest")[1].split(";")[0]


def test_files(db, folder):
    first = moved(db, folder / "second.db")
    again = moved(f"sqlite:{folder / 'second.db'}", folder / "third.db")
    tally.equal("the same digests again", again, first)
    tally.check("events arrived", first["tables"]["events"]["rows"] > 1000)
    tally.equal("same states", replays(folder / "third.db"), replays(db))
    tally.equal("nothing else is left",
                sorted(p.name for p in folder.glob("second*")), ["second.db"])
    rows = [sqlite3.connect(f).execute(
        "SELECT count(*), max(seq) FROM events").fetchone()
        for f in (db, folder / "third.db")]
    tally.equal("numbers stay", rows[0], rows[1])


def test_refusals(db, folder):
    code(WRONG_USE, "migrate")
    code(WRONG_USE, "migrate", "--from", db)
    code(WRONG_USE, "migrate", "--from", db, "--to", db)
    missing = folder / "missing.db"
    code(COULD_NOT, "migrate", "--from", missing, "--to", folder / "x.db")
    tally.check("no file is made", not missing.exists() and
                not (folder / "x.db").exists())
    done = code(COULD_NOT, "migrate", "--from", db, "--to", MUSIC)
    tally.check("a file of another kind stays", MUSIC.stat().st_size > 1000,
                done)
    full = folder / "full.db"
    must("simulate", "--db", full, "--learners", 2, "--events", 5,
         "--curriculum", MUSIC)
    before = full.read_bytes()
    code(COULD_NOT, "migrate", "--from", db, "--to", full)
    tally.check("a database with learners stays", full.read_bytes() == before)


def test_damage(db, folder):
    """A state whose bytes are not what was stored does not travel."""
    bad = folder / "bad.db"
    bad.write_bytes(pathlib.Path(db).read_bytes())
    with sqlite3.connect(bad) as c:
        c.execute("UPDATE learner_state SET body = zeroblob(length(body))"
                  " WHERE user_id = (SELECT min(user_id) FROM learner_state)")
    c.close()
    done = code(COULD_NOT, "migrate", "--from", bad, "--to", folder / "y.db")
    tally.check("it names the table", "learner_state" in done.stderr,
                done.stderr)
    tally.check("nothing is left", not list(folder.glob("y.db*")))


def test_postgres(db, folder):
    base = os.environ.get("PIQ_TEST_POSTGRES")
    if not base:
        print("no PostgreSQL here (PIQ_TEST_POSTGRES): moving to it is not "
              "tested", flush=True)
        tally.skipped += 1
        return
    place = (f"{base}&piq_schema=moved" if "?" in base else
             f"{base}?piq_schema=moved" if "://" in base else
             f"postgres:{base.removeprefix('postgres:')} piq_schema=moved")
    there = moved(db, place)
    tally.equal("same states there", replays(place), replays(db))
    back = moved(place, folder / "back.db")
    tally.equal("the same digests there and back", back, there)
    tally.equal("same states back", replays(folder / "back.db"), replays(db))
    done = code(COULD_NOT, "migrate", "--from", db, "--to", place)
    tally.check("not into one that is full", "not empty" in done.stderr)


def main():
    with Folder() as folder:
        db = folder / "first.db"
        must("simulate", "--db", db, "--learners", 40, "--events", 60,
             "--curriculum", MUSIC, timeout=120)
        must("recommend", 1, "--db", db)
        must("path", 1, "--db", db)

        def part(test):
            def run():
                test(db, folder)
            run.__name__ = test.__name__
            return run

        return tally.run([part(t) for t in (test_files, test_refusals,
                                            test_damage, test_postgres)])


if __name__ == "__main__":
    sys.exit(main())
