#!/usr/bin/python3
"""Webhooks against a receiver that checks them: signatures, ids, order, what is
tried again, what is given up, which addresses are called, and that nothing is
lost when the server is killed.

One line a failure; the last line is "N passed, N failed, N skipped".
"""
import base64
import hashlib
import hmac
import http.server
import json
import pathlib
import re
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
sys.dont_write_bytecode = True

import credentials  # noqa: E402
from daemon import POKER, Daemon, Folder, must  # noqa: E402
from learner import contract, expect, tally  # noqa: E402

SOON_S = 20
HOOKS = "/api/webhooks"
TRACE = re.compile("00-([0-9a-f]{32})-([0-9a-f]{16})-01")
TENANT_SCOPES = ("events:write", "profile:read", "admin")


class Receiver:
    """A server that keeps what it is sent, and answers as it is told to."""

    def __init__(self):
        receiver = self
        self.lock = threading.Lock()
        self.got = []  # (path, headers, body) of whatever was answered
        self.answer = lambda path, n: 204
        self.n = {}
        self.speaks = threading.Event()  # else it receives, and is silent
        self.speaks.set()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):  # pylint: disable=invalid-name
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with receiver.lock:
                    n = receiver.n[self.path] = \
                        receiver.n.get(self.path, 0) + 1
                    status = receiver.answer(self.path, n)
                    receiver.got.append((self.path, {
                        k.lower(): v for k, v in self.headers.items()},
                        body, status))
                receiver.speaks.wait()
                self.send_response(status)
                if 300 <= status < 400:
                    self.send_header("Location", receiver.url("/elsewhere"))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0),
                                                      Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever,
                         kwargs={"poll_interval": .05}, daemon=True).start()

    def url(self, path):
        return f"http://127.0.0.1:{self.server.server_port}{path}"

    def of(self, path, status=None):
        with self.lock:
            return [(h, b) for p, h, b, s in self.got if p == path and
                    (status is None or s == status)]

    def wait(self, path, holds, seconds=SOON_S):
        until = time.monotonic() + seconds
        while not holds(self.of(path)) and time.monotonic() < until:
            time.sleep(.02)
        return holds(self.of(path))

    def end(self):
        self.server.shutdown()
        self.server.server_close()


def event_of(name, at="2026-11-01T10:00:00Z"):
    return {"event_id": f"w-{name}", "at": at, "type": "answer",
            "concepts": ["odd.outs"], "correct": True}


class Posts:
    n = 0

    @classmethod
    def one(cls, daemon, user, headers=None):
        cls.n += 1
        return daemon.post(f"/api/users/{user}/events", event_of(cls.n),
                           headers=headers).json["version"]


def add(daemon, receiver, path, changes=None, headers=None):
    wish = {"url": receiver.url(path)}
    if changes:
        wish["changes"] = changes
    reply = daemon.post(HOOKS, wish, headers=headers)
    expect(reply, HOOKS, 201)
    return reply.json


def listed(daemon, hook, headers=None):
    reply = daemon.get(HOOKS, headers=headers)
    expect(reply, HOOKS, 200)
    return next((h for h in reply.json["webhooks"] if h["id"] == hook["id"]),
                None)


def is_signed(secret, head, body):
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{head['webhook-id']}.{head['webhook-timestamp']}.".encode() + \
        body
    mac = hmac.new(key, signed, hashlib.sha256).digest()
    want = "v1," + base64.b64encode(mac).decode()
    return head["webhook-signature"] == want and \
        abs(int(head["webhook-timestamp"]) - time.time()) < 300


def versions_of(messages, user, kind="piq.profile.changed"):
    return [json.loads(b)["data"]["state_version"] for _, b in messages
            if json.loads(b)["type"] == kind
            and json.loads(b)["data"]["userId"] == str(user)]


# ---- what is sent -------------------------------------------------------------

