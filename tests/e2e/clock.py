#!/usr/bin/python3
"""The clock jumps under the service: a day forward, an hour back, a week back.

libfaketime stands before the C library and takes its offset from a file, so
that only the time of day jumps; the monotonic clock goes on, as it does when a
machine is set right. Clients post all the while. What was acknowledged is there
exactly once and all states replay to the same bytes; what is due moves with the
day; tokens end when their time has come; an event from after the jump back is
refused as one from the future; two engines on one file go on, and nobody
crashes. Skipped aloud without libfaketime. The last line is "N passed, N
failed, N skipped".
"""
import datetime
import glob
import os
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
sys.dont_write_bytecode = True

import daemon as driver  # noqa: E402
from credentials import Signer  # noqa: E402
from daemon import POKER, Daemon, Folder, Tally, must, strict  # noqa: E402
from load import N_LEARNERS, clients_of, verify  # noqa: E402

DAY_S = 86400
JUMPS = (("a day forward", DAY_S), ("an hour back", DAY_S - 3600),
         ("a week back", DAY_S - 3600 - 7 * DAY_S), ("right again", 0))

tally = Tally()


def without_jemalloc(folder):
    """An empty library in its place, for the loader: libfaketime asks for
    memory while it answers what time it is, and jemalloc asks for the time while
    it makes ready, each behind its own lock. The C library's serves then."""
    empty = folder / "libjemalloc.so.2"
    subprocess.run(["cc", "-shared", "-x", "c", "/dev/null", "-o", str(empty),
                    f"-Wl,-soname,{empty.name}"], check=True)
    return f"LD_LIBRARY_PATH={folder}"


def library():
    found = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
    return found[0] if found else None


class Clock:
    """What the time of day is off by, for whoever runs `wrapper`."""

    def __init__(self, folder):
        self.path = folder / "offset"
        self.set(0)
        self.wrapper = ["env", without_jemalloc(folder),
                        f"LD_PRELOAD={library()}",
                        f"FAKETIME_TIMESTAMP_FILE={self.path}",
                        "FAKETIME_NO_CACHE=1", "FAKETIME_DONT_RESET=1",
                        "FAKETIME_DONT_FAKE_MONOTONIC=1"]

    def set(self, offset_s):
        made = self.path.with_suffix(".new")
        made.write_text(f"{offset_s:+d}\n")
        made.rename(self.path)
        self.offset_s = offset_s

    def now(self, more_s=0):
        at = datetime.datetime.now(datetime.timezone.utc) + \
            datetime.timedelta(seconds=self.offset_s + more_s)
        return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def answer(name, at):
    return {"event_id": name, "at": at, "type": "answer",
            "concepts": ["brm.tilt"], "correct": True}


def follows(daemon, clock, k, name):
    """The service has the clock's time, and goes by it: of somebody new, since
    what is told of a learner is never older than their last event."""
    user = 1000 + k
    ahead = daemon.post(f"/api/users/{user}/events",
                        answer(f"ahead-{k}", clock.now(3600)))
    tally.check(f"{name}: an event of the future is refused",
                ahead.status in (400, 422), ahead)
    told = daemon.post(f"/api/users/{user}/events",
                       answer(f"now-{k}", clock.now(-1)))
    tally.equal(f"{name}: an event of now", told.status, 200)
    shown = daemon.get(f"/api/users/{user}/profile").json["as_of"]
    apart = abs(datetime.datetime.fromisoformat(shown.replace("Z", "+00:00")) -
                datetime.datetime.fromisoformat(
                    clock.now().replace("Z", "+00:00")))
    tally.check(f"{name}: it tells the new time", apart.total_seconds() < 60,
                shown)
    for path in ("reviews", "recommendations", "learning-path",
                 "progress-analytics"):
        tally.equal(f"{name}: {path}",
                    daemon.get(f"/api/users/1/{path}").status, 200)
    tally.equal(f"{name}: ready", daemon.get("/readyz").status, 200)


def jumps(folder):
    db = folder / "piq.db"
    must("simulate", "--learners", N_LEARNERS, "--events", 30, "--days", 30,
         "--curriculum", POKER, "--db", db)
    clock = Clock(folder)
    pairs = []
    with Daemon(db, wrapper=clock.wrapper) as one, \
            Daemon(db, wrapper=clock.wrapper) as two:
        for k, (name, offset_s) in enumerate(JUMPS):
            clients = [c for d in (one, two) for c in clients_of(
                d, 7000 + 10 * k + (d is two), steady=True)]
            time.sleep(0.4)
            clock.set(offset_s)
            time.sleep(0.8)
            for client in clients:
                client.stop.set()
            for client in clients:
                client.join(60)
                pairs += client.acknowledged
                # Theirs is the true time: too far ahead once the clock went
                # back; two engines meet at a learner, too.
                odd = {r.status for r in client.refused} - \
                    {200, 400, 422, 409, 503}
                tally.equal(f"{name}: refusals", odd, set())
            follows(one, clock, k, name)
            tally.equal(f"{name}: the other one",
                        two.get("/readyz").status, 200)
        verify(tally, one, pairs, "after all jumps")
    tally.equal("exit status", (one.process.returncode,
                                two.process.returncode), (0, 0))
    told = strict(must("replay", "--json", "--db", db))
    tally.equal("states that replay otherwise", told["differing"], 0)
    print(f"{len(pairs)} acknowledged events over {len(JUMPS)} jumps")


def tokens(folder):
    """A token of ten minutes is over after a jump of an hour, and what is left
    of it is good when the clock is set right."""
    db = folder / "tokens.db"
    must("simulate", "--learners", 2, "--events", 10, "--curriculum", POKER,
         "--db", db)
    token = Signer(db).token(lasts=600, sub="1")
    clock = Clock(folder)
    with Daemon(db, wrapper=clock.wrapper, key=token) as served:
        path = "/api/users/1/profile"
        tally.equal("a token that is good", served.get(path).status, 200)
        clock.set(3600)
        tally.equal("an hour later", served.get(path).status, 401)
        clock.set(0)
        tally.equal("set right", served.get(path).status, 200)
    tally.equal("exit status", served.process.returncode, 0)


def main():
    if not library():
        tally.skip("the clock", "NO LIBFAKETIME (PACKAGE FAKETIME)")
        return tally.end()
    if os.path.join("asan", "") in driver.PIQ:
        tally.skip("the clock", "A SANITIZER MUST BE LOADED FIRST")
        return tally.end()
    with Folder() as folder:
        def with_jumps():
            jumps(folder)

        def with_tokens():
            tokens(folder)

        return tally.run([with_jumps, with_tokens])


if __name__ == "__main__":
    sys.exit(main())
