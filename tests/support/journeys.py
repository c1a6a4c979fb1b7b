"""What a learner gets over HTTP: recommendations, a path, analytics and
predictions. Each part wants a daemon and ids that nobody else uses."""
import datetime
import json
import time

from daemon import MUSIC, Daemon, must, strict
from learner import (CONTENT_TYPES, READY, USER, Learner, answer_some,
                     expect, tally)

# ---- recommendations -------------------------------------------------------

def check_slate(what, slate, catalogue, limit):
    contents = {c["id"]: c for c in catalogue["contents"]}
    ids = [r["content_id"] for r in slate]
    tally.check(f"{what}: no content twice, within the limit",
                len(set(ids)) == len(ids) <= limit, ids)
    for r in slate:
        why = r["reasoning"]
        total = why["baseline"] + sum(c["contribution"]
                                      for c in why["contributions"])
        tally.check(f"{what}: the explanation sums up",
                    abs(total - why["score"]) <= 1e-6, r)
        tally.check(f"{what}: two decimals of the score",
                    abs(r["recommendation_score"] - why["score"]) <= 0.0051, r)
        content = contents.get(r["content_id"])
        tally.check(f"{what}: it is what the curriculum says", content and
                    (content["type"], content["title"], content["minutes"]) ==
                    (r["content_type"], r["title"], r["minutes"]), r)


def explained(daemon, learner, slate):
    """The log tells what was told, and the chances that there were."""
    template = f"{USER}/recommendations/{{recommendationId}}/explanation"
    for place, r in enumerate(slate, 1):
        reply = daemon.get(f"{learner.base}/recommendations/{r['id']}"
                           "/explanation")
        expect(reply, template, 200)
        why = reply.json
        tally.equal("explained as it was told", (why["reasoning"],
                    why["cause"], why["place"]),
                    (r["reasoning"], r["reasoning"]["cause"], place))
        tally.check("with the same chance",
                    abs(why["propensity"] - r["propensity"]) <= 0.0001, why)
        chances = [x["chance"] for x in why["explored"]["candidates"]]
        tally.check("chances sum to 1", abs(sum(chances) - 1) <= 1e-6, why)
    expect(daemon.get(f"{learner.base}/recommendations/987654321"
                      "/explanation"), template, 404)
    expect(daemon.get(f"{learner.base}/recommendations/x/explanation"),
           template, 400)


def recommendations(daemon, user):
    catalogue = daemon.get("/api/catalogue").json
    learner = Learner(daemon, user)
    learner.post(answer_some(learner, catalogue, 20, lambda i: i % 4 != 0))
    first = learner.get("recommendations")
    check_slate("default", first.json["recommendations"], catalogue, 5)
    explained(daemon, learner, first.json["recommendations"])
    again = learner.get("recommendations")
    tally.equal("the same slate again", (again.body, again.version),
                (first.body, first.version))
    tally.equal("version in body and ETag", first.json["version"],
                first.version)
    for limit in (1, 50):
        slate = learner.get("recommendations", f"?limit={limit}").json
        check_slate(f"limit {limit}", slate["recommendations"], catalogue,
                    limit)
    for kind in CONTENT_TYPES:
        slate = learner.get("recommendations",
                            f"?type={kind}&limit=50").json["recommendations"]
        check_slate(kind, slate, catalogue, 50)
        tally.equal(f"only {kind}", {r["content_type"] for r in slate} -
                    {kind}, set())
    learner.did("review", concept=catalogue["concepts"][0]["id"], rating=3)
    later = learner.get("recommendations")
    tally.check("a new state, a new slate", later.version > first.version and
                later.json["as_of"] != first.json["as_of"], later)


