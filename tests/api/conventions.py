#!/usr/bin/python3
"""What all routes have in common: Idempotency-Key, pages with Link, trace
context, problem details, ETag and If-Match.

One line a failure; the last line is "N passed, N failed, N skipped".
"""
import concurrent.futures
import pathlib
import re
import socket
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
sys.dont_write_bytecode = True

import credentials  # noqa: E402
from contract_check import PHRASES, PROBLEM  # noqa: E402
from daemon import POKER, Daemon, Folder, must  # noqa: E402
from learner import USER, contract, expect, tally  # noqa: E402

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"
GOAL = {"target_skill_level": "advanced", "timeline": "2036-03-31",
        "motivation_type": "mastery", "priority_areas": ["preflop"]}


def keyed(key, **more):
    return {"Idempotency-Key": key, **more}


def answer(number, at="2026-11-01T10:00:00Z", concept="odd.outs"):
    return {"event_id": f"a-{number}", "at": at, "type": "answer",
            "concepts": [concept], "correct": True}


def same(what, first, again):
    """The first answer, again."""
    tally.equal(f"{what}: status", again.status, first.status)
    tally.equal(f"{what}: body", again.body, first.body)
    tally.equal(f"{what}: ETag", again.headers.get("etag"),
                first.headers.get("etag"))
    tally.equal(f"{what}: says so", again.headers.get("idempotency-replayed"),
                "true")
    tally.check(f"{what}: the first does not",
                "idempotency-replayed" not in first.headers)


def got(reply, template, status=200, what=""):
    """The same, for whoever goes on with the reply."""
    expect(reply, template, status, what)
    return reply


def version_of(daemon, user):
    return daemon.get(f"/api/users/{user}/profile").version


# ---- Idempotency-Key -------------------------------------------------------

def once_each(daemon):
    """Every POST and PUT that changes something is done once."""
    user = 101
    base = f"/api/users/{user}"
    daemon.post(f"{base}/events", answer(0))
    shown = daemon.get(f"{base}/recommendations").json["recommendations"][0]
    line = b'{"user_id":"101","event_id":"n-1","at":"2026-11-01T11:00:00Z",' \
           b'"type":"review","concept":"odd.outs","rating":3}\n'
    design = {"name": "keyed", "arms": [{"name": "a", "share": 50},
                                        {"name": "b", "share": 50}]}
    requests = [
        ("POST", f"{base}/goals", f"{USER}/goals", GOAL, None),
        ("PUT", f"{base}/profile", f"{USER}/profile",
         {"stated": {"session_minutes": 20}, "goals": GOAL}, None),
        ("POST", f"{base}/events", f"{USER}/events",
         [answer(1), answer(2)], None),
        ("POST", f"{base}/recommendations/{shown['id']}/feedback",
         f"{USER}/recommendations/{{recommendationId}}/feedback",
         {"action": "accepted"}, None),
        ("POST", f"{base}/learning-path/controls",
         f"{USER}/learning-path/controls", {"kind": "pace", "factor": 1.5},
         None),
        ("PUT", f"{base}/learning-path/update",
         f"{USER}/learning-path/update", {"goals": GOAL}, None),
        ("POST", "/api/events", "/api/events", line, "application/x-ndjson"),
        ("POST", "/api/experiments", "/api/experiments", design, None),
        ("POST", "/api/experiments/keyed/stop",
         "/api/experiments/{name}/stop", {"reason": "enough"}, None),
    ]
    for k, (method, path, template, body, media) in enumerate(requests):
        what = f"{method} {template}"
        key = f"key-{k}"
        first = daemon.ask(method, path, body, keyed(key), media)
        tally.check(f"{what} is done", first.status in (200, 201), first)
        before = version_of(daemon, user)
        same(what, first, daemon.ask(method, path, body, keyed(key), media))
        tally.equal(f"{what}: nothing was done again",
                    version_of(daemon, user), before)
        other = b" " + body if isinstance(body, bytes) else \
            body + [answer(99)] if isinstance(body, list) else \
            {**body, "reason": "another"}
        expect(daemon.ask(method, path, other, keyed(key), media), template,
               422, f"{what} with another body")


