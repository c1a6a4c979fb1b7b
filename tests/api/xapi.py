#!/usr/bin/python3
"""xAPI over HTTP: what is taken and refused, what an answer means to the
learner, ids that come again, voiding, queries and their pages; and the npm
package @xapi/xapi as a client that knows nothing of us.

One line a failure; the last line is "N passed, N failed, N skipped".
"""
import copy
import datetime
import json
import os
import pathlib
import shutil
import subprocess
import sys
import urllib.parse
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
sys.dont_write_bytecode = True

import credentials  # noqa: E402
from daemon import POKER, Daemon, Folder, must, strict  # noqa: E402
from learner import Learner, contract, expect, tally  # noqa: E402

PATH, ABOUT = "/xapi/statements", "/xapi/about"
VERSION = {"X-Experience-API-Version": "2.0.0"}
ADL = "http://adlnet.gov/expapi/verbs/"
LMS = "https://lms.example"
CONTENT = strict(POKER.read_text(encoding="utf-8"))["contents"][0]["id"]
CONCEPT = strict(POKER.read_text(encoding="utf-8"))["concepts"][0]["id"]
CLIENT = ROOT / "build" / "xapi-client"
PEER = "@xapi/xapi@3.0.3"


def actor(learner):
    return {"objectType": "Agent",
            "account": {"homePage": LMS, "name": str(learner)}}


def statement(learner, verb="answered", thing=f"contents/{CONTENT}", **more):
    made = {"id": str(uuid.uuid4()), "actor": actor(learner),
            "verb": {"id": ADL + verb}, "object": {"id": f"{LMS}/{thing}"},
            "timestamp": "2026-11-02T10:00:00Z"}
    if verb == "answered":
        made["result"] = {"success": True, "duration": "PT4.2S"}
    return {**made, **more}


def voiding(target, by=1):
    return statement(by, "voided", object={
        "objectType": "StatementRef", "id": target["id"]})


class Lrs:
    """A daemon as an LRS; every reply is held against the contract."""

    def __init__(self, daemon, headers=None):
        self.daemon = daemon
        self.headers = headers or VERSION

    def post(self, body, status=200):
        reply = self.daemon.post(PATH, body, headers=self.headers)
        expect(reply, PATH, status)
        return reply

    def put(self, body, identifier, status=204):
        query = urllib.parse.urlencode({"statementId": identifier})
        reply = self.daemon.put(f"{PATH}?{query}", body, headers=self.headers)
        expect(reply, PATH, status)
        return reply

    def get(self, status=200, **query):
        query = {k: json.dumps(v) if isinstance(v, (dict, bool)) else v
                 for k, v in query.items()}
        reply = self.daemon.get(f"{PATH}?{urllib.parse.urlencode(query)}",
                                headers=self.headers)
        expect(reply, PATH, status)
        return reply

    def ids(self, **query):
        """Of a whole list, page by page."""
        reply = self.get(**query)
        found = []
        for _ in range(200):
            found += [s["id"] for s in reply.json["statements"]]
            more = reply.json["more"]
            if not more:
                return found
            reply = self.daemon.get(more, headers=self.headers)
            expect(reply, PATH, 200)
        tally.check("a list ends", False, found)
        return found

    def events(self, learner):
        reply = self.daemon.get(f"/api/users/{learner}/profile")
        return reply.version if reply.status == 200 else 0


def refused(lrs, body, status, pointer, what):
    reply = lrs.post(body, status)
    tally.equal(f"pointer of {what}", reply.json.get("pointer"), pointer)
    return reply


# ---- the frame --------------------------------------------------------------

def test_versions(daemon):
    expect(daemon.get(f"{ABOUT}?x=1"), ABOUT, 400)
    about = daemon.get(ABOUT)
    expect(about, ABOUT, 200)
    tally.equal("versions", about.json, {"version": ["2.0.0", "1.0.3"]})
    for asked, told in (("2.0.0", "2.0.0"), ("2.0.1", "2.0.0"),
                        ("1.0.3", "1.0.3"), ("1.0", "1.0.3")):
        lrs = Lrs(daemon, {"X-Experience-API-Version": asked})
        reply = lrs.get(limit=1)
        tally.equal(f"version {asked}",
                    reply.headers["x-experience-api-version"], told)
        kept = statement(1)
        lrs.post(kept)
        tally.equal(f"version of a statement by {asked}",
                    lrs.get(statementId=kept["id"]).json["version"], told)
    for head in ({}, {"X-Experience-API-Version": ""},
                 {"X-Experience-API-Version": "0.95"},
                 {"X-Experience-API-Version": "3.0.0"}):
        for reply in (daemon.get(PATH, headers=head),
                      daemon.post(PATH, statement(1), headers=head)):
            expect(reply, PATH, 400)
            tally.equal(f"pointer of {head}", reply.json.get("pointer"),
                        "X-Experience-API-Version")
            tally.equal(f"we say which ({head})",
                        reply.headers["x-experience-api-version"], "2.0.0")