def feedback(daemon, user):
    catalogue = daemon.get("/api/catalogue").json
    template = f"{USER}/recommendations/{{recommendationId}}/feedback"
    learner = Learner(daemon, user)
    learner.post(answer_some(learner, catalogue, 10, lambda i: i % 2 == 1))
    slate = learner.get("recommendations", "?limit=50").json["recommendations"]
    taken, unwanted = slate[0], slate[1]

    def say(recommendation, body, status=200):
        reply = daemon.post(f"{learner.base}/recommendations/"
                            f"{recommendation}/feedback", body)
        expect(reply, template, status, str(body))
        return reply.json

    told = say(taken["id"], {"action": "accepted"})
    tally.equal("accepted", (told["user_action"], told["feedback_score"]),
                ("accepted", None))
    told = say(taken["id"], {"feedback_score": 4})
    tally.equal("a score keeps the action", (told["user_action"],
                told["feedback_score"]), ("accepted", 4))
    told = say(taken["id"], {"action": "completed", "feedback_score": 5})
    tally.equal("completed", (told["user_action"], told["feedback_score"]),
                ("completed", 5))
    version = say(unwanted["id"], {"action": "dismissed"})["version"]
    after = learner.get("recommendations", "?limit=50")
    tally.equal("the slate after feedback", after.version, version)
    offered = {r["content_id"] for r in after.json["recommendations"]}
    tally.check("what was dismissed rests",
                unwanted["content_id"] not in offered, offered)
    for body in ({}, {"action": "none"}, {"feedback_score": 0},
                 {"feedback_score": 6}, {"action": "accepted", "x": 1}, [], 1):
        say(taken["id"], body, 400)
    say(987654321, {"action": "accepted"}, 404)
    other = Learner(daemon, user + 1)
    other.post(answer_some(other, catalogue, 2, lambda i: True))
    expect(daemon.post(f"{other.base}/recommendations/{taken['id']}/feedback",
                       {"action": "accepted"}), template, 404)
    event = learner.event("recommendation_feedback", action="accepted",
                          recommendation_id=slate[2]["id"])
    learner.post(event)
    tally.equal("the same feedback again is a duplicate",
                learner.post(event).json["duplicates"], 1)
    fine = learner.event("content_started", content=taken["content_id"])
    wrong = learner.event("recommendation_feedback", action="accepted",
                          recommendation_id=987654321)
    told = learner.post([fine, wrong], status=400).json
    tally.equal("place of unknown feedback", told.get("pointer"),
                "/1/recommendation_id")


def unmet(recommendation, contents, concepts, completed, path_start):
    """Prerequisites that are neither done nor, for a beginner who only ever
    answers wrongly, known."""
    content = contents[recommendation["content_id"]]
    found = [p for p in content["prerequisites"]
             if p in contents and p not in completed]
    if content.get("contains"):
        return found
    for concept in content["concepts"]:
        found += [p for p in concepts[concept]["prerequisites"]
                  if path_start.get(p, 0) < READY]
    return found


def prerequisites(daemon, user):
    """A learner who does what is recommended, and gets everything wrong: no
    prerequisite is ever met by knowing it."""
    catalogue = daemon.get("/api/catalogue").json
    contents = {c["id"]: c for c in catalogue["contents"]}
    concepts = {c["id"]: c for c in catalogue["concepts"]}
    learner = Learner(daemon, user)
    learner.post([learner.event("answer", correct=False, concepts=[k])
                  for k in concepts for _ in range(4)])
    completed = set()
    n_offered = 0
    for _ in range(8):
        slate = learner.get("recommendations",
                            "?limit=50").json["recommendations"]
        n_offered += len(slate)
        for r in slate:
            tally.equal(f"{r['content_id']} {r['title']} is open to a beginner",
                        unmet(r, contents, concepts, completed, {}), [])
        lessons = [r["content_id"] for r in slate
                   if r["content_type"] == "lesson"
                   and r["content_id"] not in completed][:2]
        if not lessons:
            break
        completed.update(lessons)
        learner.post([learner.event("content_completed", content=c,
                                    seconds=60) for c in lessons] +
                     [learner.event("answer", correct=False, content=c)
                      for c in lessons for _ in range(6)])
    tally.check("a beginner is offered something", n_offered > 0)


# ---- path, analytics, predictions ------------------------------------------

