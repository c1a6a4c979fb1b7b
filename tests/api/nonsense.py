#!/usr/bin/python3
"""What is wrong is refused with its place, and changes nothing.

Every request example of the contract is spoilt in every way that the list
below knows, at every place. What the contract's own schema calls valid may be
taken; everything else must be a 4xx problem that keeps the contract, never a
500, and the learner must be as before. One line a failure; the last line is
"N passed, N failed, N skipped".
"""
import copy
import datetime
import json
import os
import pathlib
import random
import socket
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
sys.dont_write_bytecode = True

from contract_check import Contract, point  # noqa: E402
from daemon import POKER, Daemon, Folder, Tally, must, strict  # noqa: E402
import examples  # noqa: E402

USER = 77
USERS = "/api/users/{userId}"
# In the place of any value.
STRANGE = [None, True, False, 0, -1, 7, 1.5, -0.0, 1e308, 2**63, -2**63 - 1,
           2**64, 10**400, 1e-320, "", " ", "x", "x" * 5000, "\u0000",
           "\ud83d\ude00", "\u202e", "-0", "1e5", "2026-11-22", "9999-12-31",
           "2999-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "0000-00-00", [],
           {}, [[]], [None], {"": 1}, [0] * 2000, {"a": {"a": {"a": 1}}}]
# Texts that no JSON writer makes; % is where a value stands.
TEXTS = [b"NaN", b"Infinity", b"-Infinity", b"1e400", b"-1e400", b"1e-400",
         b"01", b"+1", b".5", b"1.", b"0x1", b"1_000", b"'x'", b"\"\xff\"",
         b"\"\xc0\xaf\"", b"\"\xed\xa0\x80\"", b"\"\\ud800\"", b"\"\\u0000\"",
         b"\"\x00\"", b"\"\n\"", b"\"\\x\"", b"\"", b"\xef\xbb\xbf1", b"tru",
         b"", b"1,", b"[1,]", b"{\"a\":1,}", b"{\"a\":1,\"a\":2}", b"{a:1}",
         b"/* */1", b"1 1", b"[" * 100000, b"[" * 40 + b"]" * 40,
         b"{\"a\":" * 100000, b"9" * 100000, b"\"" + b"x" * 100000 + b"\""]
MARK = "\u2603mark"

# A share of all that is possible, the same every time; 1 is all of it.
SHARE = float(os.environ.get("PIQ_NONSENSE_SHARE", "0.3"))
rng = random.Random(20261122)

tally = Tally()
contract = Contract()


def places(value, path=()):
    """(path, value) of every value in a document, itself first."""
    yield path, value
    items = value.items() if isinstance(value, dict) else \
        enumerate(value) if isinstance(value, list) else ()
    for name, inner in items:
        yield from places(inner, (*path, name))


def put(document, path, value):
    if not path:
        return value
    made = copy.deepcopy(document)
    inner = made
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = value
    return made


def spoilt(document):
    """Every value in turn replaced, removed, repeated, or given a member."""
    for path, value in places(document):
        for strange in STRANGE:
            if rng.random() < SHARE and \
                    json.dumps(strange) != json.dumps(value):
                yield put(document, path, strange)
        if isinstance(value, dict):
            yield put(document, path, {**value, "unheard_of": 1})
            yield put(document, path, {**value, "": 1})
            for name in value:
                less = {k: v for k, v in value.items() if k != name}
                yield put(document, path, less)
        if isinstance(value, list) and value:
            yield put(document, path, value + value[-1:])
            yield put(document, path, value * (130 if path else 2))


def spoilt_texts(document):
    for path, _ in places(document):
        text = json.dumps(put(document, path, MARK)).encode()
        mark = json.dumps(MARK).encode()
        for bad in TEXTS:
            if rng.random() < SHARE:
                yield text.replace(mark, bad)


class Bench:
    """One learner, whose state must stay as it is."""

    def __init__(self, daemon):
        self.daemon = daemon
        self.sent = self.taken = 0
        self.base = f"/api/users/{USER}"
        self.was = self.state()

    def state(self):
        told = self.daemon.get(f"{self.base}/profile").json
        return {k: v for k, v in told.items() if k != "as_of"}

    def unchanged(self, what):
        now = self.state()
        tally.equal(f"{what} changed nothing", now, self.was)
        self.was = now

    def send(self, method, template, path, body, media=None):
        """The reply; a refusal must keep the contract and name a place."""
        self.sent += 1
        reply = self.daemon.ask(method, path, body, media=media,
                                headers=examples.head_of(template))
        if reply.status < 300:
            self.taken += 1
            return reply
        faults = contract.faults(template, reply)
        if reply.status >= 500:
            faults.append(f"a {reply.status}")
        if not faults:
            faults = misplaced(reply, body)
        tally.check(f"{method} {template} {shown(body)}", not faults,
                    f"{faults} {reply}")
        return reply


