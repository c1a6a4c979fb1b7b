"""What a learner may want of their path, over HTTP: each control, what undo
makes of it, what is refused and where, and what the history tells of it."""
from examples import day
from learner import USER, Learner, answer_some, expect, tally

CONTROLS = f"{USER}/learning-path/controls"


class Wishes:
    """A learner with a path, and what they want of it."""

    def __init__(self, daemon, user):
        self.daemon = daemon
        self.learner = Learner(daemon, user)
        self.url = f"{self.learner.base}/learning-path/controls"
        self.catalogue = daemon.get("/api/catalogue").json

    def wish(self, body, status=200, query="?steps=1024", **headers):
        reply = self.daemon.post(self.url + query, body, headers=headers)
        expect(reply, CONTROLS, status, str(body)[:80])
        return reply

    def path(self):
        return self.learner.get("learning-path", "?steps=1024").json

    def kinds(self, path):
        return [c["kind"] for c in path["controls"]]


def contents_of(path):
    return [s["content_id"] for s in path["path_config"]["steps"]
            if s["content_id"] and s["status"] != "done"]


def days_of(path):
    return {s["day"] for s in path["path_config"]["steps"]
            if s["status"] != "done"}


def one_by_one(w):
    first = w.path()
    tally.equal("no controls at first", (first["controls"], first["undo"]),
                ([], None))
    victim = contents_of(first)[0]
    told = w.wish({"kind": "skip", "content": victim}).json
    tally.check("what is skipped is not planned",
                victim not in contents_of(told), victim)
    tally.equal("it is in force", [(c["kind"], c["content"])
                                   for c in told["controls"]],
                [("skip", victim)])
    cause = told["adaptation_history"][-1]["cause"]
    tally.equal("it is the cause", [(c["kind"], c["undone"])
                                    for c in cause["controls"]],
                [("skip", False)])
    tally.equal("of one event", (cause["events"], cause["answers"]), (1, 0))
    again = w.wish({"kind": "skip", "content": victim}).json
    tally.equal("said twice, it holds once", w.kinds(again), ["skip"])
    back = w.wish({"kind": "undo"}).json
    tally.equal("undo takes it back", (back["controls"], back["undo"]),
                ([], None))
    cause = back["adaptation_history"][-1]["cause"]
    tally.equal("and tells what", [(c["kind"], c["undone"])
                                   for c in cause["controls"]],
                [("skip", True)])
    tally.equal("and the path is what it was", back["path_config"],
                first["path_config"])
    tally.equal("a read finds the same", w.path()["adaptation_history"][-1],
                back["adaptation_history"][-1])


def walk_back(w):
    contents = [c["id"] for c in w.catalogue["contents"]]
    concept = w.catalogue["concepts"][0]["id"]
    wishes = [{"kind": "pin", "content": contents[1], "day": day(3)},
              {"kind": "pin", "content": contents[1]},
              {"kind": "skip", "content": contents[1]},
              {"kind": "known", "concept": concept},
              {"kind": "skip", "concept": concept},
              {"kind": "release", "concept": concept},
              {"kind": "reorder", "order": contents[2:5]},
              {"kind": "pace", "factor": 0.5},
              {"kind": "pace", "factor": 2},
              {"kind": "days_off", "days": [day(1), day(2), day(1)]},
              {"kind": "freeze"}]
    before = [w.path()["controls"]]
    planned = []
    for one in wishes:
        told = w.wish(one, query="").json
        before.append(told["controls"])
        planned.append(told["path_config"])
        tally.check(f"{one['kind']} is what undo would take back",
                    told["undo"]["kind"] == one["kind"], told["undo"])
    tally.equal("days off once, in order", [c["days"] for c in before[-1]
                if c["kind"] == "days_off"], [[day(1), day(2)]])
    tally.check("no step on a day off", not {day(1), day(2)} &
                days_of(w.path()), days_of(w.path()))
    for expected in reversed(before[:-1]):
        told = w.wish({"kind": "undo"}, query="").json
        tally.equal("undo walks back", told["controls"], expected)
        if expected is before[-2]:  # further back, days off have moved reviews
            tally.equal("to the path before", told["path_config"],
                        planned[-2])
    w.wish({"kind": "undo"}, status=409)


