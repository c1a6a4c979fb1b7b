#!/usr/bin/python3
"""Training, from answers to a model in use: piq train kt and piq eval kt beside
a running server, promotions that are allowed and refused, Ctrl-C, and input
that makes no sense.

One line a failure; the last line is "N passed, N failed, N skipped".
"""
import datetime
import math
import os
import pathlib
import pty
import random
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
sys.dont_write_bytecode = True

from daemon import (MUSIC, PIQ, Daemon, Folder, Tally, must, piq,  # noqa: E402
                    strict)

DONE, COULD_NOT, WRONG_USE = 0, 1, 2
WAIT_S = 300
FIGURES = {"auc", "auc_no_repeat", "acc", "logloss", "ece"}

tally = Tally()


def code(expected, *arguments):
    done = piq(*arguments, timeout=WAIT_S)
    name = "piq " + " ".join(map(str, arguments))
    tally.equal(f"exit status of {name}", done.returncode, expected)
    if expected != DONE:
        tally.check(f"{name} says why", done.stderr and not done.stdout, done)
    return done


def told(*arguments):
    return strict(code(DONE, *arguments, "--json").stdout)


def new_db(folder, name, learners, events):
    db = folder / name
    must("simulate", "--db", db, "--learners", learners, "--events", events,
         "--curriculum", MUSIC, timeout=WAIT_S)
    return db


def train(db, *arguments):
    return told("train", "kt", "--db", db, "--members", "lr", "--quiet",
                *arguments)


def champion(db):
    return told("model", "list", "--db", db)["champion"]


def check_replay(db):
    tally.check("every state is what its events make it",
                "0 differing" in code(DONE, "replay", "--db", db).stdout)


