#!/usr/bin/python3
"""What a platform posted by mistake and voids: the learner is as if it had
never been, whoever asks; who may, what may be voided; and that files of events
tell it on.

One line a failure; the last line is "N passed, N failed, N skipped".
"""
import json
import pathlib
import random
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
sys.dont_write_bytecode = True

import credentials  # noqa: E402
from credentials import bearer  # noqa: E402
from daemon import POKER, Daemon, Folder, must, piq, strict  # noqa: E402
from examples import instant  # noqa: E402
from learner import USER, Learner, answer_some, expect, tally  # noqa: E402

NDJSON = "application/x-ndjson"
TENANT = 6


class World:
    def __init__(self, db):
        self.db = db
        signer = credentials.Signer(db)
        self.token = bearer(signer.token(sub="3"))
        self.coach = bearer(signer.token(sub="ann", role="coach"))
        credentials.assign(db, "ann", ["3"])
        self.writer = bearer(credentials.make_key(db, {"events:write"}))
        self.reader = bearer(credentials.make_key(db, {"profile:read"}))
        self.other = bearer(credentials.make_key(
            db, ("events:write", "profile:read"), tenant=TENANT))


def void(event, **more):
    Learner.n_events += 1
    return {"event_id": f"void-{Learner.n_events}", "at": instant(),
            "type": "voided", "voids": event["event_id"], **more}


def refused(learner, body, status, pointer, **more):
    reply = learner.post(body, status, **more)
    tally.equal(f"pointer of {body}", reply.json.get("pointer"), pointer)


# ---- as if it had never been ---------------------------------------------------------

def answers(w, learner, n, right):
    return answer_some(learner, w.catalogue, n, right)


def test_profile(w):
    learner = Learner(w.daemon, 1)
    learner.post(answers(w, learner, 30, lambda i: i % 3 > 0))
    learner.did("goal_set", goal={"target_skill_level": "advanced"})
    before = learner.profile()
    goal = learner.event("goal_set", goal={"target_skill_level": "expert"})
    stated = learner.event("profile_stated", stated={"session_minutes": 15})
    wrong = answers(w, learner, 9, lambda i: False)
    learner.post([*wrong, goal, stated])
    tally.check("they count", learner.profile() != before)
    reply = learner.post([void(e) for e in (*wrong, goal, stated)])
    tally.equal("all are voided", reply.json["accepted"], 11)
    tally.equal("they never were", learner.profile(), before)
    told = [e["event"]["event_id"]
            for e in learner.get("events", "?limit=200").json["events"]]
    tally.equal("what the profile stands on", len(told), 31)
    tally.check("not on these", not {e["event_id"] for e in wrong} & set(told))
    exported = w.daemon.get(f"{learner.base}/export")
    for e in wrong:
        tally.check("nothing is deleted", e["event_id"].encode() in
                    exported.body)
    reply = w.daemon.get(f"{learner.base}/events?type=voided")
    expect(reply, f"{USER}/events", 400)
    for resource in ("recommendations", "learning-path", "reviews",
                     "progress-analytics", "skill-predictions"):
        learner.get(resource)


def test_all_of_it(w):
    """A learner of whom nothing is left."""
    learner = Learner(w.daemon, 2)
    events = answers(w, learner, 5, lambda i: True)
    learner.post(events + [void(e) for e in events[:2]])
    learner.post([void(e) for e in events[2:]])
    tally.equal("events", learner.get("events").json["events"], [])
    for resource in ("profile", "recommendations", "learning-path", "reviews",
                     "progress-analytics", "skill-predictions"):
        learner.get(resource)
    exported = w.daemon.get(f"{learner.base}/export").json
    tally.check("no first event", "first_event" not in exported["learner"],
                exported["learner"])
    learner.post(answers(w, learner, 3, lambda i: True))


def test_path(w):
    """A step that was done, and was not."""
    learner = Learner(w.daemon, 4)
    learner.did("goal_set", goal={"target_skill_level": "advanced"})
    steps = learner.get("learning-path").json["path_config"]["steps"]
    content = next(s["content_id"] for s in steps if s["content_id"])
    done = learner.event("content_completed", content=content)
    learner.post(done)

    def n_done():
        path = learner.get("learning-path").json["path_config"]
        return sum(s["status"] == "done" for s in path["steps"])

    tally.equal("it is done", n_done(), 1)
    learner.post(void(done))
    tally.equal("it was not", n_done(), 0)


# ---- what may be voided, and by whom -------------------------------------------------

