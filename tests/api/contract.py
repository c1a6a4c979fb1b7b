#!/usr/bin/python3
"""Does the program keep its contract? Every operation, every status that can
be provoked, and the way from a first event to a path, over HTTP.

Two curricula are used, so that no subject hides in the engine. One line a
failure; the last line is "N passed, N failed, N skipped".
"""
import json
import math
import pathlib
import sqlite3
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
sys.dont_write_bytecode = True

import business_rules  # noqa: E402
import journeys  # noqa: E402
import review_queue  # noqa: E402
import path_controls  # noqa: E402
from daemon import MUSIC, POKER, Daemon, Folder, must, strict  # noqa: E402
from examples import adapted, head_of  # noqa: E402
from learner import (CONTENT_TYPES, READS, USER, Learner,  # noqa: E402
                     answer_some, contract, expect, tally)


# What tests/api/roles.py and session.py provoke, or nobody can; a 404 of a
# change is somebody else's learner, which is theirs too.
ELSEWHERE = ("405", "500", "401", "403", "429")
ACCESS = ("/", "/session", "/api/caller")
# And privacy.py; none of these asks for a curriculum.
PRIVACY = (USER, f"{USER}/export", f"{USER}/profiling", f"{USER}/audit")
COACHED = "/api/coaches/{coach}/learners"
# What tests/api/conventions.py, coach.py, tests/e2e/streams.py and webhooks.py
# provoke.
CONVENTIONS = (COACHED, "/api/users", f"{USER}/stream",
               f"{USER}/recommendations/history",
               "/api/rules/versions", "/api/webhooks",
               "/api/webhooks/{webhookId}", "/api/webhooks/{webhookId}/revive")
NEEDS_NO_CURRICULUM = ("/api/users", "/api/rules/versions", "/api/webhooks",
                       "/api/webhooks/{webhookId}",
                       "/api/webhooks/{webhookId}/revive")


def is_of_keys(status, response):
    """A status that only an Idempotency-Key can bring."""
    return status == "422" or response.get("$ref", "").endswith("/UnderWay")


# ---- routes ----------------------------------------------------------------

def concrete(template):
    return (template.replace("{userId}", "1")
            .replace("{recommendationId}", "1").replace("{name}", "none")
            .replace("{webhookId}", "wh_0123456789abcdef")
            .replace("{coach}", "me"))


def test_routes(daemon):
    served = daemon.get("/api/openapi.json")
    expect(served, "/api/openapi.json", 200)
    tally.equal("the contract served is the file", served.json, contract.doc)
    known = {}
    for method, template, _ in contract.operations():
        known.setdefault(template, set()).add(method)
    for template, methods in known.items():
        path = concrete(template)
        for method in ("GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS"):
            if method in methods:
                continue
            reply = daemon.ask(method, path)
            expect(reply, template, 405)
            allowed = set(reply.headers.get("allow", "").split(", "))
            wanted = methods | ({"HEAD"} if "GET" in methods else set())
            tally.equal(f"Allow of {path}", allowed, wanted)
        if "GET" in methods:
            test_head(daemon, path)
    for path in ("//", "/api", "/api/user", "/api/user/1", "/api/nothing",
                 "/api/users/1/profile/", "//api/catalogue", "/healthz/x"):
        reply = daemon.get(path)
        tally.check(f"404 at {path}", reply.status == 404 and
                    reply.json["title"] == "Not Found", reply)


def test_head(daemon, path):
    whole = daemon.get(path)
    head = daemon.ask("HEAD", path)
    tally.check(f"HEAD {path}", head.status == whole.status
                and head.body == b""
                and head.headers.get("etag") == whole.headers.get("etag")
                and ("content-length" in head.headers or
                     path.endswith("/stream")), head)


# ---- what every operation refuses ------------------------------------------