def until(holds, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(.05)
    return False


# ---- data sets ----------------------------------------------------------------

def write_akt(folder, parts=5, coins=False, learners=12, answers=30):
    """Learners of one ability each, items of one difficulty each; or coins."""
    rng = random.Random(7)
    folder.mkdir()
    difficulty = [rng.gauss(0, 1.5) for _ in range(40)]
    for k in range(1, parts + 1):
        lines = []
        for learner in range(learners):
            ability = rng.gauss(0, 1)
            items = [rng.randrange(40) for _ in range(answers)]
            right = [int(rng.random() < (.5 if coins else 1 / (1 + math.exp(
                difficulty[i] - ability)))) for i in items]
            lines += [f"{learner},{k * 1000 + learner}",
                      ",".join(map(str, items)),
                      ",".join(str(i % 6) for i in items),
                      ",".join(map(str, right))]
        (folder / f"part{k}.csv").write_text("\n".join(lines) + "\n")
    return folder


# ---- beside a server ----------------------------------------------------------

class Visitors:
    """Learners who come back all the time; whatever fails is kept."""

    def __init__(self, daemon, users):
        self.daemon = daemon
        self.failed = []
        self.n = 0
        self.stopping = False
        self.threads = [threading.Thread(target=self.visit, args=(u,))
                        for u in users]
        for thread in self.threads:
            thread.start()

    def visit(self, user):
        base = f"/api/users/{user}"
        for i in range(10**9):
            if self.stopping:
                return
            at = datetime.datetime.now(datetime.timezone.utc).isoformat()
            event = {"event_id": f"visit-{i}", "type": "answer", "at": at,
                     "item": 100101 + i % 3, "correct": i % 3 > 0}
            for reply in (
                    lambda: self.daemon.post(f"{base}/events", event),
                    lambda: self.daemon.get(f"{base}/profile"),
                    lambda: self.daemon.get(f"{base}/recommendations")):
                try:
                    told_back = reply()
                    self.n += 1
                    if told_back.status != 200:
                        self.failed.append(told_back)
                except OSError as error:
                    self.failed.append(error)
            time.sleep(.002)

    def stop(self):
        self.stopping = True
        for thread in self.threads:
            thread.join()


def metric(daemon, name):
    page = daemon.get("/metrics").body.decode()
    return int(re.search(rf"^{name} (\d+)", page, re.M)[1])


def model_version(daemon):
    return metric(daemon, "piq_model_version")


def test_beside_a_server(folder):
    # So few answers that nothing is measured: the first is taken as it is.
    db = new_db(folder, "served.db", 40, 60)
    with Daemon(db) as daemon:
        tally.equal("no model yet", model_version(daemon), 0)
        visitors = Visitors(daemon, (1, 2, 3, 4000))
        try:
            first = train(db, "--promote")
            tally.equal("the first is champion",
                        (first["version"], first["promoted"]), (1, True))
            tally.check("it is picked up",
                        until(lambda: model_version(daemon) == 1))
            check_replay(db)
            second = train(db, "--seed", 2)
            tally.equal("the second is a challenger",
                        (second["version"], second["promoted"], champion(db)),
                        (2, False, 1))
            told("model", "promote", 2, "--db", db, "--force")
            tally.check("it is picked up too",
                        until(lambda: model_version(daemon) == 2))
            tally.equal("rolled back",
                        told("model", "rollback", "--db", db), {"champion": 1})
            tally.check("that is followed",
                        until(lambda: model_version(daemon) == 1))
            told("model", "rollback", "--db", db)
            tally.check("and that there is none",
                        until(lambda: model_version(daemon) == 0))
            told("model", "promote", 1, "--db", db, "--force")
            until(lambda: model_version(daemon) == 1)
            time.sleep(.3)  # some more visits under it
        finally:
            visitors.stop()
        tally.check("many came", visitors.n > 50, visitors.n)
        tally.equal("nobody was turned away", visitors.failed[:3], [])
        check_replay(db)
        page = daemon.get("/metrics").body.decode()
        tally.check("what was foreseen is watched",
                    re.search(r'piq_foresight_answers\{by="trained",'
                              r'week="this"\} [1-9]', page), page[-2000:])
        tally.equal("none was refused",
                    metric(daemon, "piq_models_refused_total"), 0)
    check_replay(db)


def test_damaged_champion(folder):
    """A restart on one that cannot be read: the one before is used."""
    db = new_db(folder, "damaged.db", 40, 60)
    train(db, "--promote")
    train(db, "--seed", 2)
    told("model", "promote", 2, "--db", db, "--force")
    with sqlite3.connect(db) as rows:
        rows.execute("UPDATE model_bodies SET body = x'00' WHERE version = 2")
    rows.close()
    with Daemon(db) as daemon:
        tally.equal("the one before is in force", model_version(daemon), 1)
        tally.equal("which is not the champion",
                    metric(daemon, "piq_model_champion"), 2)
        tally.equal("one was refused",
                    metric(daemon, "piq_models_refused_total"), 1)
        why = daemon.get("/api/users/1/answer-prediction?item=100101").json
        tally.equal("explanations name it", why["model"]["version"], 1)
        tally.check("and that is told", until(
            lambda: "a champion cannot be read" in daemon.said() and
            "an earlier champion is in force" in daemon.said()), daemon.said())
        tally.equal("a new one may follow",
                    train(db, "--promote", "--seed", 3)["version"], 3)
        if champion(db) != 3:
            told("model", "promote", 3, "--db", db, "--force")
        tally.check("and is picked up", until(lambda: (
            model_version(daemon), metric(daemon, "piq_model_champion")) ==
            (3, 3)))
    check_replay(db)


# ---- better and worse ---------------------------------------------------------

def test_promotions(folder):
    db = new_db(folder, "promote.db", 150, 150)
    first = train(db, "--promote")
    latest = first["latest"]
    tally.check("the first one is measured against the belief",
                latest["answers"] >= 200, first)
    tally.equal("and judged by that", first["promoted"],
                latest["logloss"] <= latest["champion_logloss"])
    if not first["promoted"]:
        told("model", "promote", "1", "--db", db, "--force")
    out = folder / "coins.model"
    told("train", "kt", "--data", write_akt(folder / "coins", coins=True),
         "--out", out, "--members", "lr", "--quiet")
    tally.equal("added", told("model", "add", out, "--db", db), {"version": 2})
    done = code(COULD_NOT, "model", "add", out, "--db", db)
    tally.check("not a second time", "version 2" in done.stderr, done)
    done = code(COULD_NOT, "model", "promote", "2", "--db", db)
    tally.check("a worse one is refused, with figures", all(
        word in done.stderr for word in ("worse", "log loss", "--force")), done)
    tally.equal("and changes nothing", champion(db), 1)
    told("model", "promote", "2", "--db", db, "--force", "--reason", "to see")
    tally.equal("by force it is champion", champion(db), 2)
    better = told("model", "promote", "1", "--db", db)
    tally.equal("the better one comes back by itself", better, {"champion": 1})
    told("model", "rollback", "--db", db)
    tally.equal("one back", champion(db), 2)
    tally.equal("a new one beats it", train(db, "--promote", "--seed", 3)
                ["promoted"], True)
    tally.equal("which is version 3", champion(db), 3)
    check_replay(db)


def test_files(folder):
    """One that is fine, and what becomes of one that is not."""
    db = new_db(folder, "files.db", 40, 60)
    out = folder / "good.model"
    told_of = train(db, "--out", out)
    tally.equal("written as stored", out.stat().st_size, told_of["bytes"])
    exported = folder / "exported.model"
    told("model", "export", "1", exported, "--db", db)
    good = out.read_bytes()
    tally.check("exported the same", exported.read_bytes() == good)
    other = new_db(folder, "other.db", 10, 20)
    tally.equal("added elsewhere", told("model", "add", out, "--db", other),
                {"version": 1})
    bad = folder / "bad.model"
    for at in (0, 9, 21, len(good) // 2, len(good) - 1):
        bad.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1:])
        done = code(COULD_NOT, "model", "add", bad, "--db", other)
        tally.check("the file is named", "bad.model" in done.stderr, done)
    bad.write_bytes(good[:-100])
    code(COULD_NOT, "model", "add", bad, "--db", other)
    tally.equal("none was kept",
                len(told("model", "list", "--db", other)["models"]), 1)
    code(COULD_NOT, "train", "kt", "--db", db, "--members", "lr", "--quiet",
         "--out", folder / "no" / "such" / "place")


