"""Rules of the business and experiments over HTTP: what is excluded, pinned,
promoted and capped, why something is not shown, arms and their exposures."""
from learner import USER, Learner, expect, tally

RULES = "/api/rules"
EXPERIMENTS = "/api/experiments"
WHY_NOT = f"{USER}/recommendations/why-not"


def put(daemon, rules, status=200, tenants=None, **more):
    body = {"rules": rules}
    if tenants:
        body["tenants"] = tenants
    reply = daemon.put(RULES, body, **more)
    expect(reply, RULES, status)
    return reply


def rule(name, kind, match, **more):
    return {"name": name, "kind": kind, "match": match,
            "reason": f"because of {name}", **more}


def slate(learner, query="?limit=8"):
    return learner.get("recommendations", query).json["recommendations"]


def why_not(learner, content, status=200):
    reply = learner.daemon.get(
        f"{learner.base}/recommendations/why-not?content={content}")
    expect(reply, WHY_NOT, status)
    return reply.json


def rules(daemon, user):
    learner, other = Learner(daemon, user), Learner(daemon, user + 1)
    first = daemon.get("/api/catalogue").json["contents"][0]["id"]
    for one in (learner, other):
        one.did("content_started", content=first)
    before = [r["content_id"] for r in slate(learner)]
    shut = before[:2]
    tenants = {"club": [[user, user]]}
    made = put(daemon, [rule("shut", "exclude", {"contents": shut},
                             tenant="club")], tenants=tenants)
    version = made.json["version"]
    tally.equal("what a rule matches", made.json["matches"], {"shut": 2})
    tally.check("excluded at once", not set(shut) &
                {r["content_id"] for r in slate(learner)}, shut)
    tally.check("others are shown it still", set(shut) &
                {r["content_id"] for r in slate(other)}, shut)
    told = why_not(learner, shut[0])
    tally.equal("why not", (told["verdict"], told["rule"]["name"],
                            told["until"]), ("rule", "shut", None))
    tally.check("why not, in words", "because of shut" in told["sentence"],
                told)
    lost_and_shown(learner)
    versions(daemon, version, made.json["rules"])
    places(daemon, learner)
    windows(daemon, learner)
    put(daemon, [])
    tally.check("no rules, as before", set(shut) &
                {r["content_id"] for r in slate(learner)}, shut)


def lost_and_shown(learner):
    shown = [r["content_id"] for r in slate(learner, "?limit=5")]
    seen = set()
    for content in learner.daemon.get("/api/catalogue").json["contents"]:
        told = why_not(learner, content["id"])
        seen.add(told["verdict"])
        against = told["against"]
        if against:
            gap = sum(t["difference"] for t in against["terms"])
            tally.check("terms sum to the difference of the scores",
                        abs(gap - against["score"] + against["other_score"])
                        < 1e-6, told)
        if told["verdict"] == "prerequisite":
            tally.check("what is missing is named", told["missing"] and
                        all(m["mastery"] < m["needed"]
                            for m in told["missing"]), told)
    tally.check("verdicts", {"shown", "outranked", "prerequisite"} <= seen,
                seen)
    tally.check("a slate is there", len(shown) == 5, shown)
    why_not(learner, 9007199254740991, 400)
    reply = learner.daemon.get(f"{learner.base}/recommendations/why-not")
    expect(reply, WHY_NOT, 400)
    nobody = Learner(learner.daemon, 999998)
    why_not(nobody, shown[0], 404)


def versions(daemon, version, document):
    same = daemon.put(RULES, document)
    expect(same, RULES, 200)
    tally.equal("the same again is no version", same.json["version"], version)
    put(daemon, [], 412, headers={"If-Match": f'"{version + 1}"'})
    put(daemon, [], headers={"If-Match": f'"{version}"'})
    old = daemon.get(f"{RULES}?version={version}")
    expect(old, RULES, 200)
    tally.equal("an old version is read", old.json["rules"], document)
    expect(daemon.get(f"{RULES}?version=99999"), RULES, 404)
    now = daemon.get(RULES)
    expect(now, RULES, 200)
    tally.equal("history, newest first", [h["version"] for h in
                now.json["history"]][:2], [version + 1, version])
    put(daemon, [rule("x", "exclude", {"contents": [9007199254740991]})], 400)
    put(daemon, [rule("x", "ban", {})], 400)