def test_common_refusals(daemon):
    for method, template, _ in contract.operations():
        path = concrete(template)
        body = None if method in ("GET", "DELETE") else {}
        reply = daemon.ask(method, f"{path}?nonsense=1", body)
        expect(reply, template, 400)
        tally.equal(f"pointer of {path}?nonsense", reply.json.get("pointer"),
                    "nonsense")
        if "{userId}" in template:
            for bad in ("0", "-1", "abc", "007", "9223372036854775808", "1.0",
                        "1099511627776", "+1", "%31", "1e3", ""):
                reply = daemon.ask(
                    method, template.replace("{userId}", bad).replace(
                        "{recommendationId}", "1"), body)
                expect(reply, template, 400)
        if method in ("GET", "DELETE"):
            continue
        reply = daemon.ask(method, path, b" " * (1 << 20) + b"{}")
        expect(reply, template, 413)
        reply = daemon.ask(method, path, b"{}", media="text/plain")
        expect(reply, template, 415)
        tally.equal(f"pointer of 415 at {path}", reply.json.get("pointer"),
                    "Content-Type")


def test_query_bounds(daemon):
    bad = {
        "recommendations": ("limit=0", "limit=51", "limit=x", "limit=",
                            "type=poem", "limit=1&limit=2", "type=%zz",
                            "limit=%ff", "type=", "limit=1.5"),
        "learning-path": ("steps=0", "steps=1025", "steps=-1",
                          "adaptations=0", "adaptations=51"),
        "reviews": ("days=0", "days=91", "days=x", "retention=0.69",
                    "retention=0.98", "retention=x", "retention=",
                    "retention=nan", "minutes=-1", "minutes=1441",
                    "minutes=inf", "limit=0", "limit=501", "mode=exam",
                    "mode=", "mode=due&mode=due"),
        "progress-analytics": ("from=yesterday", "to=2026-02-30",
                               "from=2026-11-02&to=2026-11-01",
                               "from=2026-13-01T00:00:00Z"),
        "skill-predictions": ("days=0", "days=731", "at=2020-01-01",
                              "at=2999-01-01", "at=2027-01-01&days=3",
                              "minutes_per_week=-1", "minutes_per_week=",
                              "minutes_per_week=10081",
                              "minutes_per_week=nan", "minutes_per_week=x"),
        "answer-prediction": ("item=0", "item=-1", "item=x", "item=",
                              "item=9007199254740991", "item=1.5",
                              "item=9007199254740992", "concept=nowhere",
                              "concept=", "concept=%zz", "concept=%ff",
                              "item=1&concept=x"),
    }
    for resource, queries in bad.items():
        for query in queries:
            reply = daemon.get(f"/api/users/1/{resource}?{query}")
            expect(reply, f"{USER}/{resource}", 400)
            name = query.split("=")[0]
            tally.equal(f"pointer of {query}", reply.json.get("pointer"), name)
    reply = daemon.get("/api/users/1/answer-prediction")
    expect(reply, f"{USER}/answer-prediction", 400)
    tally.equal("neither item nor concept", reply.json.get("pointer"), "item")
    expect(daemon.get("/api/catalogue?type=poem"), "/api/catalogue", 400)
    expect(daemon.get("/api/catalogue?area=nowhere"), "/api/catalogue", 400)
    expect(daemon.ask("PUT", "/api/users/1/learning-path/update?steps=0", {}),
           f"{USER}/learning-path/update", 400)


def test_unknown_learner(daemon):
    nobody = Learner(daemon, 999999)
    for resource in READS:
        nobody.get(resource, status=404)
    nobody.get("answer-prediction", "?item=1", status=404)
    expect(daemon.post(f"{nobody.base}/profile/analyze", None),
           f"{USER}/profile/analyze", 404)
    expect(daemon.put(f"{nobody.base}/learning-path/update", {}),
           f"{USER}/learning-path/update", 404)
    expect(daemon.post(f"{nobody.base}/recommendations/1/feedback",
                       {"action": "accepted"}),
           f"{USER}/recommendations/{{recommendationId}}/feedback", 404)