def several(w):
    contents = [c["id"] for c in w.catalogue["contents"]]
    version = w.path()["version"]
    told = w.wish([{"kind": "pin", "content": contents[0]},
                   {"kind": "skip", "content": contents[0]},
                   {"kind": "pace", "factor": 1.5}, {"kind": "undo"}]).json
    tally.equal("a list holds in its order", w.kinds(told), ["skip"])
    tally.equal("and is one change", told["version"], version + 1)
    history = len(told["adaptation_history"])
    one = w.wish({"kind": "undo"}, query="?adaptations=1").json
    tally.equal("as many adaptations as asked for",
                len(one["adaptation_history"]), 1)
    tally.check("the newest", one["adaptation_history"][0]["version"] ==
                version + 2 and history > 1, one["adaptation_history"])


def undo_all(w):
    while w.path()["undo"]:
        w.wish({"kind": "undo"})


def refused(w):
    undo_all(w)
    content = w.catalogue["contents"][0]["id"]
    w.wish({"kind": "freeze"})
    was = w.path()
    for body, pointer in (
            ({"kind": "pin", "content": 424242}, "/content"),
            ({"kind": "pin", "content": content, "day": day(-2)}, "/day"),
            ({"kind": "pin", "content": content, "day": day(369)}, "/day"),
            ({"kind": "pin"}, "/content"), ({"kind": "fly"}, "/kind"), ({},
             "/kind"), ({"kind": "skip"}, ""),
            ({"kind": "skip", "content": content, "concept": "x"},
             "/concept"), ({"kind": "known", "concept": "x"}, "/concept"),
            ({"kind": "known", "content": content}, "/content"),
            ({"kind": "reorder", "order": []}, "/order"),
            ({"kind": "reorder", "order": [content, content]}, "/order/1"),
            ({"kind": "reorder", "order": [content] * 33}, "/order"),
            ({"kind": "pace", "factor": 0.2}, "/factor"),
            ({"kind": "pace", "factor": 3.1}, "/factor"),
            ({"kind": "days_off", "days": ["soon"]}, "/days/0"),
            ({"kind": "days_off", "days": [day(1)] * 65}, "/days"),
            ({"kind": "undo", "content": content}, "/content"),
            ([{"kind": "undo"}, {"kind": "pace", "factor": 9}], "/1/factor"),
            ([], None), ([{"kind": "pace", "factor": 1}] * 33, None),
            ("undo", "")):
        told = w.wish(body, status=400).json
        tally.equal(f"pointer of {str(body)[:60]}", told.get("pointer") or "",
                    pointer or "")
    for body, pointer in (({"kind": "release", "content": content}, "/kind"),
                          ([{"kind": "undo"}, {"kind": "undo"}], "/1/kind")):
        told = w.wish(body, status=409).json
        tally.equal(f"place of {body}", told.get("pointer"), pointer)
    w.wish({"kind": "undo"}, status=412, **{"If-Match": '"1000"'})
    w.wish({"kind": "undo"}, status=400, query="?adaptations=0")
    now = w.path()
    tally.equal("what was refused changed nothing",
                (now["version"], now["controls"]),
                (was["version"], was["controls"]))
    nobody = Wishes(w.daemon, 999998)
    nobody.wish({"kind": "freeze"}, status=404)


def as_events(w):
    """Posted as events they hold too, and what takes back nothing is taken."""
    learner = w.learner
    content = w.catalogue["contents"][0]["id"]
    undo_all(w)
    skip = learner.event("path_controlled",
                         control={"kind": "skip", "content": content})
    pace = learner.event("path_controlled",
                         control={"kind": "pace", "factor": 0.5})
    learner.post([pace, skip])
    told = w.path()
    tally.equal("two events, in their own order", w.kinds(told),
                ["skip", "pace"])
    cause = told["adaptation_history"][-1]["cause"]
    tally.equal("both are the cause", len(cause["controls"]), 2)
    learner.did("path_controlled", control={"kind": "undo"})
    learner.post([learner.event("path_controlled", control={"kind": "undo"}),
                  learner.event("path_controlled", control={"kind": "undo"})])
    tally.equal("undone to the end and beyond", w.path()["controls"], [])
    learner.post(answer_some(learner, w.catalogue, 9, lambda i: True))
    cause = w.path()["adaptation_history"][-1]["cause"]
    tally.equal("answers are a cause", cause["answers"], 9)
    wrong = learner.event("path_controlled", control={"kind": "pace"})
    told = learner.post([wrong], status=400).json
    tally.equal("pointer in an event", told["pointer"], "/0/control/factor")


def controls(daemon, user):
    """On a learner that has no controls yet."""
    w = Wishes(daemon, user)
    daemon.put(f"{w.learner.base}/profile",
               {"goals": {"target_skill_level": "expert"},
                "stated": {"minutes_per_weekday": [40] * 7}})
    one_by_one(w)
    walk_back(w)
    several(w)
    refused(w)
    as_events(w)