def test_what(w):
    mine, other = Learner(w.daemon, 3), Learner(w.daemon, 5)
    one, two, theirs = (mine.event("answer", correct=True, content=w.content)
                        for _ in range(3))
    mine.post([one, two])
    other.post(theirs)
    version = mine.get("profile").version
    for body, status, pointer in (
            (void({"event_id": "nobody's"}), 400, "/voids"),
            (void(theirs), 400, "/voids"),
            ([one, void(theirs)], 400, "/1/voids"),
            (void(one, voids=7), 400, "/voids"),
            (void(one, voids=""), 400, "/voids"),
            (void(one, voids="x" * 65), 400, "/voids"),
            (void(one, voids=None), 400, "/voids"),
            (void(one, correct=True), 400, "/correct"),
            (void(one, event_id=one["event_id"]), 400, "/voids"),
            (void(one, event_id=two["event_id"]), 409, "/event_id")):
        refused(mine, body, status, pointer)
    bare = void(one)
    del bare["voids"]
    refused(mine, bare, 400, "/voids")
    tally.equal("nothing happened", mine.get("profile").version, version)
    first = void(one)
    tally.equal("voided", mine.post(first).json["accepted"], 1)
    refused(mine, void(first), 409, "/voids")
    version = mine.get("profile").version
    for again in (first, void(one), one):
        reply = mine.post(again)
        tally.equal("again", (reply.json["duplicates"], reply.version),
                    (1, version))
    refused(Learner(w.daemon, 404), void(one), 400, "/voids")
    w.daemon_learner_is_unknown(404)


def test_who(w):
    learner = Learner(w.daemon, 3)
    one = learner.event("answer", correct=True, content=w.content)
    learner.post(one)
    refused(learner, void(one), 403, "/type", headers=w.token)
    refused(learner, [one, void(one)], 403, "/1/type", headers=w.token)
    for headers in (w.coach, w.reader):
        learner.post(void(one), 403, headers=headers)
    refused(learner, void(one), 400, "/voids", headers=w.other)
    version = learner.get("profile").version
    learner.post(void(one), headers=w.writer)
    tally.equal("by who writes", learner.get("profile").version, version + 1)


# ---- files ---------------------------------------------------------------------------

def lines(pairs):
    return "".join(json.dumps({"user_id": str(u), **e}) + "\n"
                   for u, e in pairs).encode()


def test_ndjson(w):
    learner = Learner(w.daemon, 11)
    some = answers(w, learner, 6, lambda i: i % 2 == 1)
    pairs = [(11, e) for e in some] + [(12, some[0]), (11, void(some[1])),
                                       (12, void(some[1])),
                                       (11, void(some[4]))]
    reply = w.daemon.post("/api/events", lines(pairs), media=NDJSON)
    expect(reply, "/api/events", 200)
    tally.equal("one of them voids nothing",
                [(r["line"], r["status"], r["pointer"])
                 for r in reply.json["rejected"]], [(9, 400, "/voids")])
    tally.equal("the rest is taken", reply.json["accepted"], len(pairs) - 1)
    told = learner.get("events").json["events"]
    tally.equal("what counts", len(told), 4)
    reply = w.daemon.post("/api/events", lines(pairs), media=NDJSON)
    tally.equal("again", (reply.json["accepted"], reply.json["duplicates"]),
                (0, len(pairs) - 1))


def test_random(w):
    """Many learners, voids of all ages, at random."""
    rng = random.Random(4)
    for user in range(20, 26):
        learner = Learner(w.daemon, user)
        events = answers(w, learner, 90, lambda i: rng.random() < 0.6)
        at = 0
        posted = []
        while at < len(events):
            n = rng.randrange(1, 20)
            piece = events[at:at + n]
            at += n
            posted += piece
            voids = [void(posted.pop(rng.randrange(len(posted))))
                     for _ in range(rng.randrange(0, 4)) if posted]
            learner.post(piece + voids)
            learner.get(rng.choice(("recommendations", "learning-path")))


def states(db):
    told = strict(must("replay", "--json", "--db", db))
    tally.equal("every state is what its events make it", told["differing"], 0)
    return told


def check_files(folder, db):
    """piq export, piq import: the same learners."""
    states(db)
    file = folder / "events.ndjson"
    text = must("export", "--db", db)
    file.write_text(text)
    tally.check("voids are in it", text.count('"type":"voided"') > 50)
    again = folder / "again.db"
    must("catalogue", "load", POKER, "--db", again)
    must("import", file, "--db", again)
    tally.equal("imported again, nothing is new", 0 == piq(
        "import", file, "--db", again).returncode, True)
    states(again)
    tally.equal("the events of both", sorted(text.splitlines()),
                sorted(must("export", "--db", again).splitlines()))
    with Daemon(db) as one, Daemon(again) as two:
        for user in (1, 2, *range(20, 26)):
            kept = [Learner(d, user).profile() for d in (one, two)]
            for profile in kept:  # items are calibrated otherwise
                profile.pop("skillProfile")
            tally.equal(f"learner {user}", kept[1], kept[0])


PARTS = (test_profile, test_all_of_it, test_path, test_what, test_who,
         test_ndjson, test_random)


def main():
    with Folder() as folder:
        db = folder / "piq.db"
        must("catalogue", "load", POKER, "--db", db)
        w = World(db)

        def unknown(user):
            reply = w.daemon.get(f"/api/users/{user}/profile")
            expect(reply, f"{USER}/profile", 404)

        w.daemon_learner_is_unknown = unknown

        def test_all():
            with Daemon(db) as daemon:
                w.daemon = daemon
                w.catalogue = daemon.get("/api/catalogue").json
                w.content = w.catalogue["contents"][0]["id"]
                for part in PARTS:
                    part(w)

        def test_then():
            check_files(folder, db)

        return tally.run([test_all, test_then])


sys.exit(main())