def key_form(daemon):
    path = "/api/users/102/goals"
    for bad in ("a b", "x" * 256, "\u00e9", "a\x7f"):
        reply = daemon.post(path, GOAL, headers=keyed(bad.encode("latin-1")))
        expect(reply, f"{USER}/goals", 400, f"key {bad[:9]!r}")
        tally.equal("pointer of a bad key", reply.json.get("pointer"),
                    "Idempotency-Key")
    for good in ("x" * 255, "!", "~", '"8e03978e-40d5"'):
        expect(daemon.post(path, GOAL, headers=keyed(good)), f"{USER}/goals",
               201, f"key {good[:9]!r}")


def key_scope(daemon, key):
    """A key is one caller's, for one route and one learner."""
    first = daemon.post("/api/users/103/goals", GOAL, headers=keyed("shared"))
    for path, headers in (
            ("/api/users/104/goals", {}),
            ("/api/users/103/goals",
             credentials.bearer(key))):
        reply = daemon.post(path, GOAL, headers=keyed("shared", **headers))
        tally.check(f"another scope of the key: {path}", reply.status == 201
                    and "idempotency-replayed" not in reply.headers, reply)
    reply = daemon.put("/api/users/103/profile", {"goals": GOAL},
                       headers=keyed("shared"))
    tally.equal("another route", reply.status, 200)
    same("the first one still", first, daemon.post(
        "/api/users/103/goals", GOAL, headers=keyed("shared")))


def refusals_are_judged_anew(daemon):
    path = "/api/users/105/goals"
    expect(daemon.post(path, {"nonsense": 1}, headers=keyed("r")),
           f"{USER}/goals", 400)
    reply = daemon.post(path, GOAL, headers=keyed("r"))
    tally.check("a key of a refused request is free", reply.status == 201 and
                "idempotency-replayed" not in reply.headers, reply)
    stale = {"If-Match": '"77"'}
    reply = daemon.post(path, GOAL, headers=keyed("m", **stale))
    expect(reply, f"{USER}/goals", 412)
    same("412", reply, daemon.post(path, GOAL, headers=keyed("m", **stale)))
    expect(daemon.post(path, GOAL, headers=keyed("m")), f"{USER}/goals", 422,
           "the same without If-Match")


def together(daemon):
    """Many at once with one key: one is done, the others wait or get it."""
    path = "/api/users/106/goals"
    daemon.post(path, GOAL)
    before = version_of(daemon, 106)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(
            lambda _: daemon.post(path, GOAL, headers=keyed("many")),
            range(64)))
    for reply in replies:
        if reply.status == 409:
            tally.check("409 says when to come back",
                        reply.headers.get("retry-after") == "1", reply)
            tally.equal("faults of 409",
                        contract.faults(f"{USER}/goals", reply), [])
        else:
            tally.equal("done, or given again", reply.status, 201)
    tally.equal("done once", version_of(daemon, 106), before + 1)


def after_a_restart(db):
    path = "/api/users/107/goals"
    with Daemon(db) as daemon:
        first = daemon.post(path, GOAL, headers=keyed("kept"))
        daemon.kill()
    with Daemon(db) as daemon:
        same("after kill -9", first, daemon.post(path, GOAL,
                                                 headers=keyed("kept")))


