#!/usr/bin/python3
"""The dashboard: its own tests (vitest), its bytes, and a browser against a
real `piq serve` on SQLite with simulated learners, then Lighthouse.

Where npm, a new enough Node or the packages are not to be had, all of it is
skipped aloud; where chromium is absent, the browser's part is. Screenshots go
to build/screenshots. Bytes, axe and layout shift are gates; times are told.

One line a failure; the last line is "N passed, N failed, N skipped".
"""
import gzip
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
sys.dont_write_bytecode = True

import credentials  # noqa: E402
from daemon import PIQ, POKER, Folder, Tally, must  # noqa: E402

WEB = ROOT / "web"
LEARNERS, EVENTS = 12, 150
YEAR = 950  # a learner with a year of history
# gzip, as DASHBOARD sizes are counted: the page's first scripts, the path's
# own, all styles.
MOST_INITIAL, MOST_PATH, MOST_CSS = 120_000, 90_000, 15_000

tally = Tally()


def build_folder():
    """Where this program was built; its sanitized twins share the page."""
    folder = pathlib.Path(PIQ).resolve().parent
    return folder.parent if folder.name in ("asan", "tsan") else folder


def node_environment(build):
    """None: there is no dashboard here, and that was said."""
    for arguments in ([], ["--node"]):
        done = subprocess.run([ROOT / "tools" / "build_web", build, *arguments],
                              capture_output=True, text=True, check=False)
        if done.returncode == 3:
            tally.skip("the dashboard", done.stderr.strip())
            return None
        if not tally.check("make web", done.returncode == 0, done.stderr):
            return None
    path = done.stdout.strip() + os.pathsep + os.environ["PATH"]
    return {**os.environ, "PATH": path, "CI": "1"}


def start_vitest(environment, folder):
    """Beside the builds, which leave a core idle now and then."""
    log = (folder / "vitest.log").open("wb")
    return subprocess.Popen(
        ["node", "node_modules/vitest/vitest.mjs", "run", "--reporter=json",
         f"--outputFile={folder / 'vitest.json'}"], cwd=WEB, env=environment,
        stdin=subprocess.DEVNULL, stdout=log, stderr=log)


def judge_vitest(running, folder):
    running.wait()
    report = folder / "vitest.json"
    if not report.exists():
        tally.check("vitest", False, (folder / "vitest.log").read_text())
        return
    said = json.loads(report.read_text(encoding="utf-8"))
    for file in said["testResults"]:
        for test in file["assertionResults"]:
            tally.check(test["fullName"], test["status"] == "passed",
                        "\n".join(test["failureMessages"]))
        if not file["assertionResults"]:
            tally.check(file["name"], False, file["message"])


def gzipped(paths):
    return sum(len(gzip.compress(p.read_bytes(), 9)) for p in paths)


def check_bytes(page):
    """Gates what a first visit and a look at the path bring."""
    assets = page / "assets"
    index = (page / "index.html").read_text(encoding="utf-8")
    first = {assets / name for name in
             re.findall(r'/assets/([\w.-]+\.js)"', index)}
    # What the entry imports statically comes with it.
    todo = list(first)
    while todo:
        text = todo.pop().read_text(encoding="utf-8")
        for name in re.findall(r'(?:from|import)\s*"\./([\w.-]+\.js)"', text):
            if assets / name not in first:
                first.add(assets / name)
                todo.append(assets / name)
    graph = [p for p in assets.glob("PathGraph-*.js")]
    for what, found, most in (
            ("initial JS", gzipped(first), MOST_INITIAL),
            ("path chunk", gzipped(graph), MOST_PATH),
            ("CSS", gzipped(assets.glob("*.css")), MOST_CSS)):
        print(f"{what}: {found} bytes, gzip; at most {most}", flush=True)
        tally.check(f"bytes: {what}", found <= most, found)
    for path in page.rglob("*"):
        if path.suffix in (".js", ".css"):
            tally.check(f"{path.name} is there as .br and .gz",
                        path.with_name(path.name + ".br").exists() and
                        path.with_name(path.name + ".gz").exists())
    tally.check("no inline script or style",
                not re.search(r"<style|<script(?![^>]*\bsrc=)|style=", index))


class Server:
    """`piq serve` on a terminal, which is where it prints its link."""

    def __init__(self, db, *arguments):
        self.master, slave = os.openpty()
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [PIQ, "serve", "--db", str(db), "--port", "0", *arguments],
            stdin=subprocess.DEVNULL, stdout=slave, stderr=self.log)
        os.close(slave)
        shown = b""
        while not (credentials.LINK.search(shown.decode()) and
                   shown.endswith(b"\n")):
            shown += os.read(self.master, 4096)
        found = credentials.LINK.search(shown.decode())
        self.url, self.link = found[1], found[0]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        os.close(self.master)
        self.log.close()