def is_fine(schema, text):
    """Some of the texts leave a list or an object that is as good."""
    try:
        return contract.is_valid(schema, strict(text.decode("utf-8")))
    except (ValueError, RecursionError):
        return False


def shown(body):
    return body[:200] if isinstance(body, bytes) else json.dumps(body)[:200]


def misplaced(reply, body):
    """The pointer of a 400 leads to something, or to where it is missing."""
    pointer = reply.json.get("pointer")
    if reply.status != 400 or pointer is None or isinstance(body, bytes):
        return []
    if pointer and not pointer.startswith("/"):
        return [f"pointer {pointer!r} is none"]
    try:
        point(body, pointer.rpartition("/")[0])
    except KeyError:
        return [f"pointer {pointer!r} leads nowhere"]
    return []


# ---- bodies ----------------------------------------------------------------

def targets(daemon):
    """(method, template, path, example) of everything that takes JSON."""
    catalogue = daemon.get("/api/catalogue").json
    slate = daemon.get(f"/api/users/{USER}/recommendations").json
    recommendation = slate["recommendations"][0]["id"]
    for method, template, _ in contract.operations():
        path = template.replace("{userId}", str(USER)).replace(
            "{recommendationId}", str(recommendation)).replace(
            "{name}", "bolder")
        for example in contract.request_examples(method, template).values():
            yield (method, template, path,
                   examples.adapted(example, catalogue, recommendation))


def test_spoilt_values(bench):
    for method, template, path, example in targets(bench.daemon):
        schema = contract.request_schema(method, template)
        documents = [example] if not isinstance(example, list) else \
            [[event] for event in example]
        for document in documents:
            for body in spoilt(document):
                # 10**400 and the like: the schema is asked without.
                judged = json.loads(json.dumps(body))
                if contract.is_valid(schema, judged):
                    continue  # nothing wrong with it: another test's matter
                reply = bench.send(method, template, path, body)
                tally.check(f"{method} {template} is refused, as its schema "
                            "says", reply.status in (400, 413),
                            f"{shown(body)}: {reply}")
        bench.unchanged(f"nonsense to {template}")


def test_spoilt_texts(bench):
    for method, template, path, example in targets(bench.daemon):
        schema = contract.request_schema(method, template)
        if isinstance(example, list):
            example = example[:1]
        for body in spoilt_texts(example):
            if is_fine(schema, body):
                continue
            reply = bench.send(method, template, path, body)
            tally.check(f"{method} {template} {shown(body)} is refused",
                        reply.status in (400, 413), reply)
        bench.unchanged(f"broken text to {template}")


def test_place_of_broken_json(bench):
    for body, place in ((b"", ""), (b"{", "line 1"), (b"nul", "line 1"),
                        (b"[1] 2", "line 1"), (b"{\n\"a\":\n,}", "line 3")):
        reply = bench.send("POST", f"{USERS}/goals", f"{bench.base}/goals",
                           body)
        told = reply.json
        tally.check(f"{body!r} has its place", place in told["detail"] and
                    (not place or "column" in told["detail"]) and
                    "pointer" not in told, told)


def test_valid_yet_wrong(bench):
    """What a schema cannot say: time, and references to nothing."""
    now = datetime.datetime.now(datetime.timezone.utc)
    soon = (now + datetime.timedelta(minutes=6)).isoformat()
    event = {"event_id": "w-1", "at": now.isoformat(), "type": "review",
             "concept": "brm.tilt", "rating": 3}
    for pointer, body in (
            ("/at", {**event, "at": soon}),
            ("/at", {**event, "at": "2999-01-01T00:00:00Z"}),
            ("/at", {**event, "at": "2026-11-22T10:00:00"}),
            ("/at", {**event, "at": "1969-12-31T23:59:59Z"}),
            ("/concept", {**event, "concept": "no.such"}),
            ("/event_id", {**event, "event_id": "\u00e9" * 64}),
            ("/0/at", [{**event, "at": soon}]),
            ("/content", {"event_id": "w-2", "at": event["at"],
                          "type": "content_started", "content": 424242}),
            ("/item", {"event_id": "w-3", "at": event["at"], "item": 99,
                       "type": "answer", "correct": True}),
            ("/character", {"event_id": "w-4", "at": event["at"], "score": 1,
                            "type": "character_session", "character": "me"}),
            ("/stated/preferred_content_type",
             {"event_id": "w-5", "at": event["at"], "type": "profile_stated",
              "stated": {"preferred_content_type": "smell"}})):
        reply = bench.send("POST", f"{USERS}/events", f"{bench.base}/events",
                           body)
        tally.equal(f"{shown(body)} is refused", (reply.status,
                    reply.json.get("pointer")), (400, pointer))
    for n in (0, 1001):
        reply = bench.send("POST", f"{USERS}/events", f"{bench.base}/events",
                           [event] * n)
        tally.equal(f"{n} events are refused", reply.status, 400)
    for pointer, goal in (("/priority_areas/0", {"priority_areas": ["x"]}),
                          ("/target_concepts/1",
                           {"target_concepts": ["brm.tilt", "x"]})):
        reply = bench.send("POST", f"{USERS}/goals", f"{bench.base}/goals",
                           goal)
        tally.equal(f"{goal} is refused", (reply.status,
                    reply.json.get("pointer")), (400, pointer))
    bench.unchanged("what refers to nothing")


