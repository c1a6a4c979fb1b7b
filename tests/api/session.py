#!/usr/bin/python3
"""A browser's way in: the link that is printed on a terminal, the session that
it begins, and what a session may not do from other sites' pages.

One line a failure; the last line is "N passed, N failed, N skipped".
"""
import http.client
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
sys.dont_write_bytecode = True

import credentials  # noqa: E402
from daemon import MUSIC, PIQ, Daemon, Folder, Reply, must, piq  # noqa: E402
from learner import contract, expect, tally  # noqa: E402

# Records are read again every two seconds.
RELOAD_S = 2.5
GOAL = {"target_skill_level": "advanced"}


class OnTerminal:
    """`piq serve` whose standard output is a terminal."""

    def __init__(self, db, *arguments):
        self.master, slave = os.openpty()
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [PIQ, "serve", "--db", str(db), "--port", "0", "--log-level",
             "debug", *arguments],
            stdin=subprocess.DEVNULL, stdout=slave, stderr=self.log)
        os.close(slave)
        self.shown = b""
        while True:
            found = credentials.LINK.search(self.shown.decode())
            if found and self.shown.endswith(b"\n"):
                break
            self.shown += os.read(self.master, 4096)
        self.port, self.token = int(found[2]), found[3]

    def said(self):
        self.log.seek(0)
        return self.log.read().decode()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        os.close(self.master)

    def ask(self, method, path, headers=None, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port,
                                                timeout=60)
        head = dict(headers or {})
        if body:
            head["Content-Type"] = "application/json"
        connection.request(method, path, body, head)
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        return Reply(method, path, answer.status,
                     {k.lower(): v for k, v in answer.getheaders()}, data)