def test_bodies(daemon):
    lrs = Lrs(daemon)
    for body in (b"", b"{", b"null", b"7", b"[]", b"[1]", b"{}"):
        lrs.post(body, 400)
    lrs.post([statement(1) for _ in range(501)], 400)
    expect(daemon.post(PATH, b" " * (1 << 20) + b"{}", headers=VERSION), PATH,
           413)
    for media in ("multipart/mixed; boundary=x", "text/plain"):
        reply = daemon.ask("POST", PATH, b"{}", headers=VERSION, media=media)
        expect(reply, PATH, 415)
    same = statement(1)
    refused(lrs, [same, copy.deepcopy(same)], 400, "/1/id", "an id twice")
    bad = statement(1, result={"score": {"scaled": 2}})
    refused(lrs, bad, 400, "/result/score/scaled", "one")
    before = lrs.events(61)
    refused(lrs, [statement(61), bad], 400, "/1/result/score/scaled", "many")
    tally.equal("nothing of a refused batch", lrs.events(61), before)
    tally.equal("no statement of it", lrs.ids(agent=actor(61)), [])
    deep = {"urn:x": 0}
    for _ in range(14):
        deep = {"urn:x": deep}
    lrs.post(statement(1, context={"extensions": deep}), 400)


def test_whose(daemon):
    lrs = Lrs(daemon)
    for who in ({"mbox": "mailto:a@b.example"},
                {"account": {"homePage": LMS, "name": "bob"}},
                {"account": {"homePage": LMS, "name": "0"}},
                {"account": {"homePage": LMS, "name": str(1 << 40)}},
                {"objectType": "Group", "account":
                 {"homePage": LMS, "name": "7"}}):
        refused(lrs, statement(1, actor=who), 403, "/actor", who)
        refused(lrs, [statement(1), statement(1, actor=who)], 403, "/1/actor",
                who)


# ---- what it means ------------------------------------------------------------

def test_meaning(daemon):
    lrs = Lrs(daemon)
    base = "/api/users/71"
    times = [f"2026-11-02T10:00:0{n}Z" for n in range(6)]
    reply = lrs.post([
        statement(71, timestamp=times[0]),
        statement(71, "initialized", timestamp=times[1]),
        statement(71, "completed", timestamp=times[2]),
        statement(71, thing=f"concepts/{CONCEPT}", timestamp=times[3]),
        statement(71, "interacted", timestamp=times[4]),
        statement(71, thing="items/424242", timestamp=times[5])])
    tally.equal("four mean something", reply.headers["x-piq-events"], "4")
    tally.equal("ids in order", len(reply.json), 6)
    shown = daemon.get(f"{base}/profile").json
    answer = {"type": "answer", "correct": True, "response_ms": 4200}
    by_event = daemon.post("/api/users/72/events", [
        {"event_id": f"e{n}", "at": times[n], **members}
        for n, members in enumerate((
            {**answer, "content": CONTENT},
            {"type": "content_started", "content": CONTENT},
            {"type": "content_completed", "content": CONTENT},
            {**answer, "concepts": [CONCEPT]}))])
    tally.equal("the same as events", by_event.status, 200)
    other = daemon.get("/api/users/72/profile").json
    for told in (shown, other):
        del told["userId"], told["as_of"]
    tally.equal("the profile is that of the events", shown, other)


