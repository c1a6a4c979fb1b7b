#!/usr/bin/python3
"""piq eval policy on the slates that a server served: what other policies would
have earned with them.

One line a failure; the last line is "N passed, N failed, N skipped".
"""
import pathlib
import sqlite3
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
sys.dont_write_bytecode = True

from daemon import (POKER, Daemon, Folder, Tally, must, piq,  # noqa: E402
                    strict)

DONE, COULD_NOT, WRONG_USE = 0, 1, 2
LEARNERS, EVENTS = 40, 60
TWO_DAYS_US = 2 * 86400 * 10**6

tally = Tally()


def code(expected, *arguments):
    done = piq("eval", "policy", *arguments)
    name = "piq eval policy " + " ".join(map(str, arguments))
    tally.equal(f"exit status of {name}", done.returncode, expected)
    if expected != DONE:
        tally.check(f"{name} says why", done.stderr and not done.stdout, done)
    return done


def judged(db, *arguments):
    return strict(code(DONE, "--db", db, *arguments, "--json").stdout)


def serve_everybody(db):
    """The last place of each slate is drawn; two learners of three like it."""
    with Daemon(db, "--policy-every", "0") as server:
        for user in range(1, LEARNERS + 1):
            path = f"/api/users/{user}/recommendations"
            shown = server.get(f"{path}?limit=4").json["recommendations"]
            if shown and user % 3:
                reply = server.post(f"{path}/{shown[-1]['id']}/feedback",
                                    {"feedback_score": 5})
                tally.equal("status of a feedback", reply.status, 200)


def make_older(db):
    with sqlite3.connect(db) as rows:
        rows.execute("UPDATE recommendation_log SET served_us = served_us - ?",
                     (TWO_DAYS_US,))


def check_report(db, prior):
    tally.check("rows are slates with a place left to chance",
                0 < prior["rows"] <= LEARNERS, prior)
    with sqlite3.connect(db) as rows:
        logged, = rows.execute("SELECT count(*) FROM recommendation_log"
                               ).fetchone()
    tally.equal("all slates are accounted for",
                prior["rows"] + sum(prior["left_out"].values()), logged)
    tally.equal("a slate for each learner", prior["groups"], prior["rows"])
    tally.check("who served earns what was earned",
                abs(prior["ips"] - prior["logged"]) < 1e-4 and
                abs(prior["max_weight"] - 1) < 1e-3, prior)
    for name in ("ci", "ips_ci", "snips_ci"):
        low, high = prior[name]
        tally.check(f"{name} is an interval of rewards",
                    0 <= low <= high <= 1, prior)
    tally.equal("of so few there is no verdict", prior["verdict"],
                "no verdict")
    greedy = judged(db, "--policy", "greedy")
    tally.equal("the same slates", greedy["rows"], prior["rows"])
    tally.check("the greedy policy draws nothing but the best",
                greedy["max_weight"] > 1 and greedy["ess"] <= prior["ess"],
                greedy)
    text = code(DONE, "--db", db, "--policy", "greedy").stdout
    for word in ("policy greedy", "SNIPS", "no verdict"):
        tally.check(f"the table says {word}", word in text, text)


def test_slates_are_judged():
    with Folder() as folder:
        db = folder / "piq.db"
        must("simulate", "--db", db, "--learners", LEARNERS, "--events",
             EVENTS, "--curriculum", POKER, timeout=120)
        serve_everybody(db)
        young = code(COULD_NOT, "--db", db, "--policy", "prior")
        tally.check("outcomes are waited for", " younger, 0 certain" in
                    young.stderr, young)
        make_older(db)
        check_report(db, judged(db, "--policy", "prior"))
        tally.equal("nothing was learned yet",
                    judged(db)["version"], 0)
        code(COULD_NOT, "--db", db, "--policy", "7")
        code(COULD_NOT, "--db", db, "--policy", "prior", "--days", "1")


def test_wrong_use():
    code(WRONG_USE, "--policy", "best")
    code(WRONG_USE, "--format", "log", "--data", "x")
    code(WRONG_USE, "--format", "obd", "--data", "x", "--policy", "prior")
    code(WRONG_USE, "--format", "csv")
    with Folder() as folder:
        code(COULD_NOT, "--db", folder / "none.db")


if __name__ == "__main__":
    sys.exit(tally.run([test_slates_are_judged, test_wrong_use]))
