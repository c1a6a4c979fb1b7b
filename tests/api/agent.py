#!/usr/bin/python3
"""`piq agent` as a stranger meets it: a simulator of its own, after the
literature (Liu et al. 2019, KDD, section 5.1.1), on the other side of a pipe.

Checks what is answered, how well it teaches in both modes, and that
a line that breaks the protocol ends the dialogue with its number and status 2.
One line a failure; the last line is "N passed, N failed, N skipped".
"""
import json
import math
import pathlib
import random
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
sys.dont_write_bytecode = True

from daemon import PIQ, Tally  # noqa: E402

EDGES = [(0, 1), (0, 2), (1, 3), (2, 4), (2, 8), (3, 4), (4, 8), (5, 4),
         (5, 9), (6, 7), (7, 8), (8, 9)]
N, STEPS, TOP = 10, 20, 5.0
BEFORE = {k: [a for a, b in EDGES if b == k] for k in range(N)}
AFTER = {k: [b for a, b in EDGES if a == k] for k in range(N)}
ORDER = [0, 5, 6, 1, 2, 7, 3, 4, 8, 9]
EPISODES = {"adapt": 30, "plan": 60}

tally = Tally()


def near(last):
    """What counts after `last`."""
    found = {last, *AFTER[last]}
    for p in BEFORE[last]:
        found |= {p, *BEFORE[p], *AFTER[p]}
    return found


class Learner:
    def __init__(self, rng, hard):
        self.rng, self.hard, self.last = rng, hard, None
        self.level = [rng.randint(-3, -1) - 0.1 * k for k in range(N)]

    def right(self, k):
        u = 8.5 * (self.level[k] - self.hard[k])
        return int(0.25 + 0.75 / (1 + math.exp(-u)) >= 0.5)

    def promote(self, k, gain):
        self.level[k] = min(TOP, self.level[k] + gain)
        for j in AFTER[k]:
            self.promote(j, gain / 2)

    def practise(self, k):
        answer = self.right(k)
        if self.last is None or k in near(self.last):
            self.last = k
            lack = sum(TOP - self.level[p] for p in BEFORE[k])
            self.promote(k, (TOP - self.level[k]) / 2 * math.exp(-lack))
        return answer

    def past(self):
        log = []
        while len(log) < STEPS:
            if log and not log[-1][1] and self.rng.random() < 0.7:
                k = log[-1][0]
            elif self.rng.random() < 0.9:
                k = next((k for k in ORDER if not self.right(k)), N - 1)
            else:
                k = self.rng.randrange(N)
            log.append([k, self.practise(k)])
        return log


class Agent:
    def __init__(self, mode, seed):
        self.process = subprocess.Popen(
            [PIQ, "agent"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)
        self.mode = mode
        self.say(type="hello", protocol=1, seed=seed, mode=mode, env="stranger",
                 items=[{"id": 100 + k, "concepts": [k], "minutes": 1,
                         "kind": "practice"} for k in range(N)],
                 concepts=list(range(N)), prerequisites=EDGES, steps=STEPS)

    def say(self, **line):
        self.process.stdin.write(json.dumps(line) + "\n")
        self.process.stdin.flush()

    def next(self, left):
        self.say(type="next", left=left)
        return json.loads(self.process.stdout.readline())

    def end(self):
        self.say(type="bye")
        out, err = self.process.communicate(timeout=10)
        return self.process.returncode, out, err


def teach(agent, learner, paths):
    left = STEPS
    if agent.mode == "plan":
        items = agent.next(left)["items"]
        tally.check("a path keeps the budget", 0 < len(items) <= left, items)
        for item in items:
            learner.practise(item - 100)
        paths.append(items)
        return
    path = []
    while left > 0:
        reply = agent.next(left)
        if "stop" in reply:
            break
        item, left = reply["item"], left - 1
        tally.check("the item is known", 100 <= item < 100 + N, reply)
        agent.say(type="outcome", left=left, item=item,
                  correct=learner.practise(item - 100), done=left == 0)
        path.append(item)
    paths.append(path)


def episodes(mode, seed, count):
    """Mean promotion, and the paths."""
    rng = random.Random(seed)
    hard = [0] * N
    for k, h in zip([5, 0, 1, 2, 3, 4, 6, 7, 8, 9],
                    sorted(rng.randint(0, 4) for _ in range(N))):
        hard[k] = h
    agent, gains, paths = Agent(mode, 1), [], []
    while len(gains) < count:
        learner = Learner(rng, hard)
        log = learner.past()
        targets = rng.sample(range(N), rng.randint(3, N))
        start = sum(map(learner.right, targets))
        if start == len(targets):
            continue
        agent.say(type="reset", episode=len(gains), budget=STEPS,
                  log=[[100 + k, r] for k, r in log], targets=targets,
                  exam={100 + k: learner.right(k) for k in targets})
        teach(agent, learner, paths)
        agent.say(type="end")
        end = sum(map(learner.right, targets))
        gains.append((end - start) / (len(targets) - start))
    status, out, err = agent.end()
    tally.equal(f"{mode}: exit status", status, 0)
    tally.equal(f"{mode}: nothing but replies", (out, err), ("", ""))
    return statistics.mean(gains), paths


def check_teaching():
    # A simple rule, what is near in order, reaches about .5 in these worlds.
    for mode, least in (("adapt", 0.75), ("plan", 0.6)):
        mean, paths = episodes(mode, 5, EPISODES[mode])
        tally.check(f"{mode}: teaches well", mean >= least, mean)
        again = episodes(mode, 5, 3)[1]
        tally.equal(f"{mode}: the same again", again, paths[:3])


def ends(text):
    done = subprocess.run([PIQ, "agent"], input=text, capture_output=True,
                          text=True, timeout=20)
    return done.returncode, done.stdout, done.stderr


HELLO = ('{"type":"hello","protocol":1,"items":[{"id":1,"concepts":[2]}],'
         '"concepts":[2],"prerequisites":[],"steps":3}\n')


def check_refusals():
    for text, message in (
            ("nonsense\n", "line 1: "),
            (HELLO + "\n{\n", "line 3: "),
            (HELLO + '{"type":"sing"}\n',
             'line 2: there is no type "sing"\n'),
            (HELLO + '{"type":"next","left":3}\n',
             "line 2: next before reset\n"),
            ('{"type":"hello","protocol":9}\n',
             "line 1: protocol 9 is not spoken here, only 1\n")):
        status, out, err = ends(text)
        tally.equal(f"exit status after {text!r}", status, 2)
        tally.equal(f"no reply to {text!r}", out, "")
        tally.check(f"one line says why: {text!r}",
                    err.startswith("piq agent: " + message) and
                    err.count("\n") == 1, err)
    tally.equal("an end of input ends it", ends(HELLO), (0, "", ""))
    tally.equal("bye ends it", ends(HELLO + '{"type":"bye"}\nnonsense\n'),
                (0, "", ""))


sys.exit(tally.run([check_refusals, check_teaching]))