def build_with(environment, what, out, *arguments):
    """One more build by vite, into `out`; whether it came about."""
    done = subprocess.run(
        ["node", "node_modules/vite/bin/vite.js", "build", *arguments],
        cwd=WEB, env={**environment, "PIQ_WEB_OUT": str(out)},
        capture_output=True, text=True, check=False)
    return tally.check(f"{what} builds", done.returncode == 0,
                       done.stdout + done.stderr)


def build_example(environment, out):
    """The app that embeds the package as npm would install it."""
    done = subprocess.run(
        ["node", "node_modules/typescript/bin/tsc", "-p",
         "examples/embed/tsconfig.json"], cwd=WEB, env=environment,
        capture_output=True, text=True, check=False)
    tally.check("the example's types", done.returncode == 0, done.stdout)
    return build_with(environment, "the example", out, "examples/embed",
                      "--outDir", str(out))


def install_lighthouse(environment, build):
    """Its folder, or None where npm has it not: that is said. Its packages are
    more than the dashboard's own, so only this test brings them."""
    own = WEB / "lighthouse"
    folder = build / "lighthouse"
    folder.mkdir(exist_ok=True)
    lock = (own / "package-lock.json").read_bytes()
    done = folder / ".installed"
    if done.exists() and done.read_bytes() == lock:
        return folder
    for name in ("package.json", "package-lock.json", ".npmrc"):
        (folder / name).write_bytes((own / name).read_bytes())
    npm = subprocess.run(
        ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=folder, env=environment, capture_output=True, text=True,
        check=False)
    if npm.returncode:
        tally.skip("Lighthouse", f"NPM COULD NOT FETCH IT: {npm.stderr[-300:]}")
        return None
    done.write_bytes(lock)
    return folder


def simulate(db):
    must("catalogue", "load", POKER, "--db", db)
    must("simulate", "--learners", LEARNERS, "--events", EVENTS, "--days", 60,
         "--db", db)
    must("simulate", "--learners", 1, "--first-user", YEAR, "--events", 1500,
         "--days", 365, "--db", db)


def prepare(environment, build, folder):
    """All that the browser's part stands on; None where it does not build."""
    fixtures = folder / "fixtures"
    embedded = folder / "embedded"
    if not (build_with(environment, "the page of fixtures", fixtures, "--mode",
                       "fixtures") and build_example(environment, embedded)):
        return None
    db = folder / "dashboard.db"
    simulate(db)
    return {"db": db, "fixtures": fixtures, "embedded": embedded,
            "lighthouse": install_lighthouse(environment, build)}


def run_browser(environment, build, folder, ready):
    db = ready["db"]
    signer = credentials.Signer(db)
    credentials.assign(db, "nora", [2, 3, 900])
    shots = build / "screenshots"
    shots.mkdir(exist_ok=True)
    with Server(db, "--pages", str(build / "web")) as server, \
            Server(folder / "none.db", "--pages", str(ready["fixtures"])) as drawn, \
            Server(db, "--pages", str(ready["embedded"])) as school:
        given = {"url": server.url, "link": server.link,
                 "fixtures": drawn.url, "school": school.url,
                 "screenshots": str(shots),
                 "lighthouse": str(ready["lighthouse"] or ""),
                 "year": signer.token(sub=str(YEAR), role="learner"),
                 "platform": credentials.make_key(db),
                 "learner": signer.token(sub="2", role="learner"),
                 "coach": signer.token(sub="nora", role="coach")}
        done = subprocess.run(
            ["node", "e2e/all.mjs"], cwd=WEB, text=True, check=False,
            env={**environment, "PIQ_E2E": json.dumps(given)},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    ended = False
    for line in done.stdout.splitlines():
        if line.startswith("ok "):
            tally.passed += 1
        elif line.startswith("not ok "):
            tally.check(*(line[7:].split(" -- ", 1) + [""])[:1], False,
                        line[7:])
        else:
            ended = ended or line == "end"
            print(line)
    tally.check("the browser's tests came to their end", ended,
                done.stdout[-1500:])


def has_chromium():
    return any(os.path.exists(path) for path in
               ("/usr/bin/chromium", "/usr/bin/chromium-browser"))


def main():
    build = build_folder()
    environment = node_environment(build)
    if environment is None:
        return tally.end()
    with Folder() as folder:
        running = start_vitest(environment, folder)
        check_bytes(build / "web")
        ready = has_chromium() and prepare(environment, build, folder)
        judge_vitest(running, folder)
        if ready:
            run_browser(environment, build, folder, ready)
        elif not has_chromium():
            tally.skip("the browser", "CHROMIUM IS NOT INSTALLED")
    return tally.end()


if __name__ == "__main__":
    sys.exit(main())
