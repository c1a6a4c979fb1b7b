#!/usr/bin/python3
"""What a learner has a right to, over HTTP: to see all that is kept and who
looked, to have nothing more learned, to be forgotten; and that logs and metrics
name nobody.

One line a failure; the last line is "N passed, N failed, N skipped".
"""
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
sys.dont_write_bytecode = True

import credentials  # noqa: E402
import journeys  # noqa: E402
from credentials import bearer  # noqa: E402
from daemon import POKER, Daemon, Folder, must, strict  # noqa: E402
from examples import adapted, instant  # noqa: E402
from learner import (READS, USER, Learner, answer_some, contract,  # noqa: E402
                     expect, tally)

MARK = "mark-of-somebody"
TENANT = 5
TENANT_BITS = 40


class World:
    def __init__(self, folder, db):
        self.folder = folder
        self.db = db
        self.signer = credentials.Signer(db)
        self.reader = bearer(credentials.make_key(db, {
            "profile:read", "recommendations:read"}))
        self.writer = bearer(credentials.make_key(db, {"events:write"}))
        self.other_tenant = bearer(credentials.make_key(
            db, ("events:write", "profile:read", "recommendations:read",
                 "admin"), tenant=TENANT))

    def token(self, user, **claims):
        return bearer(self.signer.token(sub=str(user), **claims))

    def brought_up(self, user):
        """A learner with answers, a slate, a path and feedback."""
        learner = Learner(self.daemon, user)
        learner.post([{**e, "event_id": f"{MARK}-{user}-{k}"} for k, e in
                      enumerate(answer_some(learner, self.catalogue, 30,
                                            lambda i: i % 3 > 0))])
        slate = learner.get("recommendations").json["recommendations"]
        learner.get("learning-path")
        reply = self.daemon.post(
            f"{learner.base}/recommendations/{slate[0]['id']}/feedback",
            {"action": "accepted"})
        tally.check("feedback", reply.status == 200, reply)
        return learner


# ---- export ----------------------------------------------------------------

def export(w):
    mine, other = w.brought_up(101), w.brought_up(102)
    path = f"{mine.base}/export"
    told = w.daemon.get(path)
    expect(told, f"{USER}/export", 200)
    text = told.body.decode()
    tally.equal("whose it is", told.json["userId"], "101")
    tally.equal("every event is there",
                text.count(f"{MARK}-101-") >= 30, True)
    tally.check("and nobody else's", f"{MARK}-102-" not in text and
                '"102"' not in text)
    own = w.daemon.get(path, headers=w.token(101))
    expect(own, f"{USER}/export", 200)
    tally.equal("the learner gets the same members", set(own.json),
                set(told.json))
    expect(w.daemon.get(path, headers=w.token(102)), f"{USER}/export", 404)
    expect(w.daemon.get(path, headers=w.writer), f"{USER}/export", 403)
    expect(w.daemon.get(path, headers=w.other_tenant), f"{USER}/export", 404)
    expect(w.daemon.get("/api/users/999999/export"), f"{USER}/export", 404)
    for table in ("events", "recommendations", "slates"):
        rows = [v for k, v in told.json.items() if table[:-1] in k]
        tally.check(f"{table} are told", rows, list(told.json))
    tally.check("another learner is as before", other.get("profile"))


# ---- profiling -------------------------------------------------------------

def profiling(w):
    mine = w.brought_up(111)
    path, template = f"{mine.base}/profiling", f"{USER}/profiling"

    def pause(paused, status=200, **more):
        reply = w.daemon.put(path, {"paused": paused}, **more)
        expect(reply, template, status)
        return reply

    told = w.daemon.get(path)
    expect(told, template, 200)
    tally.equal("not paused", told.json["paused"], False)
    tally.equal("paused", pause(True, headers=w.token(111)).json["paused"],
                True)
    tally.equal("and said so", w.daemon.get(path).json["paused"], True)
    pause(True)
    before = {read: mine.get(read).json.get("version") for read in READS}
    concept = w.catalogue["concepts"][0]["id"]
    event = mine.event("review", concept=concept, rating=3)
    mine.post(event, status=403)
    line = json.dumps({"user_id": "111", **event})
    told = w.daemon.ask("POST", "/api/events", line.encode(),
                        media="application/x-ndjson").json
    tally.equal("nor by a line", [r["status"] for r in told["rejected"]],
                [403])
    expect(w.daemon.put(f"{mine.base}/profile", {
        "stated": {"session_minutes": 20}}), f"{USER}/profile", 403)
    expect(w.daemon.post(f"{mine.base}/goals", {
        "target_skill_level": "expert"}), f"{USER}/goals", 403)
    tally.equal("nothing was learned", {
        read: mine.get(read).json.get("version") for read in READS}, before)
    tally.equal("goes on", pause(False).json["paused"], False)
    mine.post(event)
    for body in ({}, {"paused": 1}, {"paused": True, "x": 1}, []):
        expect(w.daemon.put(path, body), template, 400, str(body))
    pause(True, 404, headers=w.token(112))
    pause(True, 403, headers=w.reader)
    pause(True, 404, headers=w.other_tenant)
    expect(w.daemon.put("/api/users/999999/profiling", {"paused": True}),
           template, 404)
    expect(w.daemon.get("/api/users/999999/profiling"), template, 404)