def test_spoilt_lines(bench):
    """The import answers 200 and says it of each line."""
    event = {"user_id": str(USER), "event_id": "l-1", "type": "review",
             "at": "2026-11-20T10:00:00Z", "concept": "brm.tilt", "rating": 3}
    schema = {"$ref": "#/components/schemas/EventOfLearner"}
    lines = [json.dumps(body).encode() for body in spoilt(event)
             if not contract.is_valid(schema, body)]
    lines += [text for text in spoilt_texts(event) if b"\n" not in text
              and text and len(text) < 5000 and not is_fine(schema, text)]
    rng.shuffle(lines)
    lines = lines[:1000]
    reply = bench.send("POST", "/api/events", "/api/events", b"\n".join(lines),
                       media="application/x-ndjson")
    tally.equal("the import keeps the contract",
                contract.faults("/api/events", reply), [])
    told = reply.json
    tally.equal("each line is refused",
                [r["line"] for r in told["rejected"]],
                list(range(1, len(lines) + 1)))
    tally.equal("none is taken", (told["accepted"], told["duplicates"]), (0, 0))
    bench.unchanged("an import of nonsense")


# ---- below JSON ------------------------------------------------------------

def raw(port, text):
    """The status of a reply to bytes as they are; None when there is none."""
    with socket.create_connection(("127.0.0.1", port), 20) as s:
        answer = b""
        try:
            s.sendall(text)
            s.shutdown(socket.SHUT_WR)
            while more := s.recv(65536):
                answer += more
        except OSError:
            pass  # hung up: what came before counts
    line = answer.split(b"\r\n")[0].split()
    return int(line[1]) if len(line) > 1 else None


def test_raw(bench):
    host = (b"Host: x\r\nConnection: close\r\nAuthorization: Bearer " +
            bench.daemon.key.encode() + b"\r\n")
    for text, statuses in (
            (b"GET /healthz HTTP/1.1\r\n" + host + b"\r\n", {200}),
            (b"GET /\xff\xfe HTTP/1.1\r\n" + host + b"\r\n", {404, 400}),
            (b"GET /api/users/%ff/profile HTTP/1.1\r\n" + host + b"\r\n",
             {400}),
            (b"GET /api/users/1%00/profile HTTP/1.1\r\n" + host + b"\r\n",
             {400}),
            (b"GET /api/catalogue?area=%00 HTTP/1.1\r\n" + host + b"\r\n",
             {400}),
            (b"GET /api/catalogue?area=\xff HTTP/1.1\r\n" + host + b"\r\n",
             {400}),
            (b"GET /api/catalogue?\xff=1 HTTP/1.1\r\n" + host + b"\r\n", {400}),
            (b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\n" + host + b"\r\n",
             {404, 414, 431}),
            (b"GET /healthz HTTP/1.1\r\nX: " + b"a" * 40000 + b"\r\n" + host +
             b"\r\n", {431, None}),
            (b"nonsense\r\n\r\n", {400, None}),
            (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", {400, None}),
            (b"POST /api/users/77/goals HTTP/1.1\r\n" + host +
             b"Content-Length: -1\r\n\r\n{}", {400}),
            (b"POST /api/users/77/goals HTTP/1.1\r\n" + host +
             b"Content-Length: 99999999999999999999\r\n\r\n{}", {400, 413}),
            (b"POST /api/users/77/goals HTTP/1.1\r\n" + host +
             b"Content-Length: 50\r\n\r\n{}", {400, None}),
            (b"POST /api/users/77/goals HTTP/1.1\r\n" + host +
             b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n", {400, None})):
        status = raw(bench.daemon.port, text)
        tally.check(f"{text[:60]!r}", status in statuses, status)
    reply = bench.daemon.get("/healthz")
    tally.equal("alive after that", reply.status, 200)
    bench.unchanged("bytes that are no request")


def main():
    with Folder() as folder:
        db = folder / "piq.db"
        must("simulate", "--learners", 1, "--first-user", USER, "--events",
             60, "--curriculum", POKER, "--db", db)
        with Daemon(db) as daemon:
            bench = Bench(daemon)

            def part(test):
                def run():
                    test(bench)
                run.__name__ = test.__name__
                return run

            status = tally.run([part(t) for t in (
                test_spoilt_values, test_spoilt_texts,
                test_place_of_broken_json, test_valid_yet_wrong,
                test_spoilt_lines, test_raw)])
        if daemon.process.returncode != 0:
            print(f"FAILED: exit status {daemon.process.returncode}\n"
                  f"{daemon.said()[-3000:]}")
            return 1
        return status


if __name__ == "__main__":
    sys.exit(main())
