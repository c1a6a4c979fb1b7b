#!/usr/bin/python3
"""Two tenants on one engine, each with learners of the same numbers.

Tenant 1 goes through every route; tenant 2, the twin, must neither be shown any
of it nor change by it, and the other way round. One line a failure; the last
line is "N passed, N failed, N skipped".
"""
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
sys.dont_write_bytecode = True

import credentials  # noqa: E402
from daemon import POKER, Daemon, Folder, must, strict  # noqa: E402
from examples import adapted, day, instant  # noqa: E402
from learner import USER, contract, expect, tally  # noqa: E402

SCOPES = ("events:write", "profile:read", "recommendations:read", "admin")
SHARED_IDS = (1, 7, 1099511627775)  # learners of both
TENANT_BITS = 40
READS = ("profile", "recommendations?limit=8", "learning-path", "reviews",
         "progress-analytics", "skill-predictions", "events",
         "recommendations/history", "profiling")
# What the moment of asking moves, as are figures and the digits of texts.
MOMENT = {"as_of", "recommended_at", "at", "predicted_success", "from", "to",
          "what_if", "level"}


class Tenant:
    def __init__(self, db, number, minutes, n_answers):
        self.daemon = None
        self.number = number
        self.minutes = minutes      # stated: tells whose profile it is
        self.n_answers = n_answers  # told by the analytics
        self.key = credentials.make_key(db, SCOPES, tenant=number)
        self.head = credentials.bearer(self.key)
        self.replies = []

    def ask(self, method, path, body=None, media=None, headers=None):
        reply = self.daemon.ask(method, path, body, media=media,
                                headers={**self.head, **(headers or {})})
        self.replies.append(reply)
        return reply

    def get(self, path):
        return self.ask("GET", path)

    def teach(self, contents):
        for user in SHARED_IDS:
            base = f"/api/users/{user}"
            events = [{"event_id": f"e-{k}", "type": "answer",
                       "at": instant(600 - k), "correct": k % 3 > 0,
                       "content": contents[(k + self.number) % 20]}
                      for k in range(self.n_answers)]
            # The same ids of events in both: each has its own.
            expect(self.ask("POST", f"{base}/events", events),
                   f"{USER}/events", 200)
            expect(self.ask("PUT", f"{base}/profile", {
                "stated": {"session_minutes": self.minutes}}),
                f"{USER}/profile", 200)
        only = self.only()
        line = json.dumps({"user_id": str(only), "event_id": "n-1",
                           "type": "content_started", "at": instant(5),
                           "content": contents[0]})
        told = self.ask("POST", "/api/events", line.encode(),
                        media="application/x-ndjson")
        expect(told, "/api/events", 200)
        tally.equal("a line is taken", told.json["accepted"], 1)

    def only(self):
        """A learner whom the other tenant has not."""
        return 5000 + self.number

    def slate(self, user):
        return self.get(f"/api/users/{user}/recommendations?limit=8").json[
            "recommendations"]


def steady(value):
    """Without what the moment moves."""
    if isinstance(value, dict):
        return {k: steady(v) for k, v in value.items() if k not in MOMENT}
    if isinstance(value, list):
        return [steady(v) for v in value]
    if isinstance(value, str):
        return re.sub(r"[0-9]+", "0", value)
    return None if isinstance(value, float) else value


def differences(before, after, path=""):
    """Where two values differ, by their places."""
    if isinstance(before, dict) and isinstance(after, dict):
        return [d for k in sorted(before.keys() | after.keys()) for d in
                differences(before.get(k), after.get(k), f"{path}/{k}")]
    if isinstance(before, list) and isinstance(after, list) and \
            len(before) == len(after):
        return [d for k, pair in enumerate(zip(before, after))
                for d in differences(*pair, f"{path}/{k}")]
    return [] if before == after else [(path, before, after)]


def everything(tenant):
    """All that the tenant can read of its learners, as it stays."""
    told = {}
    for user in (*SHARED_IDS, tenant.only()):
        for read in READS:
            reply = tenant.get(f"/api/users/{user}/{read}")
            expect(reply, f"{USER}/{read.split('?')[0]}", 200)
            told[user, read] = steady(reply.json)
    return told


def own_coached(tenant):
    """How all of one's own stand, and none of the other's."""
    listed = tenant.get("/api/coaches/me/learners")
    expect(listed, "/api/coaches/{coach}/learners", 200)
    tally.equal("how one's own stand", {
        one["userId"]: one["standing"]["trend"]["answers"]
        for one in listed.json["learners"]},
        {**{str(u): tenant.n_answers for u in SHARED_IDS},
         str(tenant.only()): 0})


def own_learners(tenant):
    listed = tenant.get("/api/users")
    expect(listed, "/api/users", 200)
    tally.equal("one's own learners", {u["userId"] if isinstance(u, dict)
                else u for u in listed.json["users"]},
                {str(u) for u in (*SHARED_IDS, tenant.only())})