def test_not_asked_for(db):
    """Without a curriculum everything that needs one is a 503."""
    with Daemon(db, "--open", key=None) as daemon:
        for method, template, operation in contract.operations():
            if template == "/session" or template in PRIVACY or \
                    template in NEEDS_NO_CURRICULUM:
                continue
            # A link that storage keeps needs storage, and no curriculum.
            if template == "/" or "503" not in operation["responses"]:
                expect(daemon.ask(method, concrete(template)), template, 200)
                continue
            body = None if method == "GET" else b"{}"
            media = "application/x-ndjson" if template == "/api/events" \
                else None
            reply = daemon.ask(method, concrete(template), body, media=media,
                               headers=head_of(template))
            if expect(reply, template, 503):
                tally.check(f"hint of {template}", "catalogue load" in
                            reply.json.get("hint", ""), reply)


# ---- request examples ------------------------------------------------------

def test_examples(daemon, user):
    catalogue = daemon.get("/api/catalogue").json
    learner = Learner(daemon, user)
    learner.did("content_started", content=catalogue["contents"][0]["id"])
    slate = learner.get("recommendations").json["recommendations"]
    for method, template, _ in contract.operations():
        for name, example in contract.request_examples(
                method, template).items():
            body = adapted(example, catalogue, slate[0]["id"])
            path = template.replace("{userId}", str(user)).replace(
                "{recommendationId}", str(slate[0]["id"])).replace(
                "{name}", "bolder")
            schema = contract.request_schema(method, template)
            tally.check(f"{template} {name} is valid after its ids changed",
                        contract.is_valid(schema, body), body)
            status = 201 if template.endswith(("/goals", "/experiments",
                                               "/webhooks")) \
                else 200
            expect(daemon.ask(method, path, body, headers=head_of(template)),
                   template, status, name)


# ---- the way of one learner ------------------------------------------------

def test_first_event(daemon, user):
    catalogue = daemon.get("/api/catalogue").json
    learner = Learner(daemon, user)
    learner.get("profile", status=404)
    event = learner.event("content_started",
                          content=catalogue["contents"][0]["id"])
    told = learner.post(event).json
    tally.equal("first event", (told["accepted"], told["version"]), (1, 1))
    for resource in READS:
        tally.equal(f"{resource} after the first event",
                    learner.get(resource).json["userId"], str(user))


def test_duplicates(daemon, user):
    catalogue = daemon.get("/api/catalogue").json
    learner = Learner(daemon, user)
    events = answer_some(learner, catalogue, 3, lambda i: i % 2 == 0)
    first = learner.post(events)
    before = learner.profile()
    again = learner.post(events)
    tally.equal("all are duplicates", (again.json["accepted"],
                                       again.json["duplicates"]), (0, 3))
    tally.equal("a duplicate keeps the version", again.version, first.version)
    tally.equal("a duplicate changes nothing", learner.profile(), before)
    fresh = learner.event("review", concept=catalogue["concepts"][0]["id"],
                          rating=3)
    mixed = learner.post([events[1], fresh, fresh]).json
    tally.equal("verdicts in order", [r["status"] for r in mixed["results"]],
                ["duplicate", "accepted", "duplicate"])
    other = {**events[2], "correct": not events[2]["correct"]}
    late = learner.event("review", concept=catalogue["concepts"][0]["id"],
                         rating=2)
    version = learner.get("profile").version
    refused = learner.post([late, other], status=409).json
    tally.equal("place of a conflict", refused.get("pointer"), "/1/event_id")
    refused = learner.post(other, status=409).json
    tally.equal("place of a single one", refused.get("pointer"), "/event_id")
    tally.equal("a conflict changes nothing", learner.get("profile").version,
                version)
    tally.equal("what stood beside a conflict was not taken",
                learner.post(late).json["accepted"], 1)