def path(daemon, user):
    catalogue = daemon.get("/api/catalogue").json
    learner = Learner(daemon, user)
    update = f"{USER}/learning-path/update"
    learner.post(answer_some(learner, catalogue, 12, lambda i: i % 3 == 0))
    whole = learner.get("learning-path", "?steps=1024").json
    total = whole["path_config"]["steps_total"]
    steps = whole["path_config"]["steps"]
    tally.equal("all steps are listed", len(steps), total)
    tally.equal("positions", [s["position"] for s in steps],
                list(range(total)))
    for n in (1, 2, total):
        cut = learner.get("learning-path", f"?steps={n}").json
        tally.equal(f"{n} steps", cut["path_config"],
                    {**whole["path_config"], "steps": steps[:n]})
    default = learner.get("learning-path").json["path_config"]
    tally.equal("60 steps unless said", len(default["steps"]), min(60, total))
    first = [s["content_id"] for s in steps if s["content_id"]][:1]
    reply = daemon.put(f"{learner.base}/learning-path/update?steps=1024",
                       {"completed": first, "reason": "done on paper"})
    expect(reply, update, 200)
    told = reply.json
    history = told["adaptation_history"]
    tally.check("the reason is kept", len(history) == 2 and
                history[1]["why"].startswith("done on paper"), history)
    tally.equal("version in body and ETag", told["version"], reply.version)
    config = told["path_config"]
    done = [s["content_id"] for s in config["steps"] if s["status"] == "done"]
    tally.equal("what was done leads", done, first)
    tally.equal("the position follows", (told["current_position"],
                config["current_position"]), (1, 1))
    tally.equal("the path keeps its id", told["id"], whole["id"])
    cut = learner.get("learning-path", "?steps=2").json["path_config"]
    tally.equal("done steps do not count", len(cut["steps"]),
                min(3, cut["steps_total"]))
    version = learner.get("profile").version
    for body in ({"completed": [424242]}, {"completed": ["x"]},
                 {"current_position": 2}, {"reason": ""}, {"goals": {}},
                 {"completed": first * 101}, {"reason": "x" * 201}, []):
        expect(daemon.put(f"{learner.base}/learning-path/update", body),
               update, 400, str(body)[:80])
    expect(daemon.put(f"{learner.base}/learning-path/update", {},
                      headers={"If-Match": '"1000"'}), update, 412)
    tally.equal("refused updates change nothing",
                learner.get("profile").version, version)
    reply = daemon.put(f"/api/users/{user + 1}/learning-path/update",
                       {"goals": {"target_skill_level": "advanced"}})
    expect(reply, update, 200, "creates a learner")
    tally.equal("estimated completion of a new learner",
                reply.json["userId"], str(user + 1))


def long_path(daemon, user):
    """A plan of everything: hundreds of steps, of which 60 are listed."""
    learner = Learner(daemon, user)
    daemon.put(f"{learner.base}/profile",
               {"goals": {"target_skill_level": "expert"},
                "stated": {"minutes_per_weekday": [60] * 7}})
    short = learner.get("learning-path")
    whole = learner.get("learning-path", "?steps=1024")
    config = short.json["path_config"]
    tally.check("it is long", config["steps_total"] > 200,
                config["steps_total"])
    tally.equal("60 steps are listed", len(config["steps"]), 60)
    tally.equal("all are stored", len(whole.json["path_config"]["steps"]),
                config["steps_total"])
    tally.check("a short reply", len(short.body) < 30000, len(short.body))


def new_curriculum(folder):
    """What a curriculum no longer has is neither planned nor recommended."""
    db, second = folder / "second.db", folder / "second.json"
    must("catalogue", "load", MUSIC, "--db", db)
    with Daemon(db) as daemon:
        learner = Learner(daemon, 1)
        daemon.post(f"{learner.base}/goals", {"target_skill_level": "expert"})
        before = learner.get("learning-path", "?steps=1024").json
        learner.get("recommendations", "?limit=50")
    gone = [s["content_id"] for s in before["path_config"]["steps"]
            if s["kind"] == "practice"][0]
    document = json.loads(MUSIC.read_text(encoding="utf-8"))
    for part in ("contents", "items"):
        document[part] = [x for x in document[part]
                          if gone not in (x["id"], x.get("content"))]
    for content in document["contents"]:
        for name in ("prerequisites", "contains"):
            if name in content:
                content[name] = [c for c in content[name] if c != gone]
    second.write_text(json.dumps(document), encoding="utf-8")
    must("catalogue", "load", second, "--db", db)
    with Daemon(db) as daemon:
        learner = Learner(daemon, 1)
        after = learner.get("learning-path", "?steps=1024").json
        steps = [s["content_id"] for s in after["path_config"]["steps"]]
        tally.check(f"{gone} is planned no more", gone not in steps, steps)
        again = learner.get("learning-path", "?steps=1024").json
        tally.equal("and the new path holds", again["adaptation_history"],
                    after["adaptation_history"])
        slate = learner.get("recommendations", "?limit=50").json
        tally.check(f"{gone} is offered no more", gone not in [
            r["content_id"] for r in slate["recommendations"]])
        learner.did("review", concept="rhy.pulse", rating=3)
        must("catalogue", "load", MUSIC, "--db", db)
        for _ in range(100):
            if daemon.get("/readyz").json["catalogue_version"] == 3:
                break
            time.sleep(0.1)
        tally.equal("a running daemon takes a new curriculum up",
                    daemon.get("/readyz").json["catalogue_version"], 3)
        # Another plan may do without it: a wish is what asks for it.
        after = daemon.post(
            f"{learner.base}/learning-path/controls?steps=1024",
            {"kind": "pin", "content": gone}).json
        tally.check(f"{gone} may be planned again", gone in [
            s["content_id"] for s in after["path_config"]["steps"]], after)
    replayed = strict(must("replay", "--json", "--db", db))
    tally.equal("states that replay otherwise", replayed["differing"], 0)


