#!/usr/bin/python3
"""The ten risks of the OWASP API Security Top 10, 2023: a test for each.

docs/security.md says what is promised. One line a failure; the last line is
"N passed, N failed, N skipped".
"""
import json
import os
import pathlib
import re
import socket
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
sys.dont_write_bytecode = True

import credentials  # noqa: E402
from credentials import bearer  # noqa: E402
from daemon import MUSIC, Daemon, Folder, must, piq  # noqa: E402
from examples import instant  # noqa: E402
from learner import USER, contract, expect, tally  # noqa: E402

MINE, THEIRS = 7, 8
CONCEPT = "rhy.pulse"


class World:
    """A daemon, its files, and credentials of all kinds."""

    def __init__(self, folder, db):
        self.folder = folder
        self.db = db
        self.signer = credentials.Signer(db)
        self.learner = bearer(self.signer.token(sub=str(MINE)))
        credentials.assign(db, "ann", [MINE])
        self.coach = bearer(self.signer.token(sub="ann", role="coach"))
        self.writer = bearer(credentials.make_key(db, {"events:write"}))
        self.slow = bearer(credentials.make_key(db, rate=2))
        self.revoked = bearer(credentials.revoked_key(db))
        self.n = 0

    def begin(self, daemon):
        self.daemon = daemon
        for user in (MINE, THEIRS):
            self.did(user)

    def event(self, **more):
        self.n += 1
        return {"event_id": f"o-{self.n}", "type": "review", "at": instant(1),
                "concept": CONCEPT, "rating": 3, **more}

    def did(self, user, **more):
        reply = self.daemon.post(f"/api/users/{user}/events",
                                 self.event(**more))
        expect(reply, f"{USER}/events", 200)

    def version(self, user):
        return self.daemon.get(f"/api/users/{user}/profile").version


def concrete(template, user=THEIRS):
    return (template.replace("{userId}", str(user))
            .replace("{recommendationId}", "1").replace("{name}", "none")
            .replace("{coach}", "me"))


# ---- the ten ---------------------------------------------------------------

def api1_broken_object_level_authorization(w):
    """Nobody reaches a learner by writing another number."""
    before = w.version(THEIRS)
    for who, headers in (("learner", w.learner), ("coach", w.coach)):
        for method, template, operation in contract.operations():
            if "{userId}" not in template or \
                    who not in operation["x-roles"]:
                continue
            bodies = contract.request_examples(method, template) or {"": None}
            for body in bodies.values():
                reply = w.daemon.ask(method, concrete(template), body,
                                     headers=headers)
                expect(reply, template, 404, f"by a {who}")
    nobody = w.daemon.get(f"/api/users/{THEIRS}/profile", headers=w.learner)
    absent = w.daemon.get("/api/users/999999/profile", headers=w.learner)
    tally.equal("somebody else's is as one who does not exist",
                {**nobody.json, "instance": 0}, {**absent.json, "instance": 0})
    slate = w.daemon.get(f"/api/users/{THEIRS}/recommendations").json
    theirs = slate["recommendations"][0]["id"]
    one = f"{USER}/recommendations/{{recommendationId}}"
    base = f"/api/users/{MINE}/recommendations/{theirs}"
    expect(w.daemon.get(f"{base}/explanation", headers=w.learner),
           f"{one}/explanation", 404)
    expect(w.daemon.post(f"{base}/feedback", {"action": "accepted"},
                         headers=w.learner), f"{one}/feedback", 404)
    tally.equal("nothing changed", w.version(THEIRS), before)