def test_late_events(daemon, user):
    """In whatever order they come, the state is that of their own order."""
    catalogue = daemon.get("/api/catalogue").json
    learners = [Learner(daemon, user + k) for k in range(4)]
    events = answer_some(learners[0], catalogue, 70, lambda i: i % 3 != 0)
    events += [learners[0].event("content_completed", minutes_ago=80 - i,
                                 content=c["id"], seconds=300)
               for i, c in enumerate(catalogue["contents"][:5])]
    events.sort(key=lambda e: e["at"])
    learners[0].post(events)
    for event in reversed(events):
        learners[1].post(event)
    learners[2].post(events[30:])
    learners[2].post(events[:30])
    learners[3].post(events[::2] + events[1::2][::-1])
    for _ in range(3):  # a moment between two readings may move a digit
        profiles = [json.dumps(x.profile()) for x in learners]
        if len(set(profiles)) == 1:
            break
    for k, profile in enumerate(profiles[1:], 1):
        tally.check(f"late events, order {k}", profile == profiles[0],
                    f"{profile}\n{profiles[0]}")


def test_profile_and_goals(daemon, user):
    areas = [a["id"] for a in daemon.get("/api/catalogue").json["areas"]]
    learner = Learner(daemon, user)
    path = f"{learner.base}/profile"
    stated = {"session_minutes": 20, "self_level": "beginner",
              "minutes_per_weekday": [30] * 7, "utc_offset_minutes": -300}

    def put(body, status, **headers):
        named = {k.replace("_", "-"): v for k, v in headers.items()}
        reply = daemon.put(path, body, headers=named)
        expect(reply, f"{USER}/profile", status, str(headers))
        return reply

    put({"stated": stated}, 412, If_Match="*")
    put({"stated": stated}, 412, If_Match='"1"')
    learner.get("profile", status=404)
    made = put({"stated": stated}, 200, If_Match='"0"')
    tally.equal("created at version 1", made.version, 1)
    for wrong in ("1", '"x"', '"-1"', 'W/"1"', '""', '"99999999999999999999"'):
        told = put({"stated": stated}, 400, If_Match=wrong).json
        tally.equal("pointer of If-Match", told.get("pointer"), "If-Match")
    stale = put({"stated": {"session_minutes": 45}}, 412, If_Match='"7"').json
    tally.check("412 says the version", "version 1" in stale["detail"], stale)
    put({"stated": {"session_minutes": 45}}, 200, If_Match='"1"')
    put({"goals": {"target_skill_level": "expert"}}, 200, If_Match="*")
    told = learner.get("profile").json
    tally.equal("stated members stay", told["stated"],
                {**stated, "session_minutes": 45})
    goal = {"target_skill_level": "advanced", "timeline": "2027-06-30",
            "motivation_type": "competitive", "priority_areas": areas[:1]}
    expect(daemon.post(f"{learner.base}/goals", goal,
                       headers={"If-Match": '"9"'}), f"{USER}/goals", 412)
    reply = daemon.post(f"{learner.base}/goals", goal)
    expect(reply, f"{USER}/goals", 201)
    tally.equal("goal in force", reply.json, {**goal, "target_concepts": []})
    told = learner.get("profile").json["goals"]
    tally.equal("goal of the profile", {k: told[k] for k in goal}, goal)
    event = learner.event("review", concept="nothing", rating=3)
    expect(daemon.post(f"{learner.base}/events", event,
                       headers={"If-Match": '"1"'}), f"{USER}/events", 400)
    event = learner.event("profile_stated", stated={"session_minutes": 10})
    expect(daemon.post(f"{learner.base}/events", event,
                       headers={"If-Match": '"1"'}), f"{USER}/events", 412)
    analyze = f"{learner.base}/profile/analyze"
    for body, status in ((None, 200), (b"{}", 200), (b"{\"x\":1}", 400),
                         (b"[]", 400), (b"hello", 400)):
        expect(daemon.ask("POST", analyze, body), f"{USER}/profile/analyze",
               status, body)


