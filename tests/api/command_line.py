#!/usr/bin/python3
"""The subcommands: exit codes, JSON that parses, and events that go out of
one database and into another and give the same states.

One line a failure; the last line is "N passed, N failed, N skipped".
"""
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
sys.dont_write_bytecode = True

from contract_check import Contract  # noqa: E402
from daemon import (MUSIC, POKER, Daemon, Folder, Tally, must,  # noqa: E402
                    piq, strict)
from examples import day  # noqa: E402

USERS = "/api/users/{userId}"
SUBCOMMANDS = ("serve", "demo", "import", "analyze", "recommend", "path",
               "path pin", "path undo", "predict", "progress", "catalogue",
               "simulate", "export", "replay", "eval kt", "eval track",
               "eval forecast", "train kt", "model", "path solve", "config",
               "backup", "restore", "migrate",
               "version")
DONE, COULD_NOT, WRONG_USE = 0, 1, 2

tally = Tally()
contract = Contract()


def code(expected, *arguments, **more):
    done = piq(*arguments, **more)
    name = "piq " + " ".join(map(str, arguments))
    tally.equal(f"exit status of {name}", done.returncode, expected)
    if expected == COULD_NOT:
        tally.check(f"{name} says why", done.stderr or done.stdout, done)
    if expected == WRONG_USE:
        tally.check(f"{name} says how", "usage" in done.stderr or
                    "--" in done.stderr, done)
    tally.check(f"{name} does not crash", done.returncode >= 0, done)
    return done


def test_help():
    code(DONE, "--help")
    code(WRONG_USE)
    code(WRONG_USE, "brew")
    for name in SUBCOMMANDS:
        words = name.split()
        done = code(DONE, *words, "--help")
        tally.check(f"help of {name}", f"piq {name}" in done.stdout and
                    "exit codes" in done.stdout, done.stdout)
        code(WRONG_USE, *words, "--no-such-option")
        if name != "version":
            code(WRONG_USE, *words, "--db")
    for name in ("eval", "train"):
        tally.check(f"topics of {name}", f"{name} kt" in
                    code(DONE, name, "--help").stdout.replace("TOPIC", "kt"))
        code(WRONG_USE, name)
        code(WRONG_USE, name, "brew")


def test_wrong_use(db):
    for name in ("analyze", "recommend", "path", "predict", "progress"):
        code(WRONG_USE, name, "--db", db)
        code(WRONG_USE, name, "--db", db, "1", "2")
        for bad in ("0", "-1", "x", "9223372036854775808", ""):
            code(WRONG_USE, name, "--db", db, "--", bad)
        code(COULD_NOT, name, "--db", db, "424242")
        code(COULD_NOT, name, "--db", f"{db}.none", "1")
    code(WRONG_USE, "recommend", "1", "--limit", "0", "--db", db)
    code(WRONG_USE, "recommend", "1", "--limit", "many", "--db", db)
    code(WRONG_USE, "predict", "1", "--days", "731", "--db", db)
    code(WRONG_USE, "predict", "1", "--item", "0", "--db", db)
    code(WRONG_USE, "predict", "1", "--item", "1", "--days", "3", "--db", db)
    code(WRONG_USE, "predict", "1", "--item", "1", "--concept", "x", "--db",
         db)
    code(WRONG_USE, "predict", "1", "--concept", "x" * 400, "--db", db)
    code(COULD_NOT, "predict", "1", "--item", "424242", "--db", db)
    code(COULD_NOT, "predict", "1", "--concept", "", "--db", db)
    code(COULD_NOT, "predict", "1", "--concept", "\u00f6 & x", "--db", db)
    code(WRONG_USE, "serve", "--port", "65536", "--db", db)
    code(WRONG_USE, "serve", "--log", "xml", "--db", db)
    code(WRONG_USE, "catalogue", "burn", POKER)
    code(WRONG_USE, "import", "--format", "xml", POKER, "--db", db)
    code(COULD_NOT, "recommend", "1", "--type", "poem", "--db", db)
    code(COULD_NOT, "serve", "--port", "0", "--address", "nowhere", "--db", db)
    code(COULD_NOT, "serve", "--port", "0", "--db", "/no/such/place/piq.db")
    code(COULD_NOT, "replay", "--db", f"{db}.none")
    code(COULD_NOT, "export", "--db", f"{db}.none")
    code(COULD_NOT, "export", "424242", "--db", db)
    code(COULD_NOT, "catalogue", "check", f"{db}.none")
    code(COULD_NOT, "catalogue", "check", db)
    code(COULD_NOT, "import", f"{db}.none", "--db", f"{db}.new")