def api2_broken_authentication(w):
    """Only a whole, fresh, well-signed credential is somebody."""
    good = w.signer.token(sub=str(MINE))
    head, claims, mac = good.split(".")
    none = credentials.base64url(b'{"alg":"none","kid":"tests"}')
    now = int(time.time())
    for what, text in {
            "no algorithm": f"{none}.{claims}.",
            "no algorithm, signed": f"{none}.{claims}.{mac}",
            "no signature": f"{head}.{claims}.",
            "another's signature": w.signer.token(secret="x" * 64,
                                                  sub=str(MINE)),
            "the claims of another": f"{head}." + w.signer.token(
                sub=str(THEIRS)).split(".")[1] + f".{mac}",
            "another algorithm": w.signer.token(sub=str(MINE),
                                                head={"alg": "RS256"}),
            "an unknown key": w.signer.token(sub=str(MINE),
                                             head={"kid": "other"}),
            "a key of its own": w.signer.token(sub=str(MINE), head={
                "jwk": {"kty": "oct", "k": "AAAA"}, "kid": "own"}),
            "expired": w.signer.token(sub=str(MINE), lasts=-3600),
            "for somebody else": w.signer.token(sub=str(MINE), aud="other"),
            "not yet": w.signer.token(sub=str(MINE), nbf=now + 3000),
            "for years": w.signer.token(sub=str(MINE), lasts=10**8),
            "of nobody": w.signer.token(),
            "of learner 0": w.signer.token(sub="0"),
            "of no role": w.signer.token(sub=str(MINE), role="root"),
            "half a token": good[:-4],
            "two tokens": f"{good} {good}",
            "a key's name alone": w.daemon.key.rsplit("_", 1)[0],
            "half a key": w.daemon.key[:-1],
            "empty": "", "a very long one": "x" * 8000}.items():
        reply = w.daemon.get(f"/api/users/{MINE}/profile",
                             headers=bearer(text))
        expect(reply, f"{USER}/profile", 401, what)
    for path in (f"?access_token={good}", f"?key={w.daemon.key}"):
        reply = w.daemon.get(f"/api/users/{MINE}/profile{path}", headers={
            "Authorization": ""})
        tally.equal("no credential in a query", reply.status, 401)
    expect(w.daemon.get(f"/api/users/{MINE}/profile", headers=bearer(good)),
           f"{USER}/profile", 200)
    secret = w.daemon.key.encode()
    for file in w.folder.iterdir():
        tally.check(f"no key lies in {file.name}",
                    secret not in file.read_bytes(), file)
    expect(w.daemon.get("/api/caller", headers=w.revoked), "/api/caller", 401)


def api3_broken_object_property_level_authorization(w):
    """Nobody sets what is not theirs to set, or reads past a scope."""
    for body in ({"stated": {"session_minutes": 20}, "version": 9},
                 {"stated": {"session_minutes": 20}, "userId": str(THEIRS)},
                 {"stated": {"session_minutes": 20}, "skillProfile": {}},
                 {"stated": {"session_minutes": 20, "velocity": 9}},
                 {"behavioralMetrics": {}}):
        expect(w.daemon.put(f"/api/users/{MINE}/profile", body,
                            headers=w.learner), f"{USER}/profile", 400)
    for more in ({"user_id": str(THEIRS)}, {"predicted": 1.0},
                 {"received_at": instant()}, {"type": "memory_fitted"}):
        expect(w.daemon.post(f"/api/users/{MINE}/events", w.event(**more),
                             headers=w.learner), f"{USER}/events", 400)
    expect(w.daemon.put(f"/api/users/{MINE}/profile", {
        "stated": {"session_minutes": 20}}, headers=w.writer),
        f"{USER}/profile", 403)
    told = w.daemon.post(f"/api/users/{MINE}/events", w.event(),
                         headers=w.writer)
    expect(told, f"{USER}/events", 200)
    tally.equal("who writes reads nothing", set(told.json), {
        "accepted", "duplicates", "version", "results"})


def api4_unrestricted_resource_consumption(w):
    """What grows is bounded, and who asks too often waits."""
    base = f"/api/users/{MINE}"
    for query, template in (("recommendations?limit=51", "recommendations"),
                            ("learning-path?steps=1025", "learning-path"),
                            ("reviews?limit=501", "reviews"),
                            ("reviews?days=91", "reviews")):
        expect(w.daemon.get(f"{base}/{query}"), f"{USER}/{template}", 400)
    expect(w.daemon.post(f"{base}/events", [w.event()] * 1001),
           f"{USER}/events", 400)
    expect(w.daemon.ask("POST", f"{base}/events", b" " * (1 << 20) + b"{}"),
           f"{USER}/events", 413)
    expect(w.daemon.ask("POST", f"{base}/events",
                        b"[" * 50000 + b"]" * 50000), f"{USER}/events", 400)
    head = w.daemon.get("/api/caller", headers={"X-Long": "x" * 40000})
    tally.equal("a long head", head.status, 431)
    statuses = [w.daemon.get("/api/caller", headers=w.slow).status
                for _ in range(40)]
    tally.check("a key's rate", statuses[0] == 200 and 429 in statuses,
                statuses)
    statuses = [w.daemon.get("/api/caller", headers=w.learner).status
                for _ in range(200)]
    tally.check("a learner's rate", 429 in statuses, statuses)
    expect(w.daemon.get("/api/caller"), "/api/caller", 200)