# ---- the audit -------------------------------------------------------------

def audit(w):
    mine = w.brought_up(121)
    w.daemon.get(f"{mine.base}/profile", headers=w.reader)
    w.daemon.get(f"{mine.base}/profile", headers=w.token(121))
    w.daemon.get(f"{mine.base}/profile", headers=w.token(122))  # 404
    path, template = f"{mine.base}/audit", f"{USER}/audit"
    told = w.daemon.get(path)
    expect(told, template, 200)
    entries = told.json["entries"]
    seen = [(e["action"], e["status"]) for e in entries]
    for action in (f"POST {USER}/events", f"GET {USER}/recommendations",
                   f"GET {USER}/learning-path", f"GET {USER}/profile"):
        tally.check(f"the audit has {action}", (action, 200) in seen, seen)
    callers = {e["caller"].split(":")[0] for e in entries}
    tally.equal("who it was", callers, {"key", "learner"})
    keys = {e["caller"] for e in entries if e["caller"].startswith("key:")}
    tally.equal("two keys", len(keys), 2)
    tally.check("no number of a learner", not any(
        "121" in str(v) for e in entries for k, v in e.items()
        if k in ("caller", "action", "learner")), entries)
    tally.equal("oldest first", [e["at"] for e in entries],
                sorted(e["at"] for e in entries))
    few = w.daemon.get(f"{path}?limit=2").json
    tally.equal("a part", (few["entries"], few["more"]), (entries[:2], True))
    later = w.daemon.get(f"{path}?since={entries[2]['at']}").json["entries"]
    tally.check("from then on", later[:1] == entries[2:3], later[:1])
    own = w.daemon.get(path, headers=w.token(121))
    expect(own, template, 200)
    expect(w.daemon.get(path, headers=w.token(122)), template, 404)
    expect(w.daemon.get(path, headers=w.reader), template, 403)
    for query in ("limit=0", "limit=1001", "since=never"):
        expect(w.daemon.get(f"{path}?{query}"), template, 400, query)
    theirs = w.daemon.get("/api/users/121/audit", headers=w.other_tenant)
    expect(theirs, template, 200)
    tally.equal("another tenant's has its own", [
        e["caller"] for e in theirs.json["entries"]], [])


# ---- erasure ---------------------------------------------------------------

def erasure(w):
    mine, other = w.brought_up(131), w.brought_up(132)
    expect(w.daemon.ask("DELETE", mine.base, headers=w.token(132)), USER, 404)
    expect(w.daemon.ask("DELETE", mine.base, headers=w.token(
        131, scope="profile:read")), USER, 403)
    expect(w.daemon.ask("DELETE", mine.base, headers=w.writer), USER, 403)
    expect(w.daemon.ask("DELETE", mine.base, headers=w.other_tenant), USER,
           404)
    tally.check("still there", mine.get("profile"))
    before = other.get("profile").version
    told = w.daemon.ask("DELETE", mine.base)
    expect(told, USER, 200)
    tally.check("rows went", told.json["events"] >= 31 and
                told.json["recommendations"] >= 1, told)
    for read in (*READS, "export", "profiling"):
        mine.get(read, status=404)
    expect(w.daemon.ask("DELETE", mine.base), USER, 404)
    seen = w.daemon.get(f"{mine.base}/audit").json["entries"]
    tally.equal("nothing leads there from the audit", [
        e for e in seen if e["status"] == 200 and "audit" not in e["action"]],
        [])
    tally.equal("another is as before", other.get("profile").version, before)
    mine.did("content_started", content=w.catalogue["contents"][0]["id"])
    tally.equal("whoever comes again begins anew", mine.get(
        "progress-analytics").json["totals"]["answers"], 0)
    expect(w.daemon.ask("DELETE", mine.base), USER, 200)