def test_json(db):
    shapes = {"analyze": ("POST", "profile/analyze"),
              "progress": ("GET", "progress-analytics"),
              "recommend": ("GET", "recommendations"),
              "path": ("GET", "learning-path"),
              "reviews": ("GET", "reviews"),
              "predict": ("GET", "skill-predictions")}
    for name, (method, resource) in shapes.items():
        value = strict(code(DONE, name, "3", "--json", "--db", db).stdout)
        responses = contract.doc["paths"][f"{USERS}/{resource}"][
            method.lower()]["responses"]
        schema = contract.resolve(responses["200"])["content"][
            "application/json"]["schema"]
        tally.equal(f"piq {name} --json keeps the contract",
                    contract.schema_errors(schema, value), [])
        tally.check(f"piq {name} has a table",
                    len(code(DONE, name, "3", "--db", db).stdout) > 100)
    test_next_answer(db)
    told = strict(code(DONE, "version", "--json").stdout)
    tally.equal("version", told["version"], contract.doc["info"]["version"])
    told = strict(code(DONE, "catalogue", "check", MUSIC, "--json").stdout)
    tally.equal("a good curriculum", told, {"valid": True, "findings": []})
    told = strict(code(DONE, "replay", "--json", "--db", db).stdout)
    tally.equal("all states replay", (told["learners"], told["differing"]),
                (12, 0))
    one = strict(code(DONE, "replay", "3", "--json", "--db", db).stdout)
    tally.equal("one state replays", (one["learners"], one["differing"]),
                (1, 0))
    tally.equal("and its path", (one["paths"], one["paths_differing"]), (1, 0))


def test_next_answer(db):
    """predict --item and --concept: the API's reply, or a table that adds
    up."""
    item = strict(POKER.read_text(encoding="utf-8"))["items"][0]
    schema = contract.resolve(contract.doc["paths"][
        f"{USERS}/answer-prediction"]["get"]["responses"]["200"])["content"][
            "application/json"]["schema"]
    for asked in (("--item", item["id"]),
                  ("--concept", next(iter(item["concepts"])))):
        value = strict(code(DONE, "predict", "3", *asked, "--json", "--db",
                            db).stdout)
        tally.equal(f"piq predict {asked[0]} --json keeps the contract",
                    contract.schema_errors(schema, value), [])
        shown = code(DONE, "predict", "3", *asked, "--db", db).stdout
        tally.check(f"piq predict {asked[0]} says why",
                    all(r["text"] in shown for r in value["why"]), shown)


def test_path_controls(db):
    """piq path VERB: the API's reply, or why not."""
    def path(expected, *words):
        return code(expected, "path", *words, "--db", db)

    schema = contract.resolve(contract.doc["paths"][
        f"{USERS}/learning-path/controls"]["post"]["responses"]["200"])[
            "content"]["application/json"]["schema"]
    poker = strict(POKER.read_text(encoding="utf-8"))
    content = poker["contents"][0]["id"]
    concept = poker["concepts"][0]["id"]
    verbs = [("pin", content), ("pin", content, day(2)), ("skip", content),
             ("skip", concept), ("known", concept), ("release", concept),
             ("reorder", content, poker["contents"][1]["id"]),
             ("pace", "0.5"), ("days_off", day(1), day(2)), ("days_off",),
             ("freeze",)]
    for verb, *words in verbs:
        value = strict(path(DONE, verb, "4", *words, "--json").stdout)
        tally.equal(f"piq path {verb} --json keeps the contract",
                    contract.schema_errors(schema, value), [])
        tally.equal(f"{verb} is what undo would take back",
                    value["undo"]["kind"], verb)
    shown = path(DONE, "4").stdout
    tally.check("what is in force is shown", "in force" in shown and
                "freeze" in shown, shown[-600:])
    for _ in verbs:
        path(DONE, "undo", "4")
    path(COULD_NOT, "undo", "4")
    path(COULD_NOT, "release", "4", content)
    path(COULD_NOT, "pin", "4", "424242")
    path(COULD_NOT, "pin", "4", content, "2020-01-01")
    path(COULD_NOT, "pace", "4", "9")
    path(COULD_NOT, "freeze", "424242")
    for verb, *words in (("pin",), ("pin", "4"), ("pace", "4", "fast"),
                         ("reorder", "4", "first"), ("undo",),
                         ("freeze", "4", "5"), ("undo", "x")):
        path(WRONG_USE, verb, *words)


def test_catalogue(folder):
    bad = folder / "bad.json"
    text = MUSIC.read_text(encoding="utf-8")
    bad.write_text(text.replace('"prerequisites": [1001]',
                                '"prerequisites": [9999]'), encoding="utf-8")
    done = code(COULD_NOT, "catalogue", "check", bad, "--json")
    told = strict(done.stdout)
    tally.check("findings have lines", not told["valid"] and
                all(f["line"] > 1 and f["pointer"] for f in told["findings"]),
                told)
    db = folder / "catalogue.db"
    code(COULD_NOT, "catalogue", "load", bad, "--db", db)
    told = strict(code(DONE, "catalogue", "load", MUSIC, "--json", "--db",
                       db).stdout)
    tally.equal("first version", told["catalogue_version"], 1)
    code(COULD_NOT, "catalogue", "load", bad, "--db", db)
    with Daemon(db) as daemon:
        tally.equal("a bad curriculum replaces nothing",
                    daemon.get("/readyz").json["catalogue_version"], 1)


def digest(db):
    told = strict(must("replay", "--json", "--db", db))
    tally.equal(f"states of {db.name} that replay otherwise",
                told["differing"], 0)
    return told["learners"], told["events"], told["digest"]


