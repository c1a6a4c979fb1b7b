#!/usr/bin/python3
"""A coach's list of learners: whom it has, what it tells of each, who may ask.

Every number is held against the learner's own replies. One line a failure; the
last line is "N passed, N failed, N skipped".
"""
import datetime
import pathlib
import re
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
sys.dont_write_bytecode = True

import credentials  # noqa: E402
from daemon import POKER, Daemon, Folder, must  # noqa: E402
from examples import day, instant  # noqa: E402
from learner import contract, expect, tally  # noqa: E402

LIST = "/api/coaches/{coach}/learners"
ME = "/api/coaches/me/learners"
LINK = re.compile(r'<(\?.*)>; rel="next"')
SIMULATED = 12
NEW = 4711  # assigned before the first event
SCOPES = ("profile:read", "recommendations:read")


class World:
    """Coaches ann (three, and one who never began) and bob (one); a twin of
    tenant 3 with an ann of its own, and a learner of the same number."""

    def __init__(self, db):
        self.db = db
        self.daemon = None
        self.signer = credentials.Signer(db)
        self.twin_signer = credentials.Signer(db, kid="twin", tenant=3)
        self.platform = credentials.bearer(credentials.make_key(db, SCOPES))
        self.twin_key = credentials.bearer(credentials.make_key(
            db, (*SCOPES, "events:write"), tenant=3))
        credentials.assign(db, "ann", [2, 3, 5, NEW])
        credentials.assign(db, "bob", [4])
        credentials.assign(db, "ann", [2], tenant=3)
        credentials.assign(db, "many", range(1, SIMULATED + 1))

    def coach(self, name, signer=None, **claims):
        token = (signer or self.signer).token(sub=name, role="coach", **claims)
        return credentials.bearer(token)

    def ask(self, path, headers, status=200):
        reply = self.daemon.get(path, headers=headers)
        expect(reply, LIST, status)
        return reply.json

    def learners(self, path, headers):
        return self.ask(path, headers)["learners"]


def ids(listed):
    return [one["userId"] for one in listed]


# ---- whom ------------------------------------------------------------------

def whom(w):
    ann, own = w.coach("ann"), ["2", "3", "5", str(NEW)]
    tally.equal("a coach's own", ids(w.learners(ME, ann)), own)
    tally.equal("the same by name", ids(w.learners(
        "/api/coaches/ann/learners", ann)), own)
    tally.equal("who has nobody", w.learners(ME, w.coach("eve")), [])
    for name in ("bob", "nobody", "ann%20"):
        w.ask(f"/api/coaches/{name}/learners", ann, 404)
    tally.equal("a platform names a coach", ids(w.learners(
        "/api/coaches/bob/learners", w.platform)), ["4"])
    tally.equal("nobody was assigned", w.learners(
        "/api/coaches/nobody/learners", w.platform), [])
    reply = w.ask("/api/coaches/" + 64 * "x" + "/learners", w.platform, 400)
    tally.equal("not a name", reply["pointer"], "coach")
    everybody = ids(w.learners(f"{ME}?limit=200", w.platform))
    tally.equal("a platform's own are all", everybody,
                [str(k) for k in range(1, SIMULATED + 1)])
    token = w.signer.token(sub="2")
    w.ask(ME, credentials.bearer(token), 403)
    w.ask(ME, w.coach("ann", scope="profile:read"), 403)
    w.ask(ME, {"Authorization": "Bearer none"}, 401)
    credentials.assign(w.db, "ann", [2, 3, 5, NEW, 4])
    w.daemon.get("/healthz")
    tally.check("an assignment shows within seconds", within(
        lambda: "4" in ids(w.learners(ME, ann))))
    credentials.assign(w.db, "ann", [2, 3, 5, NEW])
    tally.check("so does one that is taken back", within(
        lambda: "4" not in ids(w.learners(ME, ann))))


def within(holds, seconds=10):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if holds():
            return True
        time.sleep(0.2)
    return False


def pages(w):
    head, path, seen, sizes = w.coach("many"), f"{ME}?limit=5", [], []
    while True:
        reply = w.daemon.get(path, headers=head)
        expect(reply, LIST, 200)
        sizes.append(len(reply.json["learners"]))
        seen += ids(reply.json["learners"])
        following = LINK.fullmatch(reply.headers.get("link", ""))
        if not following:
            break
        path = ME + following[1]
    tally.equal("each once, by id", seen,
                [str(k) for k in range(1, SIMULATED + 1)])
    tally.equal("full pages", sizes, [5, 5, 2])
    w.ask(path, w.coach("ann"), 400)  # another's cursor
    w.ask(path, w.platform, 400)
    for bad in ("limit=0", "limit=201", "cursor=x", "all=1"):
        tally.equal(f"pointer of {bad}", w.ask(f"{ME}?{bad}", head, 400)[
            "pointer"], bad.split("=")[0])


# ---- what is told ----------------------------------------------------------

def before(today, days):
    return str(datetime.date.fromisoformat(today) -
               datetime.timedelta(days=days))