def api5_broken_function_level_authorization(w):
    """What is an operator's, no learner and no coach calls."""
    person = bearer(w.signer.token(sub=str(THEIRS)))
    for method, template, operation in contract.operations():
        if operation.get("security") == []:
            continue
        for role, headers in (("learner", person), ("coach", w.coach)):
            if role in operation["x-roles"]:
                continue
            reply = w.daemon.ask(method, concrete(template), b"{}"
                                 if method != "GET" else None, headers=headers)
            expect(reply, template, 403)
    for name in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method"):
        reply = w.daemon.get("/api/rules", headers={**person, name: "PUT"})
        tally.equal(f"{name} overrides nothing", reply.status, 403)
    for name in ("X-Original-URL", "X-Rewrite-URL"):
        reply = w.daemon.get("/healthz", headers={**person,
                                                  name: "/api/rules"})
        tally.check(f"{name} leads nowhere", reply.json["status"] == "ok",
                    reply)
    body = w.event()
    reply = w.daemon.post(f"/api/users/{MINE}/events", body, headers=w.coach)
    expect(reply, f"{USER}/events", 403)


def api6_unrestricted_access_to_sensitive_business_flows(w):
    """Saying a thing twice, or asking again and again, gains nothing."""
    user = 66
    one = w.event()
    for _ in range(3):
        w.daemon.post(f"/api/users/{user}/events", one)
    tally.equal("an event counts once", w.version(user), 1)
    base = f"/api/users/{user}/recommendations"
    slates = {w.daemon.get(base).body for _ in range(5)}
    tally.equal("one slate, however often it is asked for", len(slates), 1)
    listed = json.loads(slates.pop())["recommendations"]
    said = {"event_id": "once", "type": "recommendation_feedback",
            "at": instant(), "recommendation_id": listed[0]["id"],
            "action": "accepted"}
    told = [w.daemon.post(f"/api/users/{user}/events", said).json
            for _ in range(3)]
    tally.equal("an outcome counts once", [t["accepted"] for t in told],
                [1, 0, 0])


def api7_server_side_request_forgery(w):
    """Nothing that a request says makes the server call anywhere."""
    bodies = [contract.resolve(s) for s in
              contract.doc["components"]["schemas"].values()]
    wanted = [s for s in bodies if s.get("format") in ("uri", "iri")]
    tally.equal("no member of a request is an address", wanted, [])
    with socket.socket() as trap:
        trap.bind(("127.0.0.1", 0))
        trap.listen(1)
        trap.settimeout(0.5)
        address = f"http://127.0.0.1:{trap.getsockname()[1]}/"
        w.daemon.post(f"/api/users/{MINE}/goals", {"timeline": address})
        w.daemon.post(f"/api/users/{MINE}/events", w.event(event_id=address))
        w.daemon.get(f"/api/users/{MINE}/profile", headers={
            "X-Forwarded-Host": address[7:-1], "Referer": address})
        token = w.signer.token(sub=str(MINE), head={"jku": address,
                                                    "x5u": address})
        w.daemon.get("/api/caller", headers=bearer(token))
        try:
            trap.accept()
            tally.check("nobody called", False)
        except TimeoutError:
            tally.check("nobody called", True)


def api8_security_misconfiguration(w):
    """Shut unless opened; told in headers; silent about itself."""
    for path in ("/", "/healthz", "/api/caller", "/nothing"):
        headers = w.daemon.get(path).headers
        for name, value in (("cache-control", "no-store"),
                            ("x-content-type-options", "nosniff"),
                            ("x-frame-options", "DENY"),
                            ("referrer-policy", "no-referrer")):
            tally.equal(f"{name} of {path}", headers.get(name), value)
        tally.check("the server does not name itself", "server" not in
                    headers and "x-powered-by" not in headers, headers)
        tally.check("and a policy for pages", "default-src 'none'" in
                    headers.get("content-security-policy", ""), headers)
    other = w.daemon.get("/api/caller", headers={"Origin":
                                                 "https://evil.example"})
    tally.check("no other site's page reads", not any(
        n.startswith("access-control") for n in other.headers), other)
    for method in ("TRACE", "OPTIONS", "PATCH", "CONNECT"):
        reply = w.daemon.ask(method, "/api/catalogue")
        tally.check(f"{method} is refused", reply.status in (400, 405, 501),
                    reply)
    for path in ("/api/users/7/nothing", "/../etc/passwd", "/%2e%2e/x"):
        text = w.daemon.get(path).body.decode()
        tally.check("errors name no file", ".db" not in text and
                    "/home" not in text and ".c:" not in text, text)
    told = piq("serve", "--db", w.db, "--open", "--address", "0.0.0.0")
    tally.check("open to this machine only", told.returncode == 2, told)
    listening = [line for line in must("serve", "--help").splitlines()
                 if "--address" in line]
    tally.check("loopback unless told", "127.0.0.1" in listening[0],
                listening)
    mode = os.stat(w.db).st_mode & 0o007
    tally.equal("others may not read the file", mode, 0)