def messages(daemon, receiver):
    hook = add(daemon, receiver, "/all")
    begun = time.monotonic()
    version = Posts.one(daemon, 1)
    tally.check("a change is told", receiver.wait(
        "/all", lambda got: versions_of(got, 1)[-1:] == [version]),
        receiver.of("/all"))
    print(f"first message {time.monotonic() - begun:.3f} s after the event",
          flush=True)
    daemon.get("/api/users/1/recommendations")
    daemon.get("/api/users/1/learning-path")
    kinds = {"piq.profile.changed", "piq.path.changed",
             "piq.recommendations.changed"}
    tally.check("every kind", receiver.wait("/all", lambda got: kinds <= {
        json.loads(b)["type"] for _, b in got}), receiver.of("/all"))
    for head, body in receiver.of("/all"):
        told = json.loads(body)
        tally.check("signed", is_signed(hook["secret"], head, body), head)
        tally.check("a CloudEvent", head["content-type"].startswith(
            "application/cloudevents+json") and told["specversion"] == "1.0"
            and told["id"] == head["webhook-id"] and
            told["subject"] == "users/1" and
            set(told["data"]) <= {"userId", "state_version"}, told)
        tally.check("a trace", TRACE.fullmatch(head["traceparent"]), head)
    ids = [h["webhook-id"] for h, _ in receiver.of("/all")]
    tally.equal("an id for each", len(ids), len(set(ids)))
    for _ in range(20):
        Posts.one(daemon, 2)
        version = Posts.one(daemon, 1)
    receiver.wait("/all", lambda got: versions_of(got, 1)[-1:] == [version])
    found = versions_of(receiver.of("/all"), 1)
    tally.equal("in order, up to the last", (found, found[-1]),
                (sorted(found), version))
    tally.check("the list has no secret",
                "secret" not in listed(daemon, hook), listed(daemon, hook))
    drop = f"{HOOKS}/{hook['id']}"
    expect(daemon.ask("DELETE", drop), f"{HOOKS}/{{webhookId}}", 204)
    expect(daemon.ask("DELETE", drop), f"{HOOKS}/{{webhookId}}", 404)
    tally.equal("it is gone", listed(daemon, hook), None)
    time.sleep(1)
    n = len(receiver.of("/all"))
    Posts.one(daemon, 1)
    time.sleep(1)
    tally.equal("and told no more", len(receiver.of("/all")), n)


def some_changes(daemon, receiver):
    hook = add(daemon, receiver, "/paths", ["path"])
    Posts.one(daemon, 3)
    daemon.get("/api/users/3/learning-path")
    tally.check("paths are told", receiver.wait("/paths", len))
    tally.equal("and nothing else", {json.loads(b)["type"] for _, b in
                                     receiver.of("/paths")},
                {"piq.path.changed"})
    daemon.ask("DELETE", f"{HOOKS}/{hook['id']}")


def tried_again(daemon, receiver):
    """500 the first time; 3xx is not followed; then it is received."""
    receiver.answer = lambda path, n: \
        {1: 500, 2: 302}.get(n, 204) if path == "/again" else 204
    hook = add(daemon, receiver, "/again", ["profile"])
    version = Posts.one(daemon, 4)
    tally.check("it is sent", receiver.wait("/again", len))
    until = time.monotonic() + 5
    while not listed(daemon, hook)["failures"] and time.monotonic() < until:
        time.sleep(.05)
    told = listed(daemon, hook)
    tally.check("the failure is shown", told["failures"] == 1 and
                told["on"] and "500" in told["last_error"] and
                told["next_try_at"], told)
    # Not to wait for the next try.
    expect(daemon.post(f"{HOOKS}/{hook['id']}/revive", {}),
           f"{HOOKS}/{{webhookId}}/revive", 200)
    receiver.wait("/again", lambda got: len(got) >= 2)
    tally.check("a redirect is not followed", not receiver.of("/elsewhere"))
    time.sleep(.3)
    daemon.post(f"{HOOKS}/{hook['id']}/revive", {})
    tally.check("and received in the end", receiver.wait(
        "/again", lambda got: len(got) >= 3))
    ids = {h["webhook-id"] for h, _ in receiver.of("/again")}
    tally.equal("under the same id", len(ids), 1)
    traces = [TRACE.fullmatch(h["traceparent"]).groups()
              for h, _ in receiver.of("/again")]
    tally.equal("in one trace, each a span", (len({t for t, _ in traces}),
                                              len({s for _, s in traces})),
                (1, len(traces)))
    tally.check("which the log names", traces[0][0] in daemon.said())
    tally.equal("with the newest version",
                versions_of(receiver.of("/again"), 4)[-1], version)
    daemon.ask("DELETE", f"{HOOKS}/{hook['id']}")


def given_up(daemon, receiver):
    receiver.answer = lambda path, n: \
        410 if path == "/gone" and n == 1 else 204
    hook = add(daemon, receiver, "/gone", ["profile"])
    Posts.one(daemon, 5)
    until = time.monotonic() + SOON_S
    while listed(daemon, hook)["on"] and time.monotonic() < until:
        time.sleep(.05)
    tally.check("410 switches it off", not listed(daemon, hook)["on"])
    version = Posts.one(daemon, 5)
    time.sleep(1)
    tally.equal("it is not called", len(receiver.of("/gone")), 1)
    expect(daemon.post(f"{HOOKS}/{hook['id']}/revive", {}),
           f"{HOOKS}/{{webhookId}}/revive", 200)
    tally.check("switched on again, it is told what it missed",
                receiver.wait("/gone", lambda got: versions_of(
                    got, 5)[-1:] == [version]))
    expect(daemon.post(f"{HOOKS}/wh_0000000000000000/revive", {}),
           f"{HOOKS}/{{webhookId}}/revive", 404)
    daemon.ask("DELETE", f"{HOOKS}/{hook['id']}")