def begin(server, path="/"):
    reply = server.ask("GET", f"{path}?token={server.token}")
    expect(reply, path, 303)
    cookie = reply.headers["set-cookie"]
    value, *flags = cookie.split("; ")
    tally.check("the cookie is the site's own, and no script's",
                {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(flags), cookie)
    tally.check("no Secure without TLS", "Secure" not in flags, cookie)
    tally.equal("goes on at the front", reply.headers["location"], "/")
    return value


def link(server):
    for token in ("", "x", "x" * 43, "x" * 5000, server.token[:-1],
                  server.token + "x", "%00"):
        reply = server.ask("GET", f"/session?token={token}")
        tally.check(f"no such link: {token[:50]}", reply.status in (400, 403),
                    reply)
    expect(server.ask("GET", "/session"), "/session", 400)
    expect(server.ask("GET", "/?token=%zz"), "/", 400)
    cookie = begin(server, "/session")
    expect(server.ask("GET", f"/?token={server.token}"), "/", 403)
    expect(server.ask("GET", f"/session?token={server.token}"), "/session",
           403)
    return cookie


def goal(server, status, **headers):
    named = {k.replace("_", "-"): v for k, v in headers.items()}
    reply = server.ask("POST", "/api/users/7/goals", named,
                       b'{"target_skill_level":"advanced"}')
    expect(reply, "/api/users/{userId}/goals", status, str(named))


def origins(server, cookie):
    """A page of another site that makes the browser ask gets nothing."""
    here = f"127.0.0.1:{server.port}"
    other = f"http://127.0.0.1:{server.port + 1}"
    for headers in ({}, {"Sec_Fetch_Site": "cross-site"},
                    {"Sec_Fetch_Site": "same-site"},
                    {"Sec_Fetch_Site": "cross-site",
                     "Origin": f"http://{here}"},
                    {"Origin": "http://evil.example"}, {"Origin": "null"},
                    {"Origin": other}, {"Origin": f"http://{here}.evil"},
                    {"Sec_Fetch_Site": "same-origin", "Origin": other}):
        goal(server, 403, Cookie=cookie, **headers)
    for headers in ({"Sec_Fetch_Site": "same-origin"},
                    {"Sec_Fetch_Site": "none"}, {"Origin": f"http://{here}"},
                    {"Sec_Fetch_Site": "same-origin",
                     "Origin": f"http://{here}"}):
        goal(server, 201, Cookie=cookie, **headers)
    goal(server, 401, Sec_Fetch_Site="same-origin")


def session(server, cookie):
    told = server.ask("GET", "/api/caller", {"Cookie": cookie})
    expect(told, "/api/caller", 200)
    tally.equal("who one is", (told.json["role"], told.json["session"],
                told.json["tenant"]), ("platform", True, 0))
    tally.check("for some hours", told.json["expires_at"], told)
    for wrong in (cookie[:-1], cookie + "x", "piq_session=", "other=1",
                  cookie.replace("piq_session", "piq_sessions")):
        expect(server.ask("GET", "/api/caller", {"Cookie": wrong}),
               "/api/caller", 401, wrong)
    several = f"a=1; {cookie}; b=2"
    expect(server.ask("GET", "/api/caller", {"Cookie": several}),
           "/api/caller", 200)
    expect(server.ask("DELETE", "/session", {"Cookie": cookie}), "/session",
           403)
    ended = server.ask("DELETE", "/session", {
        "Cookie": several, "Sec-Fetch-Site": "same-origin"})
    expect(ended, "/session", 204)
    tally.check("the browser forgets it", "Max-Age=0" in
                ended.headers["set-cookie"], ended.headers)
    expect(server.ask("GET", "/api/caller", {"Cookie": cookie}),
           "/api/caller", 401)
    expect(server.ask("DELETE", "/session", {"Cookie": cookie}), "/session",
           401)


def page(server):
    reply = server.ask("GET", "/")
    expect(reply, "/", 200)
    tally.check("the page keeps the link to itself",
                server.token.encode() not in reply.body, reply)


def nothing_in_the_log(server, cookie):
    said = server.said()
    value = cookie.split("=", 1)[1]
    tally.check("neither link nor session is in the log",
                server.token not in said and value not in said and
                "route=/session" in said, said)


def no_link_in_a_pipe(db):
    with Daemon(db, key=None) as daemon:
        daemon.get("/healthz")
        daemon.process.send_signal(signal.SIGTERM)
        shown = daemon.process.stdout.read().decode()
        tally.check("no link where it would be kept", "token" not in shown,
                    shown)
        tally.check("nor in the log", "token" not in daemon.said(), shown)


def made_link(db, *whom):
    """What `piq session link` prints: where, and the token."""
    told = piq("session", "link", *whom, "--url", "https://learn.example.org",
               "--db", db)
    found = re.fullmatch(r"https://learn\.example\.org/\?token=([\w-]{43})\n",
                         told.stdout)
    tally.check(f"a link alone is printed: {whom}", found, told)
    tally.check("and how long it is good elsewhere",
                "ten minutes" in told.stderr and found[1] not in told.stderr,
                told.stderr)
    return found[1]


def enter(daemon, token):
    """The cookie of the session that it begins."""
    reply = daemon.get(f"/?token={token}")
    expect(reply, "/", 303)
    return reply.headers["set-cookie"].split(";")[0]


def links_of_a_command(db):
    """Made beside servers that run; one of them takes each, once."""
    with Daemon(db, key=None) as one, Daemon(db, key=None) as two:
        learner = made_link(db, "--learner", "3")
        coach = made_link(db, "--coach", "anna")
        admin = made_link(db, "--admin")
        time.sleep(RELOAD_S)
        for token, role, who in ((learner, "learner", "3"),
                                 (coach, "coach", None),
                                 (admin, "platform", None)):
            cookie = enter(one, token)
            told = one.get("/api/caller", headers={"Cookie": cookie})
            tally.equal("who one is", (told.json["role"], told.json["userId"],
                        told.json["session"]), (role, who, True))
            for daemon in (one, two):
                expect(daemon.get(f"/?token={token}"), "/", 403)
            if role == "learner":
                tally.equal("nobody else", one.get(
                    "/api/users/4/profile",
                    headers={"Cookie": cookie}).status, 404)
        unused = made_link(db, "--learner", "5")
        time.sleep(RELOAD_S)
        for daemon in (one, two):
            said = daemon.said()
            tally.check("no link is in the log", not any(
                t in said for t in (learner, coach, admin, unused)), said)
        both = [d.get(f"/session?token={unused}").status for d in (two, one)]
        tally.equal("good in one of them", both, [303, 403])
        kept = pathlib.Path(db).read_bytes()
        tally.check("the store has none of them", not any(
            t.encode() in kept for t in (learner, coach, admin, unused)), db)
    told = json.loads(must("session", "link", "--learner", "3", "--json",
                           "--db", db))
    tally.check("as JSON", "/?token=" in told["url"], told)


def wrong_links(db):
    for words, *wrong in (
            ("one of", "link"), ("one of", "link", "--learner", "1", "--admin"),
            ("is expected", "lnk", "--admin"),
            ("tenant 0", "link", "--admin", "--tenant", "1"),
            ("--url", "link", "--admin", "--url", "learn.example.org"),
            ("--url", "link", "--admin", "--url", "https://x.example/"),
            ("--url", "link", "--admin", "--url", "https://x.example?a=1")):
        told = piq("session", *wrong, "--db", db)
        tally.equal(f"wrong use: {wrong}", told.returncode, 2)
        tally.check("says why", words in told.stderr, told.stderr)
    for whom in (("--learner", "0"), ("--learner", "anna"),
                 ("--learner", "99999999999999"), ("--coach", "a b"),
                 ("--coach", "x" * 64), ("--coach", "")):
        told = piq("session", "link", *whom, "--db", db)
        tally.equal(f"nobody is {whom}", (told.returncode, told.stdout),
                    (1, ""))


def demonstration(db):
    """On a terminal it shows a link and a key, and both are good."""
    master, slave = os.openpty()
    with tempfile.TemporaryFile() as log:
        child = subprocess.Popen([PIQ, "demo", "--serve", "--port", "0",
                                  "--db", str(db)], stdin=subprocess.DEVNULL,
                                 stdout=slave, stderr=log)
        os.close(slave)
        shown = ""
        while "/events" not in shown:
            shown += os.read(master, 4096).decode()
        found = credentials.LINK.search(shown)
        key = re.search(r"KEY=(\S+)", shown)
        server = OnTerminal.__new__(OnTerminal)
        server.port, server.token = int(found[2]), found[3]
        begin(server)
        reply = server.ask("GET", "/api/users/1/profile",
                           credentials.bearer(key[1]))
        expect(reply, "/api/users/{userId}/profile", 200)
        tally.equal("the key is no operator's", server.ask(
            "GET", "/metrics", credentials.bearer(key[1])).status, 403)
        child.send_signal(signal.SIGTERM)
        tally.equal("ends with 0", child.wait(60), 0)
        os.close(master)
        log.seek(0)
        tally.equal("its learners are made in one line",
                    log.read().count(b"simulating learners"), 1)


def open_to_all(db):
    """--open: whoever is on this machine, and no page of another site."""
    for address in ("0.0.0.0", "::", "192.0.2.1"):
        told = piq("serve", "--db", db, "--open", "--address", address)
        tally.equal(f"open to {address}", told.returncode, 2)
        tally.check("says why", "loopback" in told.stderr, told.stderr)
    with Daemon(db, "--open", key=None) as daemon:
        expect(daemon.get("/api/users/7/profile"),
               "/api/users/{userId}/profile", 200)
        expect(daemon.get("/metrics"), "/metrics", 200)
        tally.check("and says so aloud", "OPEN" in daemon.said(),
                    daemon.said())
        for headers in ({"Host": "rebound.example"},
                        {"Host": f"localhost.evil:{daemon.port}"},
                        {"Origin": "http://evil.example"},
                        {"Sec-Fetch-Site": "cross-site"}):
            expect(daemon.post("/api/users/7/goals", GOAL, headers=headers),
                   "/api/users/{userId}/goals", 403, str(headers))
            tally.equal(f"nor may one read: {headers}", daemon.get(
                "/api/users/7/profile", headers=headers).status, 403)
        expect(daemon.post("/api/users/7/goals", GOAL,
                           headers={"Host": f"localhost:{daemon.port}"}),
               "/api/users/{userId}/goals", 201)


def all_seen():
    left = [(m, t, s) for m, t, op in contract.operations()
            if t in ("/", "/session", "/api/caller") for s in op["responses"]
            if s not in ("405", "429", "503") and
            (m, t, int(s)) not in contract.seen]
    tally.equal("documented, but never seen", left, [])


def main():
    with Folder() as folder:
        db = folder / "session.db"
        must("catalogue", "load", MUSIC, "--db", db)

        def terminal():
            with OnTerminal(db) as server:
                page(server)
                cookie = link(server)
                origins(server, cookie)
                session(server, cookie)
                nothing_in_the_log(server, cookie)

        def pipe():
            no_link_in_a_pipe(db)

        def commands():
            links_of_a_command(db)
            wrong_links(db)

        def opened():
            open_to_all(db)

        def demo():
            demonstration(folder / "demo.db")

        return tally.run([terminal, pipe, commands, opened, demo])


if __name__ == "__main__":
    sys.exit(main())