def test_same_seed(folder):
    data = write_akt(folder / "twice", learners=6)
    files = [folder / "one.model", folder / "two.model"]
    for threads, out in enumerate(files, 1):
        told("train", "kt", "--data", data, "--out", out, "--members",
             "lr,rnn", "--threads", threads, "--quiet")
    one, two = (f.read_bytes() for f in files)
    tally.equal("as long", len(one), len(two))
    # But for the instant they were made at and the hash at the end.
    tally.check("as good as the same bytes", sum(
        a != b for a, b in zip(one, two)) <= 16)


# ---- stopping -----------------------------------------------------------------

def stopped_after(word, *arguments):
    """Ctrl-C once the progress line says `word`. Exit status, output."""
    ours, theirs = pty.openpty()
    with subprocess.Popen([PIQ, *map(str, arguments)],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=theirs) as child:
        os.close(theirs)
        seen = b""
        while word not in seen:
            try:
                seen += os.read(ours, 4096)
            except OSError:
                break
        child.send_signal(signal.SIGINT)

        def drain():
            try:
                while os.read(ours, 4096):
                    pass
            except OSError:
                pass

        reader = threading.Thread(target=drain)
        reader.start()
        out = child.stdout.read().decode()
        status = child.wait(WAIT_S)
        reader.join()
    os.close(ours)
    tally.check(f"{word} was shown", word in seen, seen[-300:])
    return status, out


def test_ctrl_c(folder):
    db = new_db(folder, "stopped.db", 300, 200)
    status, out = stopped_after(b"rnn", "train", "kt", "--db", db, "--members",
                                "lr,rnn", "--json")
    tally.equal("Ctrl-C is no failure", status, DONE)
    report = strict(out)
    tally.equal("it says so", (report["stopped"], report["version"]), (True, 1))
    tally.check("the best so far is something", report["valid_auc"] > .6)
    tally.equal("it may be used", told("model", "promote", "1", "--db", db,
                                       "--force"), {"champion": 1})
    check_replay(db)
    data = write_akt(folder / "long", learners=80, answers=60)
    status, out = stopped_after(b"rnn", "eval", "kt", "--data", data,
                                "--members", "rnn", "--json")
    tally.equal("an evaluation cut short is one", status, COULD_NOT)
    tally.equal("and shows no fold that was not finished", out, "")


# ---- evaluating ---------------------------------------------------------------