# ---- what is refused ----------------------------------------------------------

def refused(daemon):
    for url in ("", "ftp://lms.example/", "https://", "https://u:p@lms.example",
                "https://lms.example/#x", "lms.example", "https://a b/", 7,
                "x" * 1100):
        reply = daemon.post(HOOKS, {"url": url})
        expect(reply, HOOKS, 400, f"url {str(url)[:30]!r}")
        tally.equal("its pointer", reply.json.get("pointer"), "/url")
    for changes in ([], ["poems"], ["path", "path"], "path", [1]):
        reply = daemon.post(HOOKS, {"url": "https://lms.example/",
                                    "changes": changes})
        expect(reply, HOOKS, 400, f"changes {changes!r}")
        tally.equal("its pointer", reply.json.get("pointer"), "/changes")
    expect(daemon.post(HOOKS, {}), HOOKS, 400)


def no_private_addresses(db, receiver):
    with Daemon(db) as daemon:
        reply = daemon.post(HOOKS, {"url": receiver.url("/private")})
        expect(reply, HOOKS, 400, "http")
        port = receiver.server.server_port
        hooks = [daemon.post(HOOKS, {"url": f"https://{host}:{port}/private",
                                     "changes": ["profile"]}).json
                 for host in ("127.0.0.1", "localhost", "[::1]", "10.0.0.1",
                              "169.254.169.254", "0x7f.1")]
        Posts.one(daemon, 6)
        until = time.monotonic() + SOON_S
        while not all(listed(daemon, h)["failures"] for h in hooks) and \
                time.monotonic() < until:
            time.sleep(.05)
        for h in hooks:
            told = listed(daemon, h)
            tally.check(f"{h['url']} is not called", told["failures"] and
                        "public" in (told["last_error"] or ""), told)
            daemon.ask("DELETE", f"{HOOKS}/{h['id']}")
        tally.equal("nothing came", receiver.of("/private"), [])


def as_many_as_there_may_be(daemon):
    made = []
    while len(made) < 40:
        reply = daemon.post(HOOKS, {"url": "https://lms.example/full"})
        if reply.status != 201:
            break
        made.append(reply.json["id"])
    expect(reply, HOOKS, 409, f"after {len(made)}")
    for one in made:
        daemon.ask("DELETE", f"{HOOKS}/{one}")


# ---- tenants ------------------------------------------------------------------

def two_tenants(daemon, receiver, keys):
    receiver.answer = lambda path, n: 204
    heads = [credentials.bearer(k) for k in keys]
    hooks = [add(daemon, receiver, f"/tenant{k}", ["profile"], heads[k])
             for k in range(2)]
    for k in range(2):
        other = hooks[1 - k]["id"]
        tally.equal("the other's is not listed",
                    listed(daemon, hooks[1 - k], heads[k]), None)
        for method, path in (("DELETE", f"{HOOKS}/{other}"),
                             ("POST", f"{HOOKS}/{other}/revive")):
            reply = daemon.ask(method, path,
                               {} if method == "POST" else None, heads[k])
            tally.equal(f"{method} of the other's", reply.status, 404)
    versions = [[Posts.one(daemon, user, heads[k]) for user in (70 + k, 80)]
                for k in range(2)]
    Posts.one(daemon, 90)  # of the installation's own learners
    for k in range(2):
        path = f"/tenant{k}"
        tally.check("told of its own", receiver.wait(
            path, lambda got, k=k: versions_of(got, 80) and
            versions_of(got, 70 + k)), versions)
    time.sleep(.5)
    for k in range(2):
        tally.equal("and of nobody else's",
                    {json.loads(b)["data"]["userId"] for _, b in
                     receiver.of(f"/tenant{k}")}, {str(70 + k), "80"})
        daemon.ask("DELETE", f"{HOOKS}/{hooks[k]['id']}", headers=heads[k])


# ---- killed -------------------------------------------------------------------