# ---- the next answer -------------------------------------------------------

def check_sum(what, told):
    """All that went into the chance is told."""
    total = told["base"]["logit"] + sum(r["logit"] for r in told["why"])
    chance = told["predicted_success"]
    tally.check(f"{what}: the reasons sum up",
                abs(total - told["logit"]) <= 1e-6 and
                abs(total - math.log(chance / (1 - chance))) <= 1e-6, told)
    groups = [r["group"] for r in told["why"]]
    sizes = [abs(r["logit"]) for r in told["why"]]
    tally.check(f"{what}: no group twice, the weightiest first",
                len(set(groups)) == len(groups) and
                sizes == sorted(sizes, reverse=True), told["why"])
    for k in told["concepts"]:
        tally.check(f"{what}: nested intervals", k["low_90"] <= k["low_80"] <=
                    k["mastery"] <= k["high_80"] <= k["high_90"], k)


def test_answer_prediction(daemon, user, curriculum):
    item = json.loads(curriculum.read_text(encoding="utf-8"))["items"][0]
    concept = next(iter(item["concepts"]))
    learner = Learner(daemon, user)

    def told(query):
        reply = learner.get("answer-prediction", query)
        tally.equal(f"version of {query}", reply.version,
                    reply.json["version"])
        check_sum(query, reply.json)
        return reply.json

    def answer(correct, times):
        learner.post([learner.event("answer", item=item["id"],
                                    correct=correct) for _ in range(times)])

    answer(True, 1)
    one = told(f"?item={item['id']}")
    tally.equal("what was asked", (one["item"], one["retired"],
                [k["concept"] for k in one["concepts"]]),
                (item["id"], False, list(item["concepts"])))
    tally.equal("no trained model", (one["source"], one["model"]),
                ("belief", None))
    answer(True, 6)
    better = told(f"?item={item['id']}")
    answer(False, 12)
    worse = told(f"?item={item['id']}")
    tally.check("right answers raise it, wrong ones lower it",
                worse["predicted_success"] < one["predicted_success"] <
                better["predicted_success"], (one, better, worse))
    general = told(f"?concept={concept}")
    tally.equal("a concept in general", (general["item"],
                [k["concept"] for k in general["concepts"]]),
                (None, [concept]))
    level = learner.get("answer-prediction", f"?concept={concept}").version
    tally.equal("asking changes nothing", level, general["version"])


# ---- import, catalogue -----------------------------------------------------

def test_ndjson(daemon, user):
    catalogue = daemon.get("/api/catalogue").json
    concept = catalogue["concepts"][0]["id"]
    learner = Learner(daemon, user)

    def line(event, to=user):
        return json.dumps({"user_id": str(to), **event})

    def post(lines, status=200, media="application/x-ndjson"):
        text = "\n".join(lines) if isinstance(lines, list) else lines
        reply = daemon.post("/api/events", text.encode("utf-8"), media=media)
        expect(reply, "/api/events", status)
        return reply.json

    good = [learner.event("review", minutes_ago=i, concept=concept, rating=3)
            for i in range(6)]
    learner.post(good[5])
    told = post([
        line(good[0]), "", "not json", line({**good[5], "rating": 1}),
        line({**good[1], "rating": 9}), line(good[1], user + 1) + "\r",
        line(good[1]), "[1]", line(good[1]), line({**good[1], "rating": 1}),
        line(good[2], "007"), "{\"user_id\":\"1\"", line(good[3]), "null"])
    tally.equal("accepted, duplicate", (told["accepted"], told["duplicates"]),
                (4, 1))
    tally.equal("rejected lines in order",
                [(r["line"], r["status"], r.get("pointer"))
                 for r in told["rejected"]],
                [(3, 400, None), (4, 409, "/event_id"), (5, 400, "/rating"),
                 (8, 400, None), (10, 409, "/event_id"), (11, 400, "/user_id"),
                 (12, 400, None), (14, 400, None)])
    tally.equal("their number", told["rejected_lines"],
                len(told["rejected"]))
    tally.check("broken JSON has its place in the detail", "column" in
                told["rejected"][0]["detail"], told["rejected"][0])
    told = post([line({**good[5], "rating": 1})] * 1500)
    tally.equal("1,000 are listed", (told["rejected_lines"],
                len(told["rejected"])), (1500, 1000))
    tally.equal("and of all kinds the place is known",
                [r["line"] for r in told["rejected"]],
                sorted(r["line"] for r in told["rejected"]))
    mixed = [line({**good[5], "rating": 1}) if i % 2 else
             line(learner.event("review", concept=concept, rating=2))
             for i in range(3000)]
    told = post(mixed)
    tally.equal("every other line is taken", (told["accepted"],
                told["rejected_lines"]), (1500, 1500))
    tally.equal("and again", post(mixed)["duplicates"], 1500)
    post("", status=400)
    post(line(good[0]), status=415, media="application/json")
    post(line(good[0]), status=415, media="application/x-ndjsonish")
    tally.equal("only blank lines", post("\n\n \n")["rejected_lines"], 0)