def without_the_answer(db):
    """As if it had crashed between the effect and the stored answer: the
    event that the key named is there, the answer is not."""
    import sqlite3
    path = "/api/users/108/goals"
    with Daemon(db) as daemon:
        first = daemon.post(path, GOAL, headers=keyed("lost",
                                                      **{"If-Match": '"0"'}))
        expect(first, f"{USER}/goals", 201)
    with sqlite3.connect(db) as store:
        gone = store.execute(
            "DELETE FROM records WHERE kind = 'idempotency'").rowcount
        tally.check("answers were kept", gone > 0, gone)
    store.close()
    with Daemon(db) as daemon:
        again = daemon.post(path, GOAL, headers=keyed("lost",
                                                      **{"If-Match": '"0"'}))
        tally.equal("answered alike", (again.status, again.body),
                    (first.status, first.body))
        tally.equal("done once", version_of(daemon, 108), first.version)
        events = daemon.get("/api/users/108/events").json["events"]
        tally.equal("one goal was set", len(events), 1)


# ---- pages -----------------------------------------------------------------

LINK = re.compile(r'<(\?[!-~]+)>; rel="next"')


def pages(daemon, path, member, template):
    """Every page of a list."""
    rows, sizes = [], []
    base, at = path.split("?")[0], path
    while True:
        reply = got(daemon.get(at), template, 200)
        told = reply.json[member]
        rows += told
        sizes.append(len(told))
        link = LINK.fullmatch(reply.headers.get("link", ""))
        if not link:
            return rows, sizes
        at = base + link[1]
        tally.check("the query is kept", all(
            part in link[1] for part in path.partition("?")[2].split("&")),
            link[1])
        if len(sizes) > 1000:
            tally.check("a list that ends", False, path)
            return rows, sizes


def evidence(daemon):
    user, n = 110, 450
    base = f"/api/users/{user}/events"
    template = f"{USER}/events"
    made = []
    for k in range(n):
        day = 1 + k // 3 % 28
        month = 1 + k // 84
        # Every third shares its instant with the one before.
        at = f"2026-{month:02}-{day:02}T{10 + k % 2}:00:00Z"
        concept = "odd.outs" if k % 5 else "odd.pot_odds"
        event = answer(k, at, concept)
        if k % 7 == 0:
            event = {"event_id": f"r-{k}", "at": at, "type": "review",
                     "concept": concept, "rating": 3}
        made.append(event)
    expect(daemon.post(base, made), template, 200)
    order = sorted(((e["at"], e["event_id"]) for e in made), reverse=True)
    for limit in (7, 50, 200):
        rows, sizes = pages(daemon, f"{base}?limit={limit}", "events",
                            template)
        tally.equal(f"newest first, each once, by {limit}",
                    [(r["event"]["at"], r["event"]["event_id"])
                     for r in rows], order)
        tally.check(f"full pages of {limit}", max(sizes) == limit, sizes)
    rows, _ = pages(daemon, f"{base}?limit=20&type=review", "events", template)
    tally.equal("by type", len(rows),
                sum(e["type"] == "review" for e in made))
    rows, _ = pages(daemon, f"{base}?limit=20&concept=odd.pot_odds", "events",
                    template)
    tally.equal("by concept", len(rows), sum(
        "odd.pot_odds" in (e.get("concept"), *e.get("concepts", ()))
        for e in made))
    rows, _ = pages(daemon, f"{base}?from=2026-02-01&to=2026-03-01&limit=30",
                    "events", template)
    tally.equal("by time", len(rows),
                sum(e["at"].startswith("2026-02") for e in made))
    answers = [r for r in pages(daemon, f"{base}?type=answer&limit=200",
                                "events", template)[0]]
    tally.check("what was foreseen is told", all(
        0 <= r["predicted"] <= 1 for r in answers))
    first = daemon.get(f"{base}?limit=10")
    daemon.post(base, answer("new", "2026-11-20T10:00:00Z"))
    at = base + LINK.fullmatch(first.headers["link"])[1]
    second = daemon.get(at).json["events"]
    tally.equal("a new event moves nothing",
                [(r["event"]["at"], r["event"]["event_id"])
                 for r in second], order[10:20])
    unchanged = daemon.get(base, headers={
        "If-None-Match": daemon.get(base).headers["etag"]})
    expect(unchanged, template, 304)
    for bad in ("limit=0", "limit=201", "type=poem", "type=memory_fitted",
                "concept=nowhere", "from=x", "to=x", "cursor=x",
                "from=2026-03-01&to=2026-02-01"):
        reply = got(daemon.get(f"{base}?{bad}"), template, 400, bad)
        tally.equal(f"pointer of {bad}", reply.json.get("pointer"),
                    bad.split("=")[0])
    cursor = at.split("cursor=")[1]
    expect(daemon.get(f"/api/users/101/events?cursor={cursor}"), template, 400,
           "another learner's cursor")
    expect(daemon.get(f"/api/users/{user}/recommendations/history"
                      f"?cursor={cursor}"),
           f"{USER}/recommendations/history", 400, "another list's cursor")
    expect(daemon.get(f"{base}?from=" + "0" * 200), template, 400, "too long")
    expect(daemon.get("/api/users/99999/events"), template, 404)


