#!/usr/bin/python3
"""A crash of PostgreSQL under commits, and its standby promoted.

Starts a server and a synchronous standby of their own (tools/with_postgres
--replica) and runs tests/fault/test_postgres_failover beside them, ROUNDS
times. The last line is "N passed, N failed, N skipped".

PIQ_FAILOVER_ROUNDS: how often (default 1).
"""
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROUNDS = int(os.environ.get("PIQ_FAILOVER_ROUNDS", "1"))
NOT_HERE = 77


def program():
    built = pathlib.Path(os.environ.get("PIQ_BIN", ROOT / "build" / "piq"))
    return built.parent / "tests" / "fault" / "test_postgres_failover"


def one_round():
    """Exit status of a round: 0 passed, 77 no server to start."""
    done = subprocess.run(
        [ROOT / "tools" / "with_postgres", "--replica", "--", program()],
        check=False, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT)
    if done.returncode != 0 or "[  PASSED  ] 1 test" not in done.stdout:
        print(done.stdout)
    return done.returncode


def main():
    if not program().exists():
        print(f"{program()} is not built: skipped")
        print("0 passed, 0 failed, 1 skipped")
        return 0
    passed = failed = skipped = 0
    for _ in range(ROUNDS):
        status = one_round()
        passed += status == 0
        skipped += status == NOT_HERE
        failed += status not in (0, NOT_HERE)
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
