#!/usr/bin/python3
"""piq model: listing, promoting, rolling back, exporting and removing the
trained models of a database.

The models here are no real ones, so that they are champions by force only
(train_life.py has real ones). Their rows are written into the file as the
store does.

One line a failure; the last line is "N passed, N failed, N skipped".
"""
import json
import pathlib
import sqlite3
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
sys.dont_write_bytecode = True

from daemon import (MUSIC, Daemon, Folder, Tally, must, piq,  # noqa: E402
                    strict)

DONE, COULD_NOT, WRONG_USE = 0, 1, 2
T0 = 1767225600000000  # 2026-01-01T00:00:00Z

tally = Tally()


def code(expected, db, *arguments):
    done = piq("model", *arguments, "--db", db)
    name = "piq model " + " ".join(map(str, arguments))
    tally.equal(f"exit status of {name}", done.returncode, expected)
    if expected != DONE:
        tally.check(f"{name} says why", done.stderr and not done.stdout, done)
    return done


def told(db, *arguments):
    return strict(code(DONE, db, *arguments, "--json").stdout)


def body_hash(body):
    """piq_hash_bytes(): FNV-1a, mixed; as SQLite's signed integer."""
    full = (1 << 64) - 1
    h = 0xcbf29ce484222325
    for byte in body:
        h = (h ^ byte) * 0x100000001b3 & full
    z = (h + 0x9e3779b97f4a7c15) & full
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9 & full
    z = (z ^ z >> 27) * 0x94d049bb133111eb & full
    z ^= z >> 31
    return z - (1 << 64) if z >> 63 else z


def put(db, body, logloss, data="school"):
    about = {"schema": 1, "data": data, "from": "2026-01-01T00:00:00Z",
             "until": "2026-02-01T00:00:00Z", "answers": 1000, "learners": 9,
             "validation": {"answers": 200, "auc": .8, "logloss": logloss,
                            "ece": .01},
             "members": {"lr": {"auc": .75, "weight": .5}}}
    with sqlite3.connect(db) as rows:
        version = rows.execute(
            "INSERT INTO models (kind, made_us, digest, n_bytes, about)"
            " VALUES ('kt', ?, ?, ?, ?)",
            (T0, len(body), len(body), json.dumps(about))).lastrowid
        rows.execute("INSERT INTO model_bodies VALUES (?, ?, ?)",
                     (version, body_hash(body), body))
    rows.close()
    return version


def new_db(folder, name):
    db = folder / name
    must("catalogue", "load", MUSIC, "--db", db)
    return db


def champion(db):
    return told(db, "list")["champion"]


def test_wrong_use(folder):
    db = new_db(folder, "wrong.db")
    for arguments in ((), ("burn",), ("list", "1"), ("show",), ("show", "0"),
                      ("show", "one"), ("show", "4294967296"), ("add",),
                      ("export", "1"), ("promote", "champion"),
                      ("rollback", "1"), ("remove", "1", "2"),
                      ("list", "--no-such-option")):
        code(WRONG_USE, db, *arguments)
    for arguments in (("show", "1"), ("show", "champion"), ("promote", "1"),
                      ("promote", "1", "--force"), ("rollback",),
                      ("remove", "1"), ("export", "1", folder / "x"),
                      ("export", "champion", folder / "x"),
                      ("add", folder / "none")):
        code(COULD_NOT, db, *arguments)
    tally.check("nothing is exported", not (folder / "x").exists())
    missing = folder / "missing.db"
    code(COULD_NOT, missing, "list")
    tally.check("no file is made", not missing.exists())


def test_empty(folder):
    db = new_db(folder, "empty.db")
    tally.equal("no models", told(db, "list"),
                {"champion": None, "models": [], "champions": []})
    tally.check("and that is said",
                "no models" in code(DONE, db, "list").stdout)


def test_add_refuses(folder):
    db = new_db(folder, "add.db")
    bad = folder / "bad.model"
    for content in (b"", b"piqmodel", b"no model at all" * 100,
                    b"piqmodel" + bytes(1000)):
        bad.write_bytes(content)
        code(COULD_NOT, db, "add", bad)
    tally.equal("none was stored", told(db, "list")["models"], [])