def history(daemon):
    user = 111
    path = f"/api/users/{user}/recommendations/history"
    template = f"{USER}/recommendations/history"
    expect(daemon.get(path), template, 404)
    ids = []
    for k in range(6):
        daemon.post(f"/api/users/{user}/events", answer(f"h{k}"))
        told = daemon.get(f"/api/users/{user}/recommendations?limit=5").json
        ids += [r["id"] for r in told["recommendations"]]
    rows, _ = pages(daemon, f"{path}?limit=4", "recommendations", template)
    tally.equal("every recommendation, newest first",
                [r["id"] for r in rows], sorted(ids, reverse=True))
    daemon.post(f"/api/users/{user}/recommendations/{ids[0]}/feedback",
                {"action": "accepted", "feedback_score": 4})
    last = daemon.get(f"{path}?limit=200").json["recommendations"][-1]
    tally.equal("what became of it",
                (last["user_action"], last["feedback_score"]), ("accepted", 4))


def learners(daemon, key):
    rows, sizes = pages(daemon, "/api/users?limit=3", "users", "/api/users")
    tally.check("learners by id, each once",
                rows == sorted(set(rows), key=int) and len(rows) > 5, rows)
    tally.equal("pages are full", set(sizes[:-1]), {3})
    other = credentials.bearer(key)
    tally.equal("another tenant sees none of them",
                daemon.get("/api/users", headers=other).json, {"users": []})
    daemon.post("/api/users/900/events", answer("t"), headers=other)
    tally.equal("but its own",
                daemon.get("/api/users", headers=other).json,
                {"users": ["900"]})
    tally.check("which the first does not see", "900" not in pages(
        daemon, "/api/users?limit=200", "users", "/api/users")[0])
    mine = daemon.get("/api/users?limit=3")
    at = "/api/users" + LINK.fullmatch(mine.headers["link"])[1]
    expect(daemon.get(at, headers=other), "/api/users", 400,
           "another tenant's cursor")


def rules_and_experiments(daemon):
    for k in range(1, 6):
        reply = daemon.put("/api/rules", rules_of(k))
        tally.equal("rules are taken", reply.status, 200)
    rows, _ = pages(daemon, "/api/rules/versions?limit=2", "versions",
                    "/api/rules/versions")
    tally.equal("versions, newest first", [r["version"] for r in rows],
                [5, 4, 3, 2, 1])
    for k in range(5):
        daemon.post("/api/experiments", {
            "name": f"p{k}", "arms": [{"name": "a", "share": 10},
                                      {"name": "b", "share": 10}]})
        daemon.post(f"/api/experiments/p{k}/stop", {"reason": "enough"})
    rows, _ = pages(daemon, "/api/experiments?limit=2", "experiments",
                    "/api/experiments")
    tally.equal("experiments, newest first", [r["name"] for r in rows][:5],
                ["p4", "p3", "p2", "p1", "p0"])


