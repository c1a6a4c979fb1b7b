"""The review queue over HTTP: what is due and in which order, a backlog under
few minutes, another retention, a deadline; and events that nobody may post."""
import datetime
import json

from learner import USER, Learner, expect, tally

DAY_MIN = 24 * 60


def day(date, more):
    return str(datetime.date.fromisoformat(date)
               + datetime.timedelta(days=more))


def reviews(daemon, user):
    concepts = [c["id"] for c in daemon.get("/api/catalogue").json["concepts"]
                if not c.get("retired")][:6]
    learner = Learner(daemon, user)
    # Ratings 1 .. 4 forty days ago; what was practised today has no recall.
    learner.post([learner.event("review", minutes_ago=40 * DAY_MIN - k,
                                concept=c, rating=1 + k % 4)
                  for k, c in enumerate(concepts)])
    told = learner.get("reviews").json
    tally.equal("all are due after forty days", (told["due"], told["overdue"],
                len(told["queue"])), (len(concepts),) * 3)
    losses = [r["loss_per_minute"] for r in told["queue"]]
    tally.equal("what costs most comes first", losses,
                sorted(losses, reverse=True))
    tally.check("recall falls", all(r["recall_tomorrow"] < r["recall"]
                                    for r in told["queue"]), told)
    tally.equal("days from today", [d["date"] for d in told["days"]],
                [day(told["today"], k) for k in range(14)])
    tally.equal("one is taken", len(learner.get(
        "reviews", "?limit=1").json["queue"]), 1)
    backlog(learner, len(concepts))
    other_retention(learner, concepts)
    deadline(daemon, learner, told["today"])
    engines_own(daemon, learner)


def backlog(learner, n):
    few = learner.get("reviews", "?minutes=10&days=5").json
    per_day = int(10 / few["review_minutes"])
    tally.equal("what fits today", sum(r["today"] for r in few["queue"]),
                min(n, per_day))
    tally.equal("the rest waits", few["days"][0]["waiting"],
                n - min(n, per_day))
    none = learner.get("reviews", "?minutes=0&days=3").json
    tally.equal("no minutes, no review", [d["planned"] for d in none["days"]],
                [0, 0, 0])
    tally.equal("never cleared", none["backlog_cleared"], None)


def other_retention(learner, concepts):
    learner.did("review", concept=concepts[0], rating=4)
    version = learner.get("reviews").version
    due = {}
    for wanted in (0.97, 0.7):
        told = learner.get("reviews", f"?retention={wanted}&days=60").json
        tally.equal("asked", (told["desired_retention"],
                              told["retention_source"]), (wanted, "asked"))
        due[wanted] = next(k for k, d in enumerate(told["days"]) if d["due"])
    tally.check("less recall wanted, later due", due[0.7] > due[0.97], due)
    told = learner.get("reviews")
    tally.equal("asking changes nothing", told.version, version)
    tally.equal("nothing stated", told.json["retention_source"], "default")
    learner.daemon.put(f"{learner.base}/profile",
                       {"stated": {"desired_retention": 0.85}})
    tally.equal("stated", learner.get("reviews").json["retention_source"],
                "stated")


def deadline(daemon, learner, today):
    refused = learner.get("reviews", "?mode=deadline", status=400).json
    tally.equal("no date, no plan", refused["pointer"], "mode")
    goal = {"timeline": day(today, 20), "desired_retention": 0.95}
    expect(daemon.post(f"{learner.base}/goals", goal), f"{USER}/goals", 201)
    told = learner.get("reviews", "?mode=deadline&minutes=10").json
    tally.equal("the goal's", (told["mode"], told["retention_source"]),
                ("deadline", "goal"))
    plan = told["deadline"]
    tally.equal("days until then", [d["date"] for d in plan["days"]],
                [day(today, k) for k in range(20)])
    tally.check("the plan pays", plan["recall"] > plan["recall_without"], plan)
    tally.check("within the minutes", all(d["minutes"] <= 10.05
                                          for d in plan["days"]), plan)
    tally.equal("its reviews", sum(d["reviews"] for d in plan["days"]),
                plan["reviews"])
    tally.equal("today's are the queue", len(told["queue"]),
                plan["days"][0]["reviews"])
    tally.equal("the profile tells the goal's", learner.get("profile").json[
        "goals"].get("desired_retention"), 0.95)


def engines_own(daemon, learner):
    fitted = {"from": "learner", "reviews": 500, "parameters": [1] * 21,
              "stability": [0, 1, 0], "difficulty": [5, 1, 0]}
    event = learner.event("memory_fitted", fitted=fitted)
    refused = learner.post(event, status=400).json
    tally.equal("nobody posts parameters", refused["pointer"], "/type")
    other = learner.event("review", concept="x", rating=3)
    refused = learner.post([event, other], status=400).json
    tally.equal("nor in a list", refused["pointer"], "/0/type")
    line = {**event, "user_id": str(learner.user)}
    reply = daemon.ask("POST", "/api/events", json.dumps(line).encode(),
                       media="application/x-ndjson")
    expect(reply, "/api/events", 200)
    tally.equal("nor in a file", (reply.json["accepted"],
                                  len(reply.json["rejected"])), (0, 1))
