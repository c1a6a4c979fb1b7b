"""Clients that post events and read while something is done to the service, and
remember what was acknowledged: for the tests of faults.

What is posted is single events, lists and NDJSON of several learners, late ones
among them, and some are voided later. An event that was acknowledged must be
there exactly once; one that was refused, or whose answer never came, may be
there or not.
"""
import datetime
import http.client
import json
import random
import threading
import time

from daemon import must, strict

N_CLIENTS = 6
N_LEARNERS = 12  # few, so that clients meet at the same learner


class Client(threading.Thread):
    """Posts until stopped. `steady`: goes on after a broken connection and
    after a refusal, as a client of a service that comes back does."""

    def __init__(self, daemon, number, seed, contents, steady=False):
        super().__init__(daemon=True)
        self.server = daemon
        self.rng = random.Random(seed)
        self.number = number
        self.contents = contents
        self.steady = steady
        self.mark = f"{number}-{seed:x}"
        self.n = 0
        self.acknowledged = []  # (user, event)
        self.voided = 0         # of these, the first so many were looked at
        self.unknown = []       # the same, refused or never answered
        self.unanswered = 0     # sent, and the connection broke
        self.refused = []       # replies that are no 200
        self.slowest_s = 0.0
        self.stop = threading.Event()

    def event(self):
        self.n += 1
        # A third belongs between those already folded.
        back_s = self.rng.choice((0, 0, self.rng.uniform(0, 86400 * 20)))
        at = datetime.datetime.now(datetime.timezone.utc) - \
            datetime.timedelta(seconds=back_s)
        made = {"event_id": f"{self.mark}-{self.n}",
                "at": at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")}
        content = self.rng.choice(self.contents)
        if self.rng.random() < 0.2:
            return {**made, "type": "content_completed", "content": content}
        return {**made, "type": "answer", "content": content,
                "correct": self.rng.random() < 0.6}

    def void(self):
        """Of an event that is there: (user, event), or None."""
        while self.voided < len(self.acknowledged):
            user, event = self.acknowledged[self.voided]
            self.voided += 1
            if event["type"] != "voided" and self.rng.random() < 0.2:
                self.n += 1
                return user, {"event_id": f"{self.mark}-{self.n}",
                              "at": event["at"], "type": "voided",
                              "voids": event["event_id"]}
        return None

    def post(self, path, body, pairs, media=None):
        started = time.monotonic()
        try:
            reply = self.server.post(path, body, media=media)
        except (OSError, http.client.HTTPException):
            self.unknown += pairs
            raise
        self.slowest_s = max(self.slowest_s, time.monotonic() - started)
        told = reply.json if reply.status == 200 else {}
        if told and told["accepted"] + told["duplicates"] == len(pairs):
            self.acknowledged += pairs
            return
        self.unknown += pairs
        self.refused.append(reply)
        if self.steady:
            time.sleep(0.05)

    def once(self):
        user = self.rng.randrange(1, N_LEARNERS + 1)
        what = self.rng.random()
        void = self.void() if what < 0.1 else None
        if void:
            self.post(f"/api/users/{void[0]}/events", void[1], [void])
        elif what < 0.5:
            event = self.event()
            self.post(f"/api/users/{user}/events", event, [(user, event)])
        elif what < 0.75:
            events = [self.event() for _ in range(self.rng.randrange(1, 30))]
            self.post(f"/api/users/{user}/events", events,
                      [(user, e) for e in events])
        elif what < 0.9:
            pairs = [(self.rng.randrange(1, N_LEARNERS + 1), self.event())
                     for _ in range(self.rng.randrange(1, 40))]
            text = "".join(json.dumps({"user_id": str(u), **e}) + "\n"
                           for u, e in pairs)
            self.post("/api/events", text.encode(), pairs,
                      media="application/x-ndjson")
        else:
            self.server.get(f"/api/users/{user}/" + self.rng.choice(
                ("recommendations", "learning-path", "profile")))

    def run(self):
        while not self.stop.is_set():
            try:
                self.once()
            except ConnectionRefusedError:
                if not self.steady:
                    return
                time.sleep(0.05)
            except (OSError, http.client.HTTPException):
                self.unanswered += 1
                if not self.steady:
                    return


def clients_of(daemon, seed, steady=False, contents=None):
    if not contents:
        contents = [c["id"]
                    for c in daemon.get("/api/catalogue").json["contents"]]
    made = [Client(daemon, k, seed * 1000 + k, contents, steady)
            for k in range(N_CLIENTS)]
    for client in made:
        client.start()
    return made


def end(clients):
    """All at once, each after what it is at."""
    for client in clients:
        client.stop.set()
    for client in clients:
        client.join(60)


def verify_refusals(tally, clients, what):
    """Nothing was refused but for want of storage. NDJSON is answered line by
    line: 200, and in it what was not taken."""
    tally.equal(f"{what}: other refusals than 503", sorted(
        {r.status for c in clients for r in c.refused
         if r.path != "/api/events"} - {503}), [])


def verify_all(tally, daemon, db, what, sources, n_before):
    """Exactly once: what was acknowledged is there, what was not is taken now,
    there are as many events as different ones were posted, and the states are
    those of the events. So many events, acknowledged, and not."""
    known = [p for s in sources for p in s.acknowledged]
    unknown = [p for s in sources for p in s.unknown]
    verify(tally, daemon, known, what)
    odd = [r for r in again(daemon, unknown)
           if r[1] not in ("accepted", "duplicate")]
    tally.equal(f"{what}: refused again", odd, [])
    told = strict(must("replay", "--json", "--db", db))
    tally.equal(f"{what}: states that replay otherwise", told["differing"], 0)
    n = n_before + len(known) + len(unknown)
    tally.equal(f"{what}: events", told["events"], n)
    return n, len(known), len(unknown)


def verify(tally, daemon, pairs, what):
    """Each acknowledged event, posted again, is a duplicate."""
    lost = [r for r in again(daemon, pairs) if r[1] != "duplicate"]
    tally.equal(f"{what}: lost of {len(pairs)} acknowledged events", lost, [])


def again(daemon, pairs):
    """Posts them once more: (event id, what became of it) of each."""
    told = []
    by_user = {}
    for user, event in pairs:
        by_user.setdefault(user, []).append(event)
    for user, events in by_user.items():
        for k in range(0, len(events), 1000):
            part = events[k:k + 1000]
            reply = daemon.post(f"/api/users/{user}/events", part)
            if reply.status == 200:
                told += [(r["event_id"], r["status"])
                         for r in reply.json["results"]]
            else:
                told += [(e["event_id"], repr(reply)) for e in part]
    return told