def own_histories(tenant):
    for user in SHARED_IDS:
        base = f"/api/users/{user}"
        profile = tenant.get(f"{base}/profile").json
        tally.equal("one's own number", profile["userId"], str(user))
        tally.equal("what one has stated", profile["stated"],
                    {"session_minutes": tenant.minutes})
        totals = tenant.get(f"{base}/progress-analytics").json["totals"]
        tally.equal("one's own answers", totals["answers"], tenant.n_answers)


def not_the_others(tenant, other):
    """The other's learner, and the other's recommendations."""
    for read in (*READS, "answer-prediction?item=1"):
        reply = tenant.get(f"/api/users/{other.only()}/{read}")
        expect(reply, f"{USER}/{read.split('?')[0]}", 404)
    expect(tenant.get(f"/api/users/{other.only()}/export"), f"{USER}/export",
           404)
    expect(tenant.ask("DELETE", f"/api/users/{other.only()}"), USER, 404)
    theirs = other.slate(7)[0]["id"]
    one = f"{USER}/recommendations/{{recommendationId}}"
    path = f"/api/users/7/recommendations/{theirs}"
    expect(tenant.get(f"{path}/explanation"), f"{one}/explanation", 404)
    expect(tenant.ask("POST", f"{path}/feedback", {"action": "accepted"}),
           f"{one}/feedback", 404)
    event = {"event_id": "f-1", "type": "recommendation_feedback",
             "at": instant(), "recommendation_id": theirs,
             "action": "accepted"}
    expect(tenant.ask("POST", "/api/users/7/events", event), f"{USER}/events",
           400)
    for path in ("/metrics", "/api/rules", "/api/experiments",
                 "/api/experiments/none"):
        expect(tenant.get(path), path.replace("none", "{name}"), 403)
    outside = (1 << TENANT_BITS) * other.number + 7
    reply = tenant.get(f"/api/users/{outside}/profile")
    expect(reply, f"{USER}/profile", 400)


def go_through(tenant, catalogue):
    """Every change of the contract, by its examples."""
    changed = 0
    for user in SHARED_IDS:
        taken = tenant.slate(user)[0]["id"]
        for method, template, operation in contract.operations():
            if "{userId}" not in template or method in ("GET", "DELETE"):
                continue
            path = (template.replace("{userId}", str(user))
                    .replace("{recommendationId}", str(taken)))
            bodies = contract.request_examples(method, template) or {"": None}
            for name, body in bodies.items():
                reply = tenant.ask(method, path,
                                   adapted(body, catalogue, taken))
                tally.check(f"{method} {path} {name}",
                            reply.status in (200, 201), reply)
                changed += 1
    tally.check("changes were made", changed > 20, changed)
    tenant.ask("POST", "/api/users/7/goals", {"timeline": day(50)})


def numbers_of_the_engine(tenant):
    """The engine's own numbers of learners are in no reply."""
    inner = {str((1 << TENANT_BITS) * tenant.number + user)
             for user in (*SHARED_IDS, tenant.only())}
    for reply in tenant.replies:
        text = reply.body.decode()
        tally.check("outside numbers only", not any(i in text for i in inner),
                    reply)
        if reply.body and reply.status < 300 and "userId" in reply.json:
            told = reply.json["userId"]
            tally.check("a learner who was asked about",
                        f"/{told}/" in f"{reply.path}/" or told is None,
                        reply)


def two(daemon, one, twin):
    one.daemon = twin.daemon = daemon
    catalogue = daemon.get("/api/catalogue").json
    contents = [c["id"] for c in catalogue["contents"] if c["items"]]
    for tenant in (one, twin):
        tenant.teach(contents)
    for tenant, other in ((one, twin), (twin, one)):
        own_histories(tenant)
        own_learners(tenant)
        own_coached(tenant)
        not_the_others(tenant, other)
    before = everything(twin)
    go_through(one, catalogue)
    after = everything(twin)
    for what in before:
        tally.equal(f"{what} of the twin", differences(before[what],
                                                       after[what]), [])
    own_histories(twin)
    before = everything(one)
    go_through(twin, catalogue)
    after = everything(one)
    for what in before:
        tally.equal(f"{what} of the first", differences(before[what],
                                                        after[what]), [])
    before = everything(twin)
    for user in SHARED_IDS:
        one.get(f"/api/users/{user}/export")
        expect(one.ask("DELETE", f"/api/users/{user}"), USER, 200)
    after = everything(twin)
    for what in before:
        tally.equal(f"{what} of the twin of who was erased", differences(
            before[what], after[what]), [])
    own_learners(twin)
    for tenant in (one, twin):
        numbers_of_the_engine(tenant)
    # Tenant 0 is neither of them.
    for user in SHARED_IDS:
        expect(daemon.get(f"/api/users/{user}/profile"), f"{USER}/profile",
               404)


def main():
    with Folder() as folder:
        db = folder / "tenants.db"
        must("catalogue", "load", POKER, "--db", db)

        def tenants():
            one, twin = Tenant(db, 1, 11, 40), Tenant(db, 2, 22, 13)
            with Daemon(db) as daemon:
                two(daemon, one, twin)

        def replayed():
            told = strict(must("replay", "--json", "--db", db))
            tally.equal("states that replay otherwise", told["differing"], 0)

        return tally.run([tenants, replayed])


if __name__ == "__main__":
    sys.exit(main())