def test_many_learners(daemon):
    lrs = Lrs(daemon)
    learners = list(range(200, 240))
    body = [statement(n) for n in learners for _ in range(3)]
    reply = lrs.post(body)
    tally.equal("all of them", reply.headers["x-piq-events"], "120")
    tally.equal("ids in order", reply.json, [s["id"] for s in body])
    for n in learners:
        tally.equal(f"learner {n} was heard of once", lrs.events(n), 1)
    bad = copy.deepcopy(body)
    for s in bad:
        s["id"] = str(uuid.uuid4())
    bad[-1]["id"], bad[-1]["verb"]["id"] = body[0]["id"], ADL + "passed"
    refused(lrs, bad, 409, "/119/id", "a changed one behind many")
    for n in learners:
        tally.equal(f"learner {n}: nothing of it", lrs.events(n), 1)


# ---- ids -------------------------------------------------------------------------

def test_again(daemon):
    lrs = Lrs(daemon)
    first = statement(81)
    lrs.post(first)
    kept, version = lrs.get(statementId=first["id"]).json, lrs.events(81)
    again = copy.deepcopy(first)
    again["id"] = again["id"].upper()
    again["verb"]["display"] = {"en": "answered"}
    again["object"]["objectType"] = "Activity"
    again["timestamp"] = "2026-11-02T12:00:00.000+02:00"
    for body in (first, [first], again, kept):
        reply = lrs.post(body)
        tally.equal("the id again", reply.json, [first["id"]])
        tally.equal("no event", reply.headers["x-piq-events"], "0")
    lrs.put(first, first["id"])
    tally.equal("nothing has changed",
                (lrs.get(statementId=first["id"]).json, lrs.events(81)),
                (kept, version))
    changed = {**first, "result": {"success": False}}
    refused(lrs, changed, 409, "/id", "another result")
    refused(lrs, [statement(81), changed], 409, "/1/id", "another result")
    lrs.put(changed, first["id"], 409)
    tally.equal("still nothing", lrs.events(81), version)


def test_put(daemon):
    lrs = Lrs(daemon)
    first = statement(82)
    identifier = first.pop("id")
    lrs.put(first, identifier)
    told = lrs.get(statementId=identifier)
    tally.equal("id", told.json["id"], identifier)
    lrs.put({**first, "id": identifier.upper()}, identifier)
    lrs.put(first, str(uuid.uuid4()).upper())
    for body, name in (({**first, "id": str(uuid.uuid4())}, "/id"),
                       ([first], None)):
        reply = lrs.put(body, identifier, 400)
        tally.equal("pointer", reply.json.get("pointer"), name)
    for query in ("", "?statementId=", "?statementId=7"):
        reply = daemon.put(PATH + query, first, headers=VERSION)
        expect(reply, PATH, 400)
        tally.equal("pointer", reply.json.get("pointer"), "statementId")


def test_stamp(daemon):
    lrs = Lrs(daemon)
    bare = statement(83)
    for member in ("id", "timestamp"):
        del bare[member]
    identifier = lrs.post(bare).json[0]
    reply = lrs.get(statementId=identifier)
    told = reply.json
    tally.equal("a UUID of version 4", uuid.UUID(identifier).version, 4)
    tally.equal("timestamp is stored", told["timestamp"], told["stored"])
    tally.check("an authority", told["authority"]["account"]["name"], told)
    stored = datetime.datetime.fromisoformat(
        told["stored"].replace("Z", "+00:00")[:19] + "+00:00")
    tally.equal("Last-Modified", reply.headers["last-modified"],
                stored.strftime("%a, %d %b %Y %H:%M:%S GMT"))
    for member in ("actor", "verb", "object", "result"):
        tally.equal(f"{member} as it was", told[member], bare[member])
    forged = statement(83, stored="2001-01-01T00:00:00Z",
                       authority={"mbox": "mailto:root@example.org"})
    lrs.post(forged)
    told = lrs.get(statementId=forged["id"]).json
    tally.check("stored is ours", told["stored"] > "2026", told)
    tally.check("authority is ours", "mbox" not in told["authority"], told)


# ---- voiding ---------------------------------------------------------------------