def rules_of(k):
    return {"rules": [{"name": f"rule-{k}", "kind": "exclude",
                       "match": {"tags": ["nowhere"]}, "reason": "a test"}]}


# ---- trace context ---------------------------------------------------------

def traces(daemon):
    seen = set()
    for path in ("/healthz", "/api/users/101/profile", "/api/nothing",
                 "/api/users/x/profile"):
        reply = daemon.get(path, headers={
            "traceparent": f"00-{TRACE}-{SPAN}-01"})
        found = re.fullmatch("00-([0-9a-f]{32})-([0-9a-f]{16})-01",
                             reply.headers.get("traceparent", ""))
        tally.check(f"a span of ours at {path}", found and found[1] == TRACE
                    and found[2] not in seen | {SPAN}, reply.headers)
        seen.add(found and found[2])
    for bad in ("", "00-0-0-00", f"00-{'0' * 32}-{SPAN}-01",
                f"00-{TRACE}-{'0' * 16}-01", f"ff-{TRACE}-{SPAN}-01",
                f"00-{TRACE.upper()}-{SPAN}-01", f"00-{TRACE}-{SPAN}-01-x"):
        reply = daemon.get("/healthz", headers={"traceparent": bad})
        tally.check(f"{bad!r} is not traced", reply.status == 200 and
                    "traceparent" not in reply.headers, reply.headers)
    reply = daemon.get("/healthz",
                       headers={"traceparent": f"42-{TRACE}-{SPAN}-00-more"})
    tally.check("a later version", reply.headers.get(
        "traceparent", "").startswith(f"00-{TRACE}-"), reply.headers)


def traces_in_the_log(db):
    with Daemon(db, "--log-level", "debug", "--log", "json") as daemon:
        reply = daemon.get("/api/catalogue", headers={
            "traceparent": f"00-{TRACE}-{SPAN}-01"})
        span = reply.headers["traceparent"].split("-")[2]
        daemon.stop()
        lines = [line for line in daemon.said().splitlines() if TRACE in line]
        tally.check("the log ties the request to the trace", any(
            span in line and SPAN in line and
            reply.headers["x-request-id"] in line for line in lines), lines)


# ---- problems --------------------------------------------------------------

def is_problem(what, reply, status, pointer=None):
    told = reply.json if reply.headers.get("content-type") == PROBLEM else {}
    tally.check(f"{what}: {status} as a problem", reply.status == status and
                told.get("type") == "about:blank" and
                told.get("title") == PHRASES.get(status, told.get("title")) and
                told.get("status") == status and told.get("detail") and
                (pointer is None or told.get("pointer") == pointer), reply)


def problems(daemon):
    base = "/api/users/101"
    is_problem("unknown path", daemon.get("/api/nothing"), 404)
    is_problem("unknown learner", daemon.get("/api/users/5555/profile"), 404)
    is_problem("method", daemon.ask("PATCH", f"{base}/profile"), 405)
    is_problem("query", daemon.get(f"{base}/profile?x=1"), 400, "x")
    is_problem("id", daemon.get("/api/users/0/profile"), 400, "userId")
    is_problem("no JSON", daemon.post(f"{base}/goals", b"{"), 400)
    is_problem("member", daemon.post(f"{base}/goals", {**GOAL, "x": 1}), 400,
               "/x")
    is_problem("value", daemon.post(
        f"{base}/goals", {**GOAL, "timeline": "soon"}), 400, "/timeline")
    is_problem("event of a list", daemon.post(
        f"{base}/events", [answer("p"), {**answer("q"), "type": "x"}]), 400,
        "/1/type")
    is_problem("media type", daemon.post(f"{base}/goals", b"{}",
                                         media="text/plain"), 415,
               "Content-Type")
    is_problem("version", daemon.put(
        f"{base}/profile", {"goals": GOAL},
        headers={"If-Match": '"999"'}), 412)
    is_problem("conflict", daemon.post(
        f"{base}/events", {**answer(1), "correct": False}), 409)
    is_problem("body", daemon.post(f"{base}/goals", b" " * (2 << 20)), 413)
    is_problem("head", daemon.get("/healthz", headers={
        f"X-{k}": "x" for k in range(120)}), 431)
    is_problem("credential", daemon.get(f"{base}/profile", headers={
        "Authorization": "Bearer none"}), 401)