def own_replies(w, user):
    base = f"/api/users/{user}"
    get = {name: w.daemon.get(f"{base}/{name}").json
           for name in ("progress-analytics", "reviews", "skill-predictions")}
    return get["progress-analytics"], get["reviews"], get["skill-predictions"]


def agrees(w, one):
    user, told = one["userId"], one["standing"]
    analytics, reviews, predictions = own_replies(w, user)
    days = analytics["time_on_task"]["by_day"]
    tally.equal(f"{user}: today", told["today"], reviews["today"])
    tally.equal(f"{user}: last day", told["last_active"], days[-1]["date"])
    tally.equal(f"{user}: reviews", told["reviews"],
                {k: reviews[k] for k in ("due", "overdue",
                                         "backlog_cleared")})
    assumed = predictions["assumptions"]
    tally.equal(f"{user}: minutes", [round(m) for m in
                                     told["minutes_per_week"].values()],
                [round(assumed["minutes_per_week"]),
                 round(assumed["minutes_per_week_practised"])])
    since = [d for d in days if d["date"] > before(told["today"], 28)]
    trend = told["trend"]
    tally.equal(f"{user}: answers", trend["answers"],
                sum(d["answers"] for d in since))
    tally.check(f"{user}: minutes of the trend", abs(trend["minutes"] - sum(
        d["minutes"] for d in since)) < 1, trend)
    tally.equal(f"{user}: active days", told["active_days"],
                len([d for d in days
                     if d["date"] > before(told["today"], 60)]))
    goal = predictions["goal"]
    tally.equal(f"{user}: goal", told["goal"], goal and {
        k: goal[k] for k in ("target_skill_level", "timeline", "mastery_now",
                             "answers_missing", "probability")})


def facts(w):
    user = "/api/users/3"
    w.daemon.post(f"{user}/goals", {"target_skill_level": "advanced",
                                    "timeline": day(60)})
    w.daemon.post("/api/users/5/goals", {"target_skill_level": "expert"})
    listed = w.learners(ME, w.coach("ann"))
    tally.equal("no plan yet", [one["standing"] and one["standing"]["plan"]
                                for one in listed], [None] * 4)
    path = w.daemon.get(f"{user}/learning-path").json["path_config"]
    listed = w.learners(ME, w.coach("ann"))
    tally.equal("who never began", listed[3],
                {"userId": str(NEW), "state": "new", "standing": None})
    for one in listed[:3]:
        tally.equal("seen", one["state"], "seen")
        agrees(w, one)
    three, five = listed[1]["standing"], listed[2]["standing"]
    tally.check("a chance of the goal", 0 <= three["goal"]["probability"] <= 1)
    tally.equal("no date, no chance", five["goal"]["probability"], None)
    tally.equal("the plan", three["plan"], {
        "from_day": path["from_day"], "overdue_steps": 0,
        "completion_day": path["completion_day"], "overdue_since": None})


# ---- who looked, and whose -------------------------------------------------

def audited(w):
    begun = instant()
    w.learners(ME, w.coach("ann"))

    def looked(user):
        told = w.daemon.get(f"/api/users/{user}/audit").json["entries"]
        return [e for e in told if e["action"] == f"GET {LIST}"]

    tally.check("who looked is told", within(lambda: looked(2)), looked(2))
    tally.equal("as whom", looked(2)[0]["caller"], "coach:0/ann")
    tally.equal("who was not shown was not looked at", [
        e for e in looked(4) if e["caller"] == "coach:0/ann"
        and e["at"] > begun], [])


def tenants(w):
    ann = w.coach("ann", w.twin_signer)
    tally.equal("the twin's", w.learners(ME, ann),
                [{"userId": "2", "state": "new", "standing": None}])
    tally.equal("the twin has nobody", w.learners(ME, w.twin_key), [])
    tally.equal("nor another's coach", w.learners(
        "/api/coaches/bob/learners", w.twin_key), [])
    event = {"event_id": "t-1", "type": "answer", "at": instant(5),
             "concepts": ["odd.outs"], "correct": True}
    w.daemon.post("/api/users/2/events", event, headers=w.twin_key)
    mine = w.learners(ME, ann)
    tally.equal("one's own learner of the number",
                mine[0]["standing"]["trend"]["answers"], 1)
    tally.equal("the platform's own", ids(w.learners(ME, w.twin_key)), ["2"])
    first = w.learners(ME, w.coach("ann"))
    tally.check("the first's is as it was",
                first[0]["standing"]["trend"]["answers"] != 1)


def erased(w):
    expect(w.daemon.ask("DELETE", "/api/users/5"), "/api/users/{userId}", 200)
    tally.check("who is erased is on no list", within(
        lambda: "5" not in ids(w.learners(ME, w.coach("ann")))))


def main():
    with Folder() as folder:
        db = folder / "coach.db"
        must("catalogue", "load", POKER, "--db", db)
        must("simulate", "--learners", SIMULATED, "--events", 150, "--days",
             70, "--db", db)
        w = World(db)
        with Daemon(db, "--person-rate", "0") as daemon:
            w.daemon = daemon
            return tally.run([lambda part=part: part(w) for part in
                              (whom, pages, facts, audited, tenants, erased)])


if __name__ == "__main__":
    sys.exit(main())