def test_voiding(daemon):
    lrs = Lrs(daemon)
    wrong = statement(91)
    lrs.post(wrong)
    reply = refused(lrs, voiding(statement(91)), 400, "/object/id", "nothing")
    void = voiding(wrong)
    void["actor"] = {"mbox": "mailto:teacher@lms.example"}
    lrs.post(void)
    lrs.get(404, statementId=wrong["id"])
    tally.equal("voided", lrs.get(voidedStatementId=wrong["id"]).json["id"],
                wrong["id"])
    lrs.get(404, voidedStatementId=void["id"])
    lrs.get(200, statementId=void["id"])
    tally.equal("the voiding one is listed in its place",
                lrs.ids(agent=actor(91)), [void["id"]])
    refused(lrs, voiding(wrong), 409, "/object/id", "voided twice")
    refused(lrs, voiding(void), 409, "/object/id", "voiding a voiding one")
    lrs.post(void)
    lrs.post(wrong)
    one, two = statement(92), statement(92)
    reply = lrs.post([voiding(one), one, two])
    tally.equal("voided in one request: no event",
                reply.headers["x-piq-events"], "1")
    lrs.get(404, statementId=one["id"])
    three = statement(92)
    refused(lrs, [three, voiding(three), voiding(three)], 409, "/2/object/id",
            "twice in one request")
    refused(lrs, [voiding(two), voiding(two)], 409, "/1/object/id",
            "twice in one request")
    first = voiding(three)
    refused(lrs, [three, first, voiding(first)], 409, "/2/object/id",
            "voiding a voiding one")
    lrs.get(404, statementId=three["id"])
    lrs.get(200, statementId=two["id"])


def test_voided_is_forgotten(daemon):
    """A wrong answer that a teacher voids has never been."""
    lrs, learner = Lrs(daemon), Learner(daemon, 97)
    lrs.post([statement(97), statement(97, "initialized")])
    before = learner.profile()
    wrong = statement(97, result={"success": False})
    second = statement(97, result={"success": False},
                       timestamp="2026-11-01T08:00:00Z")
    nothing = statement(97, "interacted")
    lrs.post([wrong, second, nothing])
    tally.check("it counts", learner.profile() != before)
    void = voiding(wrong, 3)
    reply = lrs.post([void, voiding(nothing, 3)])
    tally.equal("the void of an event is one, that of nothing is not",
                reply.headers["x-piq-events"], "1")
    lrs.put(voiding(second), str(uuid.uuid4()), 400)
    undo = voiding(second)
    lrs.put(undo, undo["id"])
    tally.equal("it never was", learner.profile(), before)
    told = learner.get("events").json["events"]
    tally.equal("what the profile stands on", len(told), 2)
    lrs.post(void)
    lrs.post([wrong, second])
    tally.equal("sent again, it stays so", learner.profile(), before)
    # By the platform's own word, and by a statement afterwards.
    third = statement(97, result={"success": False})
    lrs.post(third)
    learner.did("voided", voids=f"xapi:{third['id']}")
    tally.equal("voided as an event", learner.profile(), before)
    version = learner.get("profile").version
    lrs.post(voiding(third))
    tally.equal("and as a statement: nothing more",
                learner.get("profile").version, version)
    lrs.get(404, statementId=third["id"])
    # Who has paused can have answers taken back.
    fourth = statement(97, result={"success": False})
    lrs.post(fourth)
    daemon.put("/api/users/97/profiling", {"paused": True})
    lrs.post(voiding(fourth))
    tally.equal("voided while paused", learner.profile()["skillProfile"],
                before["skillProfile"])
    lrs.post(statement(97), 403)


# ---- a learner's own wishes ----------------------------------------------------------

def test_paused_and_erased(daemon):
    lrs = Lrs(daemon)
    kept, other = [statement(95) for _ in range(3)], statement(96)
    lrs.post(kept + [other])
    exported = daemon.get("/api/users/95/export")
    for s in kept:
        tally.check("exported", s["id"].encode() in exported.body, s["id"])
    daemon.put("/api/users/95/profiling", {"paused": True})
    more = [statement(96), statement(95), statement(95)]
    refused(lrs, more, 403, "/1/actor", "a learner who paused")
    tally.equal("nothing of it", lrs.ids(agent=actor(96)), [other["id"]])
    lrs.post([*kept, statement(95, "interacted")])
    erased = daemon.ask("DELETE", "/api/users/95")
    tally.equal("erased", erased.status, 200)
    for way in (False, True):
        tally.equal(f"gone, ascending {way}",
                    lrs.ids(agent=actor(95), ascending=way), [])
    lrs.get(404, statementId=kept[0]["id"])
    refused(lrs, voiding(kept[1]), 400, "/object/id", "one that is gone")
    lrs.post(kept[0])
    tally.equal("sent anew", lrs.ids(agent=actor(95)), [kept[0]["id"]])


# ---- asking ------------------------------------------------------------------------