def test_eval(folder):
    data = write_akt(folder / "synthetic")
    report = told("eval", "kt", "--format", "akt", "--data", data, "--folds",
                  "5", "--members", "lr", "--quiet")
    tally.equal("named after the folder", report["dataset"], "synthetic")
    tally.check("the protocol is said", "full history" in report["protocol"])
    tally.equal("folds", [f["fold"] for f in report["folds"]], [1, 2, 3, 4, 5])
    for fold in report["folds"]:
        tally.check("its figures", FIGURES | {"rows", "train_s", "predict_us",
                                              "score_per_s"} <= set(fold), fold)
        tally.equal("rows", fold["rows"], 12 * 30)
        tally.check("plausible", .5 < fold["auc"] < .95 and
                    0 < fold["logloss"] < .8 and fold["predict_us"] > 0 and
                    fold["score_per_s"] > 0, fold)
    tally.check("mean and sd", FIGURES <= set(report["mean"]) and
                FIGURES <= set(report["sd"]), report)
    tally.equal("the mean is one", round(report["mean"]["auc"], 4), round(
        sum(f["auc"] for f in report["folds"]) / 5, 4))
    members = report["members"]
    tally.equal("members", set(members), {"lr", "gbdt", "rnn", "blend"})
    tally.check("those that were asked for", set(members["lr"]) == FIGURES and
                set(members["blend"]) == FIGURES and
                members["gbdt"] is None and members["rnn"] is None, members)
    tally.check("as a table too", "no gbdt" not in code(
        DONE, "eval", "kt", "--data", data, "--fold", "2", "--members", "lr",
        "--quiet").stdout)
    cut = told("eval", "kt", "--data", data, "--fold", "1", "--members", "lr",
               "--quiet", "--history", "10", "--items", "no")
    tally.check("cut and without items", "cut to 10" in cut["protocol"] and
                "items no" in cut["protocol"], cut["protocol"])
    tally.equal("as many rows", cut["folds"][0]["rows"], 12 * 30)


def test_eval_tsv(folder):
    rng = random.Random(3)
    lines = ["user_id\titem_id\ttimestamp\tcorrect\tskill_id"]
    for user in range(60):
        ability = rng.gauss(0, 1)
        for i in range(20):
            item = rng.randrange(15)
            right = rng.random() < 1 / (1 + math.exp((item - 7) / 4 - ability))
            lines.append(f"{user + 1}\t{item}\t{1000000 + 60 * i}\t{int(right)}"
                         f"\t{item % 3}")
    data = folder / "answers.tsv"
    data.write_text("\n".join(lines) + "\n")
    report = told("eval", "kt", "--format", "tsv", "--data", data, "--folds",
                  "3", "--members", "lr", "--quiet")
    tally.equal("three folds of learners", (
        len(report["folds"]), sum(f["rows"] for f in report["folds"])),
        (3, 60 * 20))
    data.write_text("\n".join(lines[:5] + ["1\t2\tx\t1\t1"]) + "\n")
    done = code(COULD_NOT, "eval", "kt", "--format", "tsv", "--data", data)
    tally.check("the line is named", "line 6" in done.stderr, done)


# ---- nonsense -----------------------------------------------------------------