def killed(db, receiver):
    """Whatever was acknowledged is told, at least once."""
    receiver.answer = lambda path, n: 204
    newest, hook = {}, None
    for round_ in range(3):
        with Daemon(db, "--webhook-private") as daemon:
            if hook is None:
                hook = add(daemon, receiver, "/kill", ["profile"])
            else:
                daemon.post(f"{HOOKS}/{hook['id']}/revive", {})
            # It tells once it leads: when the one killed before it has been
            # silent for long enough.
            n = len(receiver.of("/kill"))
            newest[200] = Posts.one(daemon, 200)
            tally.check(f"it leads in round {round_}", receiver.wait(
                "/kill", lambda got, n=n: len(got) > n, 60))
            for k in range(150):
                user = 200 + k % 20
                newest[user] = Posts.one(daemon, user)
            daemon.kill()

    def all_told(got):
        return all(versions_of(got, user)[-1:] == [version]
                   for user, version in newest.items())
    with Daemon(db, "--webhook-private") as daemon:
        tally.check("nothing is lost", receiver.wait("/kill", all_told, 60),
                    {u: (v, versions_of(receiver.of("/kill"), u)[-3:])
                     for u, v in newest.items()})
        bodies = {}
        for head, body in receiver.of("/kill"):
            bodies.setdefault(head["webhook-id"], set()).add(body)
            tally.check("signed", is_signed(hook["secret"], head, body))
        again = len(receiver.of("/kill")) - len(bodies)
        print(f"{len(bodies)} messages, {again} sent again", flush=True)
        tally.check("one id, one learner and kind", all(
            len({(json.loads(b)["type"], json.loads(b)["subject"])
                 for b in same}) == 1 for same in bodies.values()))
        daemon.ask("DELETE", f"{HOOKS}/{hook['id']}")


def broken_off(db, receiver):
    """Who never answers does not hold up the end, and is told again."""
    receiver.answer = lambda path, n: 204
    receiver.speaks.clear()
    with Daemon(db, "--webhook-private") as daemon:
        hook = add(daemon, receiver, "/held", ["profile"])
        version = Posts.one(daemon, 300)
        tally.check("it is being told", receiver.wait("/held", len, 60))
        begun = time.monotonic()
        tally.equal("it ends in order", daemon.stop(), 0)
        took = time.monotonic() - begun
        # The time-out of a message is 10 s.
        tally.check("without the answer", took < 8, f"{took:.1f} s")
    with Daemon(db, "--webhook-private") as daemon:
        told = listed(daemon, hook)
        tally.equal("which was no failure",
                    (told["failures"], told.get("last_error")), (0, None))
        receiver.speaks.set()
        tally.check("then it is told again", receiver.wait(
            "/held", lambda got: len(got) >= 2, 60))
        tally.equal("under the same id",
                    len({h["webhook-id"] for h, _ in
                         receiver.of("/held")[:2]}), 1)
        tally.equal("with the version", versions_of(
            receiver.of("/held"), 300)[-1:], [version])
        daemon.ask("DELETE", f"{HOOKS}/{hook['id']}")


def erased(daemon, receiver):
    hook = add(daemon, receiver, "/erased", ["erased"])
    Posts.one(daemon, 9)
    reply = daemon.ask("DELETE", "/api/users/9")
    if reply.status == 405:
        tally.skip("erasing", "there is no route for it")
    else:
        tally.check("who is erased is told", receiver.wait(
            "/erased", lambda got: [json.loads(b)["type"] for _, b in got] ==
            ["piq.user.erased"] or len(got) == 1), receiver.of("/erased"))
    daemon.ask("DELETE", f"{HOOKS}/{hook['id']}")


def main():
    receiver = Receiver()
    with Folder() as folder:
        db = folder / "piq.db"
        must("catalogue", "load", POKER, "--db", db)
        keys = [credentials.make_key(db, TENANT_SCOPES, tenant=t)
                for t in (3, 4)]

        def over_http():
            with Daemon(db, "--webhook-private") as daemon:
                for part in (messages, some_changes, tried_again, given_up,
                             erased):
                    try:
                        part(daemon, receiver)
                    except Exception as error:  # pylint: disable=broad-except
                        import traceback
                        traceback.print_exc()
                        tally.check(part.__name__, False, repr(error))
                two_tenants(daemon, receiver, keys)
                refused(daemon)
                as_many_as_there_may_be(daemon)
            tally.check("no secret in the log", not re.search(
                "whsec_", daemon.said()))

        def private():
            no_private_addresses(db, receiver)

        def kill9():
            killed(db, receiver)

        def silent():
            broken_off(db, receiver)

        status = tally.run([over_http, private, kill9, silent])
    receiver.end()
    return status


if __name__ == "__main__":
    sys.exit(main())