def test_queries(daemon):
    lrs = Lrs(daemon)
    registration = str(uuid.uuid4())
    mark = {"id": f"{LMS}/courses/{uuid.uuid4()}"}
    made = [statement(100 + n % 3, ("answered", "completed")[n % 2],
                      context={"registration": registration,
                               "instructor": {"openid": "https://i.example/"},
                               "contextActivities": {"parent": [mark]}})
            for n in range(25)]
    ids = []
    for n in range(0, 25, 5):
        ids += lrs.post(made[n:n + 5]).json
    all_of = {"registration": registration}
    tally.equal("newest first", lrs.ids(**all_of), ids[::-1])
    tally.equal("oldest first", lrs.ids(ascending=True, **all_of), ids)
    for limit in (1, 3, 7, 24, 25, 26, 0, 1000):
        for way in (False, True):
            tally.equal(f"pages of {limit}, ascending {way}",
                        lrs.ids(limit=limit, ascending=way, **all_of),
                        ids if way else ids[::-1])
    page = lrs.get(limit=4, **all_of).json
    tally.equal("a page", [s["id"] for s in page["statements"]],
                ids[:-5:-1])
    tally.equal("of an agent", lrs.ids(agent=actor(101), **all_of),
                [i for n, i in enumerate(ids) if n % 3 == 1][::-1])
    tally.equal("of a verb", lrs.ids(verb=ADL + "completed", **all_of),
                [i for n, i in enumerate(ids) if n % 2][::-1])
    tally.equal("of an activity", lrs.ids(activity=mark["id"]), [])
    tally.equal("of a related activity",
                lrs.ids(activity=mark["id"], related_activities=True),
                ids[::-1])
    teacher = {"openid": "https://i.example/"}
    tally.equal("of an agent around", lrs.ids(agent=teacher, **all_of), [])
    tally.equal("of a related agent",
                lrs.ids(agent=teacher, related_agents=True, **all_of),
                ids[::-1])
    stored = [lrs.get(statementId=i).json["stored"] for i in ids]
    exact = [s[:-1].ljust(26, "0") for s in stored]
    tally.equal("each stored at its own time", exact, sorted(set(exact)))
    for way in (False, True):
        part = ids[6:20] if way else ids[6:20][::-1]
        tally.equal(f"since (exclusive), until (inclusive), {way}",
                    lrs.ids(since=stored[5], until=stored[19], limit=5,
                            ascending=way, **all_of), part)
    through = lrs.get(limit=1).headers["x-experience-api-consistent-through"]
    tally.check("all of it is consistent", through > stored[-1], through)
    ids_only = lrs.get(statementId=ids[0], format="ids").json
    tally.equal("ids only", ids_only["verb"], {"id": ADL + "answered"})
    lrs.get(format="canonical", **all_of)


def test_queries_refused(daemon):
    lrs = Lrs(daemon)
    one = str(uuid.uuid4())
    for query, pointer in (
            ({"statementId": "x"}, "statementId"),
            ({"voidedStatementId": "x"}, "voidedStatementId"),
            ({"statementId": one, "voidedStatementId": one},
             "voidedStatementId"),
            ({"statementId": one, "limit": 1}, "limit"),
            ({"statementId": one, "verb": "urn:x"}, "verb"),
            ({"agent": "{"}, "agent"), ({"agent": "7"}, "agent"),
            ({"agent": {"name": "Bob"}}, "agent"),
            ({"agent": {"mbox": "x"}}, "agent/mbox"),
            ({"verb": "answered"}, "verb"), ({"activity": ""}, "activity"),
            ({"registration": "7"}, "registration"),
            ({"since": "yesterday"}, "since"), ({"until": "x"}, "until"),
            ({"limit": -1}, "limit"), ({"limit": "x"}, "limit"),
            ({"format": "pretty"}, "format"),
            ({"attachments": True}, "attachments"),
            ({"ascending": "yes"}, "ascending"),
            ({"related_agents": 1}, "related_agents"),
            ({"cursor": "x"}, "cursor"), ({"cursor": "1.2"}, "cursor"),
            ({"cursor": "0.0." + one}, "cursor"),
            ({"cursor": "1.1099511627776." + one}, "cursor"),
            ({"StatementId": one}, "StatementId")):
        reply = lrs.get(400, **query)
        tally.equal(f"pointer of {query}", reply.json.get("pointer"), pointer)
    lrs.get(404, statementId=one)
    lrs.get(404, voidedStatementId=one)