def test_nonsense(folder):
    data = write_akt(folder / "broken")
    third = data / "part3.csv"
    whole = third.read_text()
    lines = whole.splitlines()
    for name, text, line in (
            ("a line too few", "\n".join(lines[:6] + lines[7:]), None),
            ("letters", whole.replace(lines[5], lines[5] + ",x"), 6),
            ("an answer of 2", whole.replace(lines[3], lines[3][:-1] + "2"), 4),
            ("fewer skills than items",
             whole.replace(lines[6], lines[6].rsplit(",", 1)[0], 1), None),
            ("below 0", whole.replace(lines[1], "-" + lines[1]), 2)):
        third.write_text(text)
        done = code(COULD_NOT, "eval", "kt", "--data", data, "--quiet")
        place = re.search(r"part3\.csv:(\d+)", done.stderr)
        if tally.check(f"{name}: file and line are named", place, done) and \
                line:
            tally.equal(f"{name}: the line", int(place[1]), line)
    third.unlink()
    done = code(COULD_NOT, "eval", "kt", "--data", data, "--quiet")
    tally.check("parts are counted", "2 parts" in done.stderr, done)
    (data / "part1.csv").unlink()
    done = code(COULD_NOT, "eval", "kt", "--data", data, "--quiet")
    tally.check("the missing part is named", "part1.csv" in done.stderr, done)
    code(COULD_NOT, "eval", "kt", "--data", folder / "nowhere")
    for arguments in ((), ("--data", data, "--format", "xls"),
                      ("--data", data, "--folds", "2"),
                      ("--data", data, "--members", "svm"),
                      ("--data", data, "--members", ""),
                      ("--data", data, "--history", "1"),
                      ("--data", data, "--items", "maybe")):
        code(WRONG_USE, "eval", "kt", *arguments)
    for arguments in ((), ("bkt",), ("kt", "--data", data),
                      ("kt", "--data", data, "--out", folder / "x",
                       "--promote"),
                      ("kt", "--members", "lr,"[:2] + ";rnn"),
                      ("kt", "--threads", "0")):
        code(WRONG_USE, "train", *arguments)
    code(COULD_NOT, "train", "kt", "--db", folder / "missing.db")
    tally.check("no file is made", not (folder / "missing.db").exists())
    empty = folder / "empty.db"
    must("catalogue", "load", MUSIC, "--db", empty)
    done = code(COULD_NOT, "train", "kt", "--db", empty, "--quiet")
    tally.check("there is nothing to learn from", "answers" in done.stderr,
                done)


# ---- in the background ---------------------------------------------------------

def children(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return ""


def test_train_every(folder):
    db = new_db(folder, "background.db", 40, 60)
    with Daemon(db, "--train-every", "1") as daemon:
        tally.check("a model is trained and used",
                    until(lambda: model_version(daemon) == 1, WAIT_S),
                    daemon.said())
        tally.equal("the server serves", daemon.get("/readyz").status, 200)
        tally.check("its end is told", until(
            lambda: "trained in the background" in daemon.said()),
            daemon.said())
    with Daemon(db, "--train-every", "1") as daemon:
        time.sleep(2.5)
        tally.equal("not again within the hour",
                    len(told("model", "list", "--db", db)["models"]), 1)
    db = new_db(folder, "stopping.db", 400, 200)
    with Daemon(db, "--train-every", "1") as daemon:
        if not pathlib.Path(f"/proc/{os.getpid()}/task/{os.getpid()}"
                            "/children").exists():
            tally.skip("a server that stops while it trains",
                       "this kernel lists no children")
            return
        tally.check("training has begun",
                    until(lambda: children(daemon.process.pid)))
        child = children(daemon.process.pid).split()[0]
        tally.equal("the server stops all the same", daemon.stop(), DONE)
        tally.check("and the training with it",
                    until(lambda: not pathlib.Path(f"/proc/{child}").exists()))
    check_replay(db)


def test_other_kinds(folder):
    """What a refit of tastes stores is listed, shown and rolled back apart from
    the models of knowledge."""
    db = new_db(folder, "kinds.db", 30, 60)
    code(DONE, "train", "taste", "--db", db)
    shelf = told("model", "list", "--kind", "taste", "--db", db)
    tally.equal("one taste model", len(shelf["models"]), 1)
    tally.equal("it is champion", shelf["champion"],
                shelf["models"][0]["version"])
    page = code(DONE, "model", "show", "champion", "--kind", "taste", "--db",
                db).stdout
    tally.check("its page has its facts", "learners" in page, page)
    tally.equal("no model of knowledge",
                told("model", "list", "--db", db)["models"], [])
    code(COULD_NOT, "model", "add", db, "--kind", "taste", "--db", db)
    code(WRONG_USE, "model", "list", "--kind", "pie", "--db", db)
    code(DONE, "model", "rollback", "--kind", "taste", "--db", db)
    tally.equal("none is champion now", told(
        "model", "list", "--kind", "taste", "--db", db)["champion"], None)


def main():
    with Folder() as folder:
        def part(test):
            def run():
                test(folder)
            run.__name__ = test.__name__
            return run

        return tally.run([part(test) for test in (
            test_beside_a_server, test_damaged_champion, test_promotions,
            test_files, test_same_seed, test_ctrl_c, test_eval, test_eval_tsv,
            test_nonsense, test_other_kinds, test_train_every)])


if __name__ == "__main__":
    sys.exit(main())