def too_often(daemon, secret):
    key = credentials.bearer(secret)
    for _ in range(50):
        reply = daemon.get("/api/catalogue", headers=key)
        if reply.status == 429:
            break
    is_problem("rate", reply, 429)
    tally.check("and when to come back", int(reply.headers["retry-after"]) > 0)


# ---- versions --------------------------------------------------------------

# Which replies have an ETag, and which changes take If-Match.
WITH_ETAG = {f"{USER}/{name}" for name in (
    "profile", "recommendations", "recommendations/history",
    "recommendations/why-not", "learning-path", "reviews",
    "progress-analytics", "skill-predictions", "answer-prediction",
    "events")} | {"/api/rules", "/api/rules/versions", "/api/catalogue",
                  f"{USER}/recommendations/{{recommendationId}}/explanation"}
WITH_IF_MATCH = {("PUT", f"{USER}/profile"), ("POST", f"{USER}/goals"),
                 ("POST", f"{USER}/events"), ("PUT", "/api/rules"),
                 ("PUT", f"{USER}/learning-path/update"),
                 ("POST", f"{USER}/learning-path/controls")}


def versions(daemon):
    etag, if_match = set(), set()
    for method, template, operation in contract.operations():
        headers = contract.resolve(operation["responses"].get("200", {})).get(
            "headers", {})
        if method == "GET" and "ETag" in headers:
            etag.add(template)
        if any(contract.resolve(p)["name"] == "If-Match"
               for p in operation.get("parameters", ())):
            if_match.add((method, template))
    tally.check("ETag is where it belongs", WITH_ETAG <= etag,
                WITH_ETAG - etag)
    tally.check("If-Match is where it belongs", WITH_IF_MATCH <= if_match,
                WITH_IF_MATCH - if_match)
    for path in ("/api/catalogue", "/api/users/101/events"):
        reply = daemon.get(path)
        again = daemon.get(path, headers={
            "If-None-Match": reply.headers["etag"]})
        tally.check(f"304 of {path}", again.status == 304 and
                    not again.body, again)
    reply = daemon.get("/api/rules")
    stale = daemon.put("/api/rules", rules_of(9), headers={
        "If-Match": f'"{reply.version - 1}"'})
    is_problem("stale rules", stale, 412)
    fresh = daemon.put("/api/rules", rules_of(9), headers={
        "If-Match": reply.headers["etag"]})
    tally.equal("fresh rules", fresh.status, 200)


def main():
    with Folder() as folder:
        db = folder / "piq.db"
        must("catalogue", "load", POKER, "--db", db)
        second = credentials.make_key(db)
        slow = credentials.make_key(db, rate=1)
        tenant = credentials.make_key(db, ("profile:read", "events:write"),
                                      tenant=5)

        def over_http():
            with Daemon(db) as daemon:
                for part in (once_each, key_form, refusals_are_judged_anew,
                             together, evidence, history,
                             rules_and_experiments, traces, problems,
                             versions):
                    try:
                        part(daemon)
                    except Exception as error:  # pylint: disable=broad-except
                        import traceback
                        traceback.print_exc()
                        tally.check(part.__name__, False, repr(error))
                key_scope(daemon, second)
                learners(daemon, tenant)
                too_often(daemon, slow)

        def restart():
            after_a_restart(db)

        def lost():
            without_the_answer(db)

        def log():
            traces_in_the_log(db)

        return tally.run([over_http, restart, lost, log])


if __name__ == "__main__":
    sys.exit(main())