# ---- a client that knows nothing of us -----------------------------------------------

CLIENT_SCRIPT = """
const XAPI = require("@xapi/xapi").default;
const say = (o) => console.log(JSON.stringify(o));
const [endpoint, content] = process.argv.slice(2);
(async () => {
  const xapi = new XAPI({endpoint, version: process.argv[4],
                         auth: process.env.PIQ_AUTH, adapter: "fetch"});
  const actor = {objectType: "Agent",
                 account: {homePage: "https://lms.example", name: "301"}};
  const object = {objectType: "Activity", id: content};
  const about = await xapi.getAbout();
  say({step: "about", data: about.data});
  const statement = {actor, verb: XAPI.Verbs.ANSWERED, object,
                     result: {success: true, duration: "PT3S"}};
  const one = await xapi.sendStatement({statement});
  say({step: "sent", data: one.data});
  const many = await xapi.sendStatements({statements: [
    {actor, verb: XAPI.Verbs.INITIALIZED, object},
    {actor, verb: XAPI.Verbs.COMPLETED, object},
    {actor, verb: {id: "http://adlnet.gov/expapi/verbs/interacted"},
     object}]});
  say({step: "many", data: many.data});
  const got = await xapi.getStatement({statementId: one.data[0]});
  say({step: "got", data: got.data});
  const wrong = await xapi.sendStatement({statement: {
    ...statement, result: {success: false}}});
  const taken = await xapi.voidStatement({
    actor: {objectType: "Agent", mbox: "mailto:teacher@lms.example"},
    statementId: wrong.data[0]});
  say({step: "wrong", data: wrong.data});
  say({step: "taken", data: taken.data});
  const gone = await xapi.voidStatement({actor,
                                         statementId: many.data[2]});
  say({step: "voided", data: gone.data});
  const old = await xapi.getVoidedStatement({
    voidedStatementId: many.data[2]});
  say({step: "old", data: old.data.id === many.data[2]});
  let page = await xapi.getStatements({agent: actor, limit: 2});
  const seen = page.data.statements.map((s) => s.id);
  while (page.data.more) {
    page = await xapi.getMoreStatements({more: page.data.more});
    seen.push(...page.data.statements.map((s) => s.id));
  }
  say({step: "pages", data: seen});
  try {
    await xapi.sendStatement({statement: {...statement, actor: {
      objectType: "Agent", mbox: "mailto:a@b.example"}}});
    say({step: "stranger", data: "taken"});
  } catch (error) {
    say({step: "stranger", data: JSON.parse(error.message).status});
  }
})().catch((e) => { console.error(e); process.exit(1); });
"""


def client_ready():
    """Fetches the package below build/; None, or why it is not there."""
    if not shutil.which("node") or not shutil.which("npm"):
        return "there is no node or no npm"
    version = subprocess.run(["node", "--version"], capture_output=True,
                             text=True, check=False).stdout.strip()
    if not version or int(version.lstrip("v").split(".")[0]) < 18:
        return f"node {version} has no fetch; 18 has"
    if not (CLIENT / "node_modules" / "@xapi" / "xapi").is_dir():
        CLIENT.mkdir(parents=True, exist_ok=True)
        (CLIENT / "package.json").write_text('{"private": true}\n')
        try:
            done = subprocess.run(
                ["npm", "install", "--no-audit", "--no-fund", "--no-save",
                 "--ignore-scripts", PEER], cwd=CLIENT, timeout=300,
                capture_output=True, text=True, check=False)
        except subprocess.TimeoutExpired:
            return "npm took too long"
        if done.returncode:
            return f"npm could not fetch {PEER}: {done.stderr[-300:]}"
    (CLIENT / "client.js").write_text(CLIENT_SCRIPT, encoding="utf-8")
    return None


KEYS = {}  # headers with a key of some tenant, by name


def make_keys(db):
    both = ("events:write", "profile:read")
    for name, scopes, tenant in (("both", both, 3), ("writes", both[:1], 3),
                                 ("reads", both[1:], 3), ("other", both, 4),
                                 ("client", both, 5)):
        key = credentials.make_key(db, scopes, tenant)
        KEYS[name] = {"Authorization": f"Bearer {key}", **VERSION}


