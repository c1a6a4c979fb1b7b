#!/usr/bin/python3
"""Answers of real learners, imported, then asked for over HTTP: every reply
keeps the contract.

The data are ASSISTments answers with their times, 342 learners, below
$PIQ_SHARED; without them the test is skipped. The last line is
"N passed, N failed, N skipped".
"""
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
sys.dont_write_bytecode = True

from contract_check import Contract  # noqa: E402
from daemon import SHARED, Daemon, Folder, Tally, must, strict  # noqa: E402

DATA = SHARED / "data" / "kt" / "assist17_timestamps"
READS = ("profile", "recommendations", "recommendations?type=lesson&limit=20",
         "learning-path", "progress-analytics", "skill-predictions",
         "skill-predictions?days=365")
LEARNERS = 20

tally = Tally()
contract = Contract()


def ask(daemon, user):
    for read in READS:
        reply = daemon.get(f"/api/users/{user}/{read}")
        name = f"{read} of learner {user}"
        template = f"/api/users/{{userId}}/{read.split('?')[0]}"
        if tally.equal(name, reply.status, 200):
            tally.equal(name, contract.faults(template, reply), [])
    slate = daemon.get(f"/api/users/{user}/recommendations").json
    for r in slate["recommendations"]:
        why = r["reasoning"]
        total = why["baseline"] + sum(c["contribution"]
                                      for c in why["contributions"])
        tally.check(f"the explanation of {r['id']} sums up",
                    abs(total - why["score"]) <= 1e-6, r)
    totals = daemon.get(
        f"/api/users/{user}/progress-analytics").json["totals"]
    tally.check(f"learner {user} has answers", totals["answers"] > 0, totals)


def real_learners():
    files = sorted(DATA.glob("*.csv"))
    with Folder() as folder:
        db = folder / "real.db"
        told = strict(must("import", "--format", "kt-tsv", files[0], "--json",
                           "--db", db, timeout=300))
        tally.check("all answers came in", told["accepted"] > 10000, told)
        users = sorted({line.split('"')[3] for line in
                        must("export", "--db", db).splitlines()}, key=int)
        tally.check("there are learners", len(users) >= 300, len(users))
        with Daemon(db) as daemon:
            for k in range(LEARNERS):
                ask(daemon, users[k * (len(users) - 1) // (LEARNERS - 1)])
            tally.equal("the catalogue", contract.faults(
                "/api/catalogue", daemon.get("/api/catalogue")), [])
        tally.equal("exit status", daemon.process.returncode, 0)


def main():
    if not DATA.is_dir():
        tally.skip("real learners", f"there is no {DATA.name} below "
                   "$PIQ_SHARED/data/kt")
        return tally.end()
    return tally.run([real_learners])


if __name__ == "__main__":
    sys.exit(main())