def erased_by_themselves(w):
    """With a token of their own; what it leaves is what any erasure leaves."""
    mine = w.brought_up(133)
    head = w.token(133)
    expect(w.daemon.get(f"{mine.base}/export", headers=head),
           f"{USER}/export", 200)
    told = w.daemon.ask("DELETE", mine.base, headers=head)
    expect(told, USER, 200)
    tally.check("rows went", told.json["events"] >= 31, told)
    expect(w.daemon.get(f"{mine.base}/profile", headers=head),
           f"{USER}/profile", 404)
    seen = w.daemon.get(f"{mine.base}/audit").json["entries"]
    tally.equal("nothing leads there from the audit", [
        e for e in seen if e["status"] == 200 and "audit" not in e["action"]],
        [])
    expect(w.daemon.ask("DELETE", mine.base, headers=head), USER, 404)
    event = mine.event("content_started",
                       content=w.catalogue["contents"][0]["id"])
    expect(w.daemon.post(f"{mine.base}/events", event, headers=head),
           f"{USER}/events", 200)
    expect(w.daemon.ask("DELETE", mine.base, headers=head), USER, 200)


def nothing_left(w):
    """In no file, once the daemon has ended."""
    for file in w.folder.iterdir():
        data = file.read_bytes()
        for what in (f"{MARK}-131-", f"{MARK}-133-", "learner:133"):
            tally.check(f"nothing of who was erased is in {file.name}",
                        what.encode() not in data, what)
        tally.check("of others they are", file.suffix != ".db" or
                    f"{MARK}-132-".encode() in data, file)


# ---- logs ------------------------------------------------------------------

def all_routes(w, user, headers):
    slate = w.daemon.get(f"/api/users/{user}/recommendations",
                         headers=headers).json["recommendations"]
    for method, template, _ in contract.operations():
        if method == "DELETE":
            continue
        path = (template.replace("{userId}", str(user))
                .replace("{recommendationId}", str(slate[0]["id"]))
                .replace("{name}", "none").replace("{coach}", "me"))
        if "{" in path or path.endswith("/stream"):
            continue
        bodies = contract.request_examples(method, template) or {"": None}
        for body in bodies.values():
            if body is not None:
                body = adapted(body, w.catalogue, slate[0]["id"])
            w.daemon.ask(method, path, body, headers=headers)


def hygiene(w):
    """A debug log of everything names no learner, and holds no secret."""
    user = 987654321012
    inner = (TENANT << TENANT_BITS) + user
    learner = Learner(w.daemon, user)
    learner.post([{**e, "event_id": f"{MARK}-h-{k}"} for k, e in enumerate(
        answer_some(learner, w.catalogue, 30, lambda i: i % 3 > 0))])
    w.daemon.post(f"/api/users/{user}/events", {
        "event_id": f"{MARK}-t", "type": "content_started", "at": instant(),
        "content": w.catalogue["contents"][0]["id"]}, headers=w.other_tenant)
    token = w.signer.token(sub=str(user))
    for headers in ({}, w.other_tenant, bearer(token)):
        all_routes(w, user, headers)
    w.daemon.get(f"/api/users/{user}/profile", headers=bearer("piq_wrong_key"))
    w.daemon.get(f"/api/users/{user}/nothing/{user}")
    w.daemon.get(f"/?token={user}-token")
    w.daemon.post(f"/api/users/{user}/events", [{"event_id": MARK}])
    journeys.feedback(w.daemon, user + 1)
    metrics = w.daemon.get("/metrics").body.decode()
    w.daemon.ask("DELETE", f"/api/users/{user}")
    said = w.daemon.said()
    tally.check("it was a debug log", said.count("message=request") > 100 and
                f"route={USER}/profile" in said, said[-500:])
    secrets = [w.daemon.key, token, w.other_tenant["Authorization"][7:],
               w.signer.secret, "piq_wrong_key", f"{user}-token"]
    for what in (str(user), str(user + 1), str(inner), MARK, *secrets):
        tally.check(f"{what[:24]} is in no log", what not in said,
                    [x for x in said.splitlines() if what in x][:3])
        tally.check(f"{what[:24]} is in no metric", what not in metrics)


def main():
    with Folder() as folder:
        db = folder / "privacy.db"
        must("catalogue", "load", POKER, "--db", db)
        w = World(folder, db)

        def over_http():
            with Daemon(db, "--log-level", "debug", "--person-rate",
                        "0") as daemon:
                w.daemon = daemon
                w.catalogue = daemon.get("/api/catalogue").json
                for part in (export, profiling, audit, erasure,
                             erased_by_themselves, hygiene):
                    part(w)

        def afterwards():
            nothing_left(w)
            told = strict(must("replay", "--json", "--db", db))
            tally.equal("states that replay otherwise", told["differing"], 0)

        return tally.run([over_http, afterwards])


if __name__ == "__main__":
    sys.exit(main())