def test_keys(daemon):
    """Scopes, and another tenant with the same learners."""
    both, writes, reads, other = (Lrs(daemon, KEYS[name]) for name in (
        "both", "writes", "reads", "other"))
    first = statement(7)
    writes.get(403)
    reads.post(first, 403)
    writes.post(first)
    tally.equal("one tenant's", both.ids(), [first["id"]])
    tally.equal("oldest first", reads.ids(ascending=True), [first["id"]])
    for lrs in (other, Lrs(daemon)):
        lrs.get(404, statementId=first["id"])
        tally.check("not another's", first["id"] not in lrs.ids())
    refused(other, voiding(first, 7), 400, "/object/id", "another's")
    other.post({**first, "result": {"success": False}})
    tally.equal("an id of each", other.ids(), [first["id"]])
    tally.equal("who said so", both.get(statementId=first["id"]).json[
        "authority"]["account"]["name"][:4], "key:")


def test_client(daemon):
    key = KEYS["client"]
    why = client_ready()
    if why:
        tally.skip("npm @xapi/xapi as a client", why)
        return
    for version in ("1.0.3", "2.0.0"):
        before = Lrs(daemon, key).ids(agent=actor(301))
        done = subprocess.run(
            ["node", "client.js", f"http://127.0.0.1:{daemon.port}/xapi/",
             f"{LMS}/contents/{CONTENT}", version], cwd=CLIENT, timeout=60,
            capture_output=True, text=True, check=False,
            env={**os.environ, "PIQ_AUTH": key["Authorization"]})
        if not tally.equal(f"the client ends well: {done.stderr[-600:]}",
                           done.returncode, 0):
            return
        told = {}
        for line in done.stdout.splitlines():
            step = json.loads(line)
            told[step["step"]] = step["data"]
        sent, many = told["sent"], told["many"]
        tally.equal("about", told["about"]["version"], ["2.0.0", "1.0.3"])
        tally.equal("what was sent is got", told["got"]["id"], sent[0])
        tally.check("by this client, in this version",
                    told["got"]["version"] == version, told["got"])
        tally.equal("the voided one is still there", told["old"], True)
        tally.equal("pages", told["pages"],
                    [told["voided"][0], told["taken"][0], many[1], many[0],
                     sent[0]] + before)
        reply = daemon.get("/api/users/301/events?limit=200", headers=key)
        expect(reply, "/api/users/{userId}/events", 200)
        stands_on = [e["event"]["event_id"] for e in reply.json["events"]]
        tally.check("the profile stands on the answer",
                    f"xapi:{sent[0]}" in stands_on, stands_on)
        tally.check("and not on the one that was voided",
                    f"xapi:{told['wrong'][0]}" not in stands_on, stands_on)
        tally.equal("a stranger is refused", told["stranger"], 403)


# ---- after all -------------------------------------------------------------------------

def test_restart(db):
    with Daemon(db) as daemon:
        before = Lrs(daemon).ids()
    with Daemon(db) as daemon:
        tally.equal("all of them after a restart", Lrs(daemon).ids(), before)
    tally.check("there are some", len(before) > 100, before)
    told = strict(must("replay", "--json", "--db", db))
    tally.equal("every state is what its events make it",
                told["differing"], 0)


def test_everything_was_seen():
    """What contract.py leaves to this test, but for what needs credentials,
    or a store that fails."""
    left = [(method, template, status)
            for method, template, operation in contract.operations()
            if template.startswith("/xapi/")
            for status in operation["responses"]
            if status not in ("401", "405", "429", "500", "503")
            and (method, status) not in (("PUT", "403"), ("PUT", "413"),
                                         ("PUT", "415"), ("GET", "403"))
            and (method, template, int(status)) not in contract.seen]
    tally.equal("documented, but never seen", left, [])


PARTS = (test_versions, test_bodies, test_whose, test_meaning,
         test_many_learners, test_again, test_put, test_stamp, test_voiding,
         test_voided_is_forgotten, test_paused_and_erased, test_queries, test_queries_refused,
         test_keys, test_client)


def main():
    with Folder() as folder:
        db = folder / "xapi.db"
        must("catalogue", "load", POKER, "--db", db)
        make_keys(db)

        def test_all():
            with Daemon(db) as daemon:
                for part in PARTS:
                    part(daemon)

        def test_then():
            test_restart(db)

        return tally.run([test_all, test_then, test_everything_was_seen])


sys.exit(main())
