#!/usr/bin/python3
"""Every operation of the contract, called by every kind of caller.

What is expected comes from api/openapi.yaml alone: x-scope, x-roles,
x-installation and whether the path names a learner. Whoever is let in is told
so by a query parameter that no operation knows: 400, and nothing is done. One
line a failure; the last line is "N passed, N failed, N skipped".
"""
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
sys.dont_write_bytecode = True

import credentials  # noqa: E402
from daemon import MUSIC, Daemon, Folder, must  # noqa: E402
from learner import contract, tally  # noqa: E402

LEARNER, OTHER = 7, 8
ALL = {"events:write", "profile:read", "recommendations:read",
       "catalogue:write", "admin"}
OF_A_PERSON = {"events:write", "profile:read", "recommendations:read"}
LET_IN = 400


class Caller:
    """Somebody who asks about learner LEARNER."""

    def __init__(self, name, header, role=None, scopes=(), tenant=0,
                 sees=True):
        self.name = name
        self.headers = {"Authorization": header} if header else {}
        self.role = role  # None: nobody that is known
        self.scopes = set(scopes)
        self.tenant = tenant
        self.sees = sees  # the learner

    def expected(self, template, operation):
        scopes = operation["x-scope"]
        if operation.get("security") == []:
            return LET_IN
        if self.role is None:
            return 401
        if self.role not in operation["x-roles"]:
            return 403
        if operation.get("x-installation") and self.tenant:
            return 403
        if self.role == "learner":
            scopes = operation.get("x-scope-self", scopes)
        if scopes != ["any"] and not set(scopes) <= self.scopes:
            return 403
        if "{userId}" in template and not self.sees:
            return 404
        return LET_IN


def key(made, name, scopes, **more):
    return Caller(name, f"Bearer {made}", "platform", scopes, **more)


def fixed_callers(db):
    """Those that are the same for every operation."""
    signer = credentials.Signer(db)
    made = credentials.make_key(db, ALL)
    credentials.assign(db, "ann", [LEARNER])
    credentials.assign(db, "bob", [OTHER])

    def person(name, is_a, sees, **claims):
        return Caller(name, f"Bearer {signer.token(**claims)}", is_a,
                      OF_A_PERSON, sees=sees)

    return [
        Caller("nobody", None),
        Caller("a wrong key", "Bearer piq_0123456789ab_" + 43 * "x"),
        Caller("a key with a letter changed",
               f"Bearer {made[:-1]}{'A' if made[-1] != 'A' else 'B'}"),
        Caller("a key that was revoked",
               f"Bearer {credentials.revoked_key(db, ALL)}"),
        Caller("an expired token",
               f"Bearer {signer.token(sub=str(LEARNER), lasts=-3600)}"),
        Caller("another scheme", "Basic cGlxOnBpcQ=="),
        key(made, "a key with every scope", ALL),
        key(credentials.make_key(db, ALL - {"catalogue:write"}, tenant=3),
            "another tenant's key", ALL - {"catalogue:write"}, tenant=3),
        person("the learner", "learner", True, sub=str(LEARNER)),
        person("another learner", "learner", False, sub=str(OTHER)),
        person("their coach", "coach", True, sub="ann", role="coach"),
        person("another's coach", "coach", False, sub="bob", role="coach"),
        person("a coach of nobody", "coach", False, sub="eve", role="coach"),
    ]


def scope_callers(db):
    """With one scope each, and with all but one."""
    made = []
    for scope in sorted(ALL):
        made.append(key(credentials.make_key(db, {scope}),
                        f"a key with {scope}", {scope}))
        made.append(key(credentials.make_key(db, ALL - {scope}),
                        f"a key without {scope}", ALL - {scope}))
    return made


def concrete(template):
    return (template.replace("{userId}", str(LEARNER))
            .replace("{recommendationId}", "1").replace("{name}", "none")
            .replace("{webhookId}", "wh_0123456789abcdef")
            .replace("{coach}", "me"))


def ask(daemon, method, template, headers):
    body = None if method in ("GET", "DELETE") else {}
    return daemon.ask(method, f"{concrete(template)}?nonsense=1", body,
                      headers=headers)


def matrix(daemon, callers):
    for k, caller in enumerate(callers):
        for n, (method, template, operation) in enumerate(
                contract.operations()):
            if n % 20 == 0:  # else nobody would soon be one who guesses
                daemon.come_from(f"127.0.{k + 1}.{n // 20 + 1}")
            reply = ask(daemon, method, template, caller.headers)
            status = caller.expected(template, operation)
            what = f"{method} {template} by {caller.name}"
            if tally.check(what, reply.status == status,
                           f"{status} was expected: {reply}"):
                tally.equal(what, contract.faults(template, reply), [])
            if status == LET_IN:
                tally.equal(f"{what} went through",
                            reply.json.get("pointer"), "nonsense")
            check_words(what, reply)


def check_words(what, reply):
    """A learner who is not the caller's is told of as one who does not exist;
    nobody learns what is wrong with a credential but its owner."""
    if reply.status == 404:
        tally.equal(what, reply.json["detail"],
                    "the learner was never heard of")
    if reply.status in (401, 403, 404):
        tally.check(f"{what} names no learner",
                    str(OTHER) not in reply.json["detail"], reply)


def too_many(daemon, slow):
    """A key that may ask once a second: every operation says 429."""
    head = credentials.bearer(slow)
    for method, template, operation in contract.operations():
        if operation.get("security") == []:
            continue
        for _ in range(20):
            reply = ask(daemon, method, template, head)
            if reply.status == 429:
                break
        what = f"{method} {template} too often"
        if tally.check(what, reply.status == 429, reply):
            tally.equal(what, contract.faults(template, reply), [])
            tally.check(f"{what}: when to come back",
                        1 <= int(reply.headers["retry-after"]) <= 60, reply)


def guessing(daemon):
    """Whoever guesses keys is slowed down by where they call from."""
    daemon.come_from("127.1.1.1")
    seen = [daemon.get("/api/caller", headers={
        "Authorization": f"Bearer piq_0123456789ab_{k:043d}"}).status
        for k in range(120)]
    tally.check("guessing ends in 429", seen[0] == 401 and 429 in seen, seen)


def refused_all_seen():
    """Every 401, 403, 404 and 429 that is documented was met."""
    left = [(m, t, s) for m, t, op in contract.operations()
            for s in ("401", "403", "429")
            if s in op["responses"] and op.get("security") != []
            and t != "/session" and (m, t, int(s)) not in contract.seen]
    tally.equal("documented refusals that were not met", left, [])


def main():
    with Folder() as folder:
        db = folder / "roles.db"
        must("catalogue", "load", MUSIC, "--db", db)

        def everybody():
            callers = fixed_callers(db) + scope_callers(db)
            slow = credentials.make_key(db, ALL, rate=1)
            with Daemon(db, "--person-rate", "0", key=None) as daemon:
                matrix(daemon, callers)
                too_many(daemon, slow)
                refused_all_seen()
                guessing(daemon)

        return tally.run([everybody])


if __name__ == "__main__":
    sys.exit(main())