def test_life(folder):
    db = new_db(folder, "life.db")
    body = bytes(range(256)) * 40
    one = put(db, body, .50)
    listed = told(db, "list")
    model = listed["models"][0]
    tally.equal("one challenger", (listed["champion"], model["version"],
                model["bytes"], model["champion"], model["removed"]),
                (None, one, len(body), False, False))
    tally.equal("made at", model["made_at"], "2026-01-01T00:00:00Z")
    tally.equal("scores", model["about"]["validation"]["logloss"], .5)
    done = code(COULD_NOT, db, "promote", one)
    tally.check("what cannot be read is not promoted",
                "model" in done.stderr, done)
    tally.equal("no champion by that", champion(db), None)
    tally.equal("by force it is", told(db, "promote", one, "--force"),
                {"champion": one})
    code(COULD_NOT, db, "promote", one)  # it is champion already
    code(COULD_NOT, db, "promote", one, "--force")
    better, worse = put(db, b"better", .45), put(db, b"worse", .55)
    other = put(db, b"other", .10, data="elsewhere")
    code(COULD_NOT, db, "promote", better)
    tally.equal("still the first", champion(db), one)
    told(db, "promote", better, "--force")
    told(db, "promote", worse, "--force", "--reason", "a \"try\"\u00e9")
    shown = told(db, "show", "champion")
    tally.equal("shown", (shown["model"]["version"],
                [(c["number"], c["reason"]) for c in shown["champions"]]),
                (worse, [(3, "a \"try\"\u00e9")]))
    text = code(DONE, db, "list").stdout
    tally.check("a table", all(word in text for word in (
        "VERSION", "LOG LOSS", "school", "0.5500", "champion")), text)
    tally.check("a page", "lr" in code(DONE, db, "show", "1").stdout)
    told(db, "remove", other)
    code(COULD_NOT, db, "remove", other)
    code(COULD_NOT, db, "remove", worse)
    tally.equal("removed", [m["removed"] for m in told(db, "list")["models"]],
                [False, False, False, True])
    code(DONE, db, "list")
    for back in (better, one, None):
        tally.equal("rolled back", told(db, "rollback"), {"champion": back})
        tally.equal("rolled back, listed", champion(db), back)
    code(COULD_NOT, db, "rollback")
    history = told(db, "list")["champions"]
    tally.equal("history", [c["version"] for c in history],
                [None, one, better, worse, better, one])


def test_export(folder):
    db = new_db(folder, "export.db")
    body = bytes(range(256)) * 400
    put(db, body, .5)
    out = folder / "one.model"
    tally.equal("exported", told(db, "export", "1", out),
                {"version": 1, "bytes": len(body)})
    tally.equal("the same bytes", out.read_bytes(), body)
    done = piq("model", "export", "1", "-", "--db", db, text=False)
    tally.equal("to standard output", done.stdout, body)
    code(COULD_NOT, db, "export", "1", folder / "no" / "such" / "place")
    code(COULD_NOT, db, "export", "champion", out)
    with sqlite3.connect(db) as rows:
        rows.execute("UPDATE model_bodies SET body = x'00'")
    rows.close()
    done = code(COULD_NOT, db, "export", "1", out)
    tally.check("damage is said, and where", "damaged" in done.stderr and
                "model_bodies, version 1" in done.stderr, done)
    tally.equal("the file is as it was", out.read_bytes(), body)
    tally.check("no part is left", not (folder / "one.model.part").exists())


def test_beside_a_server(folder):
    db = new_db(folder, "served.db")
    with Daemon(db) as daemon:
        put(db, b"one", .5)
        tally.equal("listed beside a server",
                    len(told(db, "list")["models"]), 1)
        tally.equal("the server serves",
                    daemon.get("/readyz").status, 200)


def main():
    with Folder() as folder:
        def part(test):
            def run():
                test(folder)
            run.__name__ = test.__name__
            return run

        return tally.run([part(test) for test in (
            test_wrong_use, test_empty, test_add_refuses, test_life,
            test_export, test_beside_a_server)])


if __name__ == "__main__":
    sys.exit(main())
