#!/usr/bin/python3
"""A review log into a learner's history: import, import again, parameters of
memory fitted, replay, and the same from an export.

The log is made up here: a memory much weaker than the published one. The last
line is "N passed, N failed, N skipped".
"""
import json
import pathlib
import random
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
sys.dont_write_bytecode = True

from daemon import POKER, Daemon, Folder, Tally, must, strict  # noqa: E402

tally = Tally()
DAY_MS = 86_400_000
START_MS = 1_767_261_600_000  # 2026-01-01T10:00:00Z
CARDS = 300


def make_log():
    """Five reviews of each card; recall is (1 + t / S)^-1/2, S grows by half
    with a pass and falls back with a failure. Two rows that do not count."""
    r = random.Random(7)
    rows = []
    for card in range(CARDS):
        at, stability = START_MS + card % 40 * DAY_MS + card * 1000, 0.4
        for k in range(5):
            wait = r.choice((1, 2, 3, 5, 8))
            passed = k == 0 or r.random() < (1 + wait / stability) ** -0.5
            at += wait * DAY_MS if k else 0
            rows.append((card, at, 3 if passed else 1, 1 if k == 0 else 2,
                         r.randrange(2000, 9000)))
            stability = stability * 1.5 if passed else 0.4
    rows.append((0, START_MS + 200 * DAY_MS, 0, 2, 0))     # by hand
    rows.append((CARDS, START_MS + 3 * DAY_MS, 3, 2, 900))  # no beginning
    r.shuffle(rows)
    head = "card_id,review_time,review_rating,review_state,review_duration\n"
    return head + "".join(",".join(map(str, row)) + "\n" for row in rows)


def told(*arguments):
    return strict(must(*arguments, "--json"))


def test_import(log, db):
    first = told("import", log, "--format", "anki", "--user", 7, "--db", db)
    tally.equal("reviews", first["accepted"], 5 * CARDS)
    tally.equal("rows", first["rows"], 5 * CARDS + 2)
    tally.equal("cards", (first["cards"], first["new_cards"]), (CARDS, CARDS))
    tally.equal("left out", first["skipped"], {
        "manual": 1, "before_reset": 0, "no_beginning": 1, "repeated": 0})
    again = told("import", log, "--format", "anki", "--user", 7, "--db", db)
    tally.equal("again", (again["accepted"], again["duplicates"],
                          again["new_cards"]), (0, 5 * CARDS, 0))


def test_reads(db):
    queue = told("reviews", 7, "--db", db, "--minutes", 10)
    tally.equal("practised", queue["practised"], CARDS)
    tally.check("a review takes seconds", queue["review_minutes"] < 0.2, queue)
    tally.check("reviews are planned", queue["days"][0]["planned"] > 50, queue)
    profile = told("analyze", 7, "--db", db)
    tally.check("the profile has the cards", "cards" in
                profile["skillProfile"]["current_levels"], profile)


def test_fit(db):
    fit = told("train", "memory", "--db", db)
    tally.equal("reviews folded", fit["reviews"], 5 * CARDS)
    tally.equal("their own", fit["own"]["given"], 1)
    tally.check("it pays", fit["own"]["logloss"]
                < fit["own"]["logloss_before"] - 0.01, fit)
    tally.equal("in force", told("reviews", 7, "--db", db)["parameters"],
                {"from": "learner", "reviews": fit["items"]})
    tally.equal("once", told("train", "memory", "--db", db)["own"]["given"], 0)


def test_replay(db, copy):
    replayed = told("replay", "--db", db)
    tally.equal("replay", (replayed["learners"], replayed["differing"]),
                (1, 0))
    events = must("export", "--db", db)
    tally.check("parameters are in the export", '"memory_fitted"' in events,
                events[-300:])
    file = copy.with_suffix(".ndjson")
    file.write_text(events, encoding="utf-8")
    told("import", file.with_name("log.csv"), "--format", "anki", "--user", 9,
         "--db", copy)  # for the curriculum
    back = told("import", file, "--db", copy)
    tally.equal("an export is taken back", back["accepted"], 5 * CARDS + 1)
    tally.equal("with its parameters", told("reviews", 7, "--db", copy)[
        "parameters"]["from"], "learner")
    tally.equal("and replays", told("replay", "7", "--db", copy)["differing"],
                0)


def test_beside_a_curriculum(log, db):
    must("catalogue", "load", POKER, "--db", db)
    told("import", log, "--format", "anki", "--deck", "n5", "--utc-offset",
         "60", "--db", db)
    with Daemon(db) as daemon:
        catalogue = daemon.get("/api/catalogue").json
        live = {c["id"] for c in catalogue["concepts"] if not c.get("retired")}
        tally.check("both are there", {"odd.outs", "n5.0"} <= live, live)
        profile = daemon.get("/api/users/1/profile").json
        tally.equal("the clock", json.dumps(profile).count(
            '"utc_offset_minutes": 60'), 1)


def main():
    with Folder() as folder:
        log = folder / "log.csv"
        log.write_text(make_log(), encoding="utf-8")
        test_import(log, folder / "a.db")
        test_reads(folder / "a.db")
        test_fit(folder / "a.db")
        test_replay(folder / "a.db", folder / "b.db")
        test_beside_a_curriculum(log, folder / "c.db")
    return tally.end()


if __name__ == "__main__":
    sys.exit(main())