def analytics(daemon, user):
    learner = Learner(daemon, user)
    whole = learner.get("progress-analytics").json
    days = whole["time_on_task"]["by_day"]
    tally.check("there are days", len(days) > 3, days)
    middle = days[len(days) // 2]["date"]
    part = learner.get("progress-analytics",
                       f"?from={middle}&to={days[-1]['date']}T23:59:59Z").json
    inside = [d for d in part["time_on_task"]["by_day"]]
    tally.check("the window restricts the days", inside and len(inside)
                < len(days) and all(middle <= d["date"] for d in inside), part)
    tally.equal("totals are of all time", part["totals"], whole["totals"])
    tally.equal("answers of the window", part["window"]["answers"],
                sum(d["answers"] for d in inside))
    nothing = learner.get("progress-analytics",
                          "?from=1990-01-01&to=1990-02-01").json
    tally.equal("an empty window", nothing["window"]["answers"], 0)


def predictions(daemon, user):
    learner = Learner(daemon, user)
    tally.equal("28 days unless said",
                learner.get("skill-predictions").json["days"], 28)
    for days in (1, 90, 730):
        told = learner.get("skill-predictions", f"?days={days}").json
        tally.equal("days", told["days"], days)
        for f in [told["overall"], *told["areas"]]:
            p = f["predicted"]
            if not f["enough_evidence"]:
                tally.check("no forecast without answers",
                            f["answers_missing"] > 0 and f["change"] is None
                            and all(p[k] is None for k in p if k != "at"), f)
                continue
            tally.check("nested intervals", p["low_90"] <= p["low_80"] <=
                        p["mastery"] <= p["high_80"] <= p["high_90"], f)
    at = (datetime.datetime.now(datetime.timezone.utc) +
          datetime.timedelta(days=40)).strftime("%Y-%m-%d")
    told = learner.get("skill-predictions", f"?at={at}").json
    tally.check("at a day", told["at"].startswith(at), told["at"])
    learner.get("skill-predictions", f"?at={at}T10:00:00%2B01:00")
    what_if(learner)


def what_if(learner):
    """Minutes that are asked about tell what stating them would."""
    ahead = datetime.date.today() + datetime.timedelta(days=90)
    body = {"stated": {"minutes_per_weekday": [30] * 7},
            "goals": {"target_skill_level": "advanced",
                      "timeline": str(ahead)}}
    learner.daemon.put(f"{learner.base}/profile", body)
    asked = learner.get("skill-predictions", "?minutes_per_week=420").json
    tally.equal("said to be asked for", asked["assumptions"][
        "minutes_source"], "asked")
    tally.equal("the minutes", asked["assumptions"]["minutes_per_week"], 420)
    scenario = next(s for s in learner.get("skill-predictions").json[
        "what_if"] if s["name"] == "double")
    body["stated"]["minutes_per_weekday"] = [60] * 7
    learner.daemon.put(f"{learner.base}/profile", body)
    stated = learner.get("skill-predictions").json
    path = learner.get("learning-path").json["path_config"]
    for name, chance in (
            ("its scenario", scenario["probability"]),
            ("stated", stated["goal"]["probability"]),
            ("the path", path["in_time_prob"])):
        both = (asked["goal"]["probability"], chance)
        tally.check(f"the chance of {name}", both == (None, None) or
                    abs(both[0] - both[1]) < 2e-4, both)