def api9_improper_inventory_management(w):
    """What is served is what is documented, and nothing else."""
    served = w.daemon.get("/api/openapi.json").json
    tally.equal("the contract is served", served, contract.doc)
    for path in ("/api", "/api/v1", "/api/v2/users/7/profile", "/debug",
                 "/admin", "/internal", "/status", "/swagger", "/graphql",
                 "/api/keys", "/api/signers", "/.git/config", "/.env",
                 "/metrics/", "/healthz/", "/API/catalogue"):
        tally.equal(f"nothing at {path}", w.daemon.get(path).status, 404)
    undocumented = [f"{m} {t}" for m, t, op in contract.operations()
                    if "x-scope" not in op or "x-roles" not in op]
    tally.equal("every operation says who may", undocumented, [])
    bare = [f"{m} {t}" for m, t, op in contract.operations()
            if op.get("security") == []]
    tally.equal("open without a credential", sorted(bare), [
        "GET /", "GET /healthz", "GET /readyz", "GET /session"])


def api10_unsafe_consumption_of_apis(w):
    """What platforms send is believed in nothing but what it may say."""
    before = w.version(MINE)
    for text in (b'{"event_id":"a","event_id":"b"}', b"\xff\xfe", b"NaN",
                 b'{"__proto__":{}}', b'[1e999]'):
        reply = w.daemon.ask("POST", f"/api/users/{MINE}/events", text)
        expect(reply, f"{USER}/events", 400)
    for more in ({"at": "2999-01-01T00:00:00Z"}, {"rating": 5},
                 {"concept": "' OR 1=1 --"}, {"event_id": "\u0000"},
                 {"type": "drop table"}):
        expect(w.daemon.post(f"/api/users/{MINE}/events", w.event(**more)),
               f"{USER}/events", 400)
    quoted = "'); DROP TABLE events; --"
    w.did(MINE, event_id=quoted)
    tally.equal("a name is a name", w.version(MINE), before + 1)
    folded = piq("replay", "--db", w.db)
    tally.check("and all is as it was", folded.returncode == 0, folded)
    peers = {line.split()[2] for line in
             pathlib.Path(f"/proc/{w.daemon.process.pid}/net/tcp")
             .read_text().splitlines()[1:] if line.split()[3] == "01"
             and line.split()[1].endswith(f":{w.daemon.port:04X}")}
    tally.check("others come to it, it goes to nobody",
                all(re.match("0100007F|[0-9A-F]{6}7F", p) for p in peers),
                peers)


RISKS = (api1_broken_object_level_authorization,
         api2_broken_authentication,
         api3_broken_object_property_level_authorization,
         api5_broken_function_level_authorization,
         api6_unrestricted_access_to_sensitive_business_flows,
         api7_server_side_request_forgery,
         api8_security_misconfiguration,
         api9_improper_inventory_management,
         api10_unsafe_consumption_of_apis,
         api4_unrestricted_resource_consumption)


def main():
    with Folder() as folder:
        db = folder / "owasp.db"
        must("catalogue", "load", MUSIC, "--db", db)
        w = World(folder, db)
        with Daemon(db) as daemon:
            w.begin(daemon)

            def part(risk):
                def run():
                    daemon.come_from(f"127.0.3.{RISKS.index(risk) + 1}")
                    risk(w)
                run.__name__ = risk.__name__
                return run

            return tally.run([part(r) for r in RISKS])


if __name__ == "__main__":
    sys.exit(main())