def test_catalogue(daemon):
    whole = daemon.get("/api/catalogue")
    expect(whole, "/api/catalogue", 200)
    same = daemon.get("/api/catalogue",
                      headers={"If-None-Match": whole.headers["etag"]})
    expect(same, "/api/catalogue", 304)
    expect(daemon.get("/api/catalogue", headers={"If-None-Match": '"0"'}),
           "/api/catalogue", 200)
    for kind in CONTENT_TYPES:
        part = daemon.get(f"/api/catalogue?type={kind}")
        expect(part, "/api/catalogue", 200)
        tally.equal(f"contents of type {kind}",
                    [c["id"] for c in part.json["contents"]],
                    [c["id"] for c in whole.json["contents"]
                     if c["type"] == kind])
    for area in [a["id"] for a in whole.json["areas"]]:
        part = daemon.get(f"/api/catalogue?area={area}")
        expect(part, "/api/catalogue", 200)
        tally.equal(f"concepts of {area}",
                    [c["id"] for c in part.json["concepts"]],
                    [c["id"] for c in whole.json["concepts"]
                     if c["area"] == area])


def test_operation(daemon):
    for path in ("/healthz", "/readyz", "/metrics"):
        expect(daemon.get(path), path, 200)
    text = daemon.get("/metrics").body.decode()
    tally.check("requests are counted", "piq_http_requests_total" in text
                and "piq_storage_ok 1" in text, text[:500])


# ---- damage ----------------------------------------------------------------

def test_damaged_state(db, user):
    """500 is for this alone: what is stored is damaged."""
    file = sqlite3.connect(db)
    file.execute("UPDATE learner_state SET body = zeroblob(40) "
                 "WHERE user_id = ?", (user,))
    file.commit()
    file.close()
    with Daemon(db) as daemon:
        learner = Learner(daemon, user)
        for resource in READS:
            learner.get(resource, status=500)
        learner.get("answer-prediction", "?concept=odd.pot_odds", status=500)
        expect(daemon.put(f"{learner.base}/profile",
                          {"stated": {"session_minutes": 20}}),
               f"{USER}/profile", 500)
        learner.post(learner.event("profile_stated",
                                   stated={"session_minutes": 20}), status=500)
        Learner(daemon, user + 1).get("profile")
        listed = daemon.get("/api/coaches/me/learners")
        expect(listed, COACHED, 200)
        tally.equal("of a list, the others are there",
                    {one["userId"] for one in listed.json["learners"]
                     if one["state"] == "unreadable"}, {str(user)})
        expect(daemon.get("/readyz"), "/readyz", 200)