def places(daemon, learner):
    usual = slate(learner)
    last = usual[-1]["content_id"]
    put(daemon, [rule("top", "pin", {"contents": [last]}, position=1)])
    pinned = slate(learner)[0]
    tally.equal("a pin stands at its place", (pinned["content_id"],
                pinned["propensity"]), (last, 1))
    tally.check("a pin says so", "because of top" in
                pinned["reasoning"]["sentence"], pinned)
    put(daemon, [rule("up", "promote", {"contents": [last]}, boost=0.5)])
    promoted = next(r for r in slate(learner) if r["content_id"] == last)
    tally.check("a promotion says so", "because of up" in
                promoted["reasoning"]["sentence"], promoted)
    kind = usual[0]["content_type"]
    put(daemon, [rule("one", "cap", {"types": [kind]}, at_most=1,
                      per="slate")])
    tally.check("a cap holds", sum(r["content_type"] == kind
                                   for r in slate(learner)) <= 1, kind)


def windows(daemon, learner):
    put(daemon, [rule("once", "window", {}, days=1)])
    seen = {r["content_id"] for r in slate(learner, "?limit=2")}
    again = {r["content_id"] for r in slate(learner, "?limit=3")}
    tally.check("nothing twice in a window", not seen & again, (seen, again))


def experiments(daemon, first_user):
    design = {"name": f"try-{first_user}", "outcome_hours": 0, "arms": [
        {"name": "a", "share": 50},
        {"name": "b", "share": 50, "overrides": {"diversity": 0}}]}
    path = f"{EXPERIMENTS}/{design['name']}"
    one = f"{EXPERIMENTS}/{{name}}"
    content = daemon.get("/api/catalogue").json["contents"][0]["id"]
    expect(daemon.get(path), one, 404)
    expect(daemon.post(f"{path}/stop", {"reason": "x"}), f"{one}/stop", 404)
    expect(daemon.post(EXPERIMENTS, design), EXPERIMENTS, 201)
    expect(daemon.post(EXPERIMENTS, design), EXPERIMENTS, 409)
    for user in range(first_user, first_user + 20):
        learner = Learner(daemon, user)
        learner.did("content_started", content=content)
        top = slate(learner)[0]["id"]
        slate(learner)  # the same slate again is no second exposure
        learner.did("recommendation_feedback", recommendation_id=top,
                    action="dismissed" if user % 4 else "completed")
    told = daemon.get(path)
    expect(told, one, 200)
    arms = told.json["arms"]
    tally.equal("every learner is in one arm", sum(a["learners"]
                for a in arms), 20)
    tally.check("both arms have learners", min(a["learners"] for a in arms),
                arms)
    tally.equal("a slate is one exposure", [a["exposures"] for a in arms],
                [a["learners"] for a in arms])
    tally.equal("who answered is counted", sum(a["counted"] for a in arms), 20)
    tally.equal("rewards are of all", round(sum(
        a["reward"] * a["counted"] for a in arms), 9), 5)
    low, high = arms[1]["against_first"]["reward"]["interval"]
    tally.check("an interval holds the estimate", low <= arms[1][
        "against_first"]["reward"]["estimate"] <= high, arms)
    listed = daemon.get(EXPERIMENTS)
    expect(listed, EXPERIMENTS, 200)
    tally.equal("listed", listed.json["experiments"][0]["name"],
                design["name"])
    stopped = daemon.post(f"{path}/stop", {"reason": "seen enough"})
    expect(stopped, f"{one}/stop", 200)
    tally.equal("stopped", (stopped.json["state"],
                stopped.json["stop_reason"]), ("stopped", "seen enough"))
    expect(daemon.post(f"{path}/stop", {"reason": "x"}), f"{one}/stop", 409)