def test_export_import(db, folder):
    copy, half = folder / "copy.db", folder / "half.db"
    events = must("export", "--db", db)
    lines = events.splitlines(keepends=True)
    for target in (copy, half):
        must("catalogue", "load", POKER, "--db", target)
    told = strict(must("import", "-", "--json", "--db", copy, input=events))
    tally.equal("all are accepted", told["accepted"], len(lines))
    tally.equal("the copy's digest", digest(copy), digest(db))
    tally.equal("the copy exports the same", must("export", "--db", copy),
                events)
    told = strict(must("import", "-", "--json", "--db", copy, input=events))
    tally.equal("again: only duplicates", (told["accepted"],
                told["duplicates"]), (0, len(lines)))
    middle = "".join(lines[:len(lines) // 2])
    must("import", "-", "--json", "--db", half, input=middle)
    told = strict(must("import", "-", "--json", "--db", half, input=events))
    tally.equal("an interrupted import goes on", told["duplicates"],
                len(lines) // 2)
    one = must("export", "3", "--db", db)
    tally.equal("one learner's events", one, "".join(
        line for line in lines if line.startswith('{"user_id":"3",')))
    done = code(COULD_NOT, "import", "-", "--db", half,
                input=lines[0] + "nonsense\n")
    tally.check("a broken line has its number", "line 2" in done.stderr, done)


def test_served_events(folder):
    """What came over HTTP goes out and in again too."""
    db, copy = folder / "served.db", folder / "served-copy.db"
    must("catalogue", "load", MUSIC, "--db", db)
    must("catalogue", "load", MUSIC, "--db", copy)
    with Daemon(db) as daemon:
        contents = daemon.get("/api/catalogue").json["contents"]
        for user in (1, 2):
            daemon.post(f"/api/users/{user}/events", [
                {"event_id": f"\u00e9\"\\ {k}", "at": f"2026-10-{k + 1:02}"
                 "T10:00:00.000001+02:00", "type": "answer", "score": k / 30,
                 "content": contents[k % len(contents)]["id"]}
                for k in range(25)])
            daemon.put(f"/api/users/{user}/profile",
                       {"stated": {"session_minutes": 25},
                        "goals": {"target_skill_level": "advanced"}})
            daemon.put(f"/api/users/{user}/learning-path/update",
                       {"completed": [contents[0]["id"]]})
            slate = daemon.get(f"/api/users/{user}/recommendations").json
            daemon.post(f"/api/users/{user}/recommendations/"
                        f"{slate['recommendations'][0]['id']}/feedback",
                        {"action": "dismissed", "feedback_score": 2})
    must("import", "-", "--db", copy, input=must("export", "--db", db))
    tally.equal("the copy's digest", digest(copy), digest(db))


INSTANCE = """2 3 2
20 30
0.4 0.1 0
0.2 1.0 1 0
15 0 1 0 0.32
5 1 1 1 0.39
8 1 1 1 0.16
"""


def test_path_solve(folder):
    good, bad = folder / "plan.txt", folder / "bad.txt"
    good.write_text(INSTANCE)
    bad.write_text(INSTANCE.replace("5 1 1 1 0.39", "5 1 1 1"))
    code(WRONG_USE, "path", "solve")
    code(WRONG_USE, "path", "solve", good, good)
    code(WRONG_USE, "path", "solve", good, "--ms", "-1")
    code(COULD_NOT, "path", "solve", folder / "none.txt")
    done = code(COULD_NOT, "path", "solve", bad)
    tally.check("the line is said", "line 6" in done.stderr, done.stderr)
    plain = code(DONE, "path", "solve", good, "--ms", 5).stdout
    tally.check("days are shown", "day 1" in plain and "value" in plain,
                plain)
    plan = strict(code(DONE, "path", "solve", good, "--ms", 5, "--seed", 3,
                       "--json").stdout)
    tally.equal("members of a plan", sorted(plan),
                sorted(["value", "bound", "gap", "iterations", "ms", "items",
                        "reviews"]))
    # Concept 1 opens at .5 of concept 0: item 0 adds .32 to .4. All fit.
    tally.equal("items", sorted(x["item"] for x in plan["items"]), [0, 1, 2])
    tally.check("the bound holds", plan["value"] <= plan["bound"] + 1e-9 and
                0 <= plan["gap"] < .2, plan)
    for entry in plan["items"] + plan["reviews"]:
        tally.check("a day of two", entry["day"] in (0, 1), entry)


def main():
    with Folder() as folder:
        db = folder / "piq.db"
        must("simulate", "--learners", 12, "--events", 120, "--days", 60,
             "--curriculum", POKER, "--db", db)

        def wrong_use():
            test_wrong_use(db)

        def as_json():
            test_json(db)
            test_path_controls(db)

        def catalogue():
            test_catalogue(folder)

        def path_solve():
            test_path_solve(folder)

        def export_import():
            test_export_import(db, folder)

        def served_events():
            test_served_events(folder)

        return tally.run([test_help, wrong_use, as_json, catalogue, path_solve,
                          export_import, served_events])


if __name__ == "__main__":
    sys.exit(main())