def not_seen():
    """Documented statuses that nothing above has provoked."""
    left = []
    for method, template, operation in contract.operations():
        for status in operation["responses"]:
            if status not in ELSEWHERE and template not in ACCESS and \
                    template not in PRIVACY and not template.startswith("/xapi/") and \
                    template not in CONVENTIONS and \
                    not is_of_keys(status, operation["responses"][status]) and \
                    (method, template) != ("GET", f"{USER}/events") and \
                    (method, template, int(status)) not in contract.seen and \
                    (method == "GET" or status != "404"):
                left.append((method, template, status))
    return left


def on_poker(db):
    with Daemon(db) as daemon:
        for test in (test_routes, test_operation, test_catalogue,
                     test_common_refusals, test_query_bounds,
                     test_unknown_learner):
            test(daemon)
        test_first_event(daemon, 1001)
        test_duplicates(daemon, 1002)
        test_profile_and_goals(daemon, 1003)
        test_examples(daemon, 1004)
        journeys.recommendations(daemon, 3)
        journeys.feedback(daemon, 1010)
        journeys.prerequisites(daemon, 1020)
        journeys.path(daemon, 1030)
        journeys.path(daemon, 4)
        path_controls.controls(daemon, 1034)
        business_rules.rules(daemon, 1080)
        business_rules.experiments(daemon, 1100)
        journeys.long_path(daemon, 1032)
        journeys.analytics(daemon, 5)
        journeys.predictions(daemon, 6)
        test_answer_prediction(daemon, 1060, POKER)
        test_ndjson(daemon, 1040)
        for user in range(1, 9):
            for resource in READS:
                Learner(daemon, user).get(resource)
    tally.equal("exit status", daemon.process.returncode, 0)
    replayed = strict(must("replay", "--json", "--db", db))
    tally.equal("states that replay otherwise", replayed["differing"], 0)
    tally.equal("paths that replay otherwise", replayed["paths_differing"], 0)
    tally.check("paths were replayed", replayed["paths"] >
                replayed["paths_forgotten"], replayed)


def on_music(db):
    with Daemon(db) as daemon:
        test_catalogue(daemon)
        test_first_event(daemon, 1)
        test_late_events(daemon, 10)
        test_duplicates(daemon, 2)
        test_profile_and_goals(daemon, 3)
        test_examples(daemon, 4)
        journeys.recommendations(daemon, 5)
        journeys.feedback(daemon, 20)
        journeys.prerequisites(daemon, 30)
        journeys.path(daemon, 40)
        path_controls.controls(daemon, 42)
        journeys.predictions(daemon, 5)
        test_answer_prediction(daemon, 60, MUSIC)
        review_queue.reviews(daemon, 70)
        business_rules.rules(daemon, 80)
        business_rules.experiments(daemon, 100)
        test_ndjson(daemon, 50)
    tally.equal("exit status", daemon.process.returncode, 0)
    replayed = strict(must("replay", "--json", "--db", db))
    tally.equal("states that replay otherwise", replayed["differing"], 0)
    tally.equal("paths that replay otherwise", replayed["paths_differing"], 0)
    tally.check("paths were replayed", replayed["paths"] >
                replayed["paths_forgotten"], replayed)


def main():
    with Folder() as folder:
        def poker():
            must("simulate", "--learners", 8, "--events", 150, "--days", 60,
                 "--curriculum", POKER, "--db", folder / "poker.db")
            on_poker(folder / "poker.db")

        def music():
            must("catalogue", "load", MUSIC, "--db", folder / "music.db")
            on_music(folder / "music.db")

        def new_curriculum():
            journeys.new_curriculum(folder)

        def no_catalogue():
            test_not_asked_for(folder / "empty.db")

        def damage():
            test_damaged_state(folder / "poker.db", 7)

        def all_statuses():
            tally.equal("documented, but never seen", not_seen(), [])

        return tally.run([poker, music, new_curriculum, no_catalogue, damage,
                          all_statuses])


if __name__ == "__main__":
    sys.exit(main())
