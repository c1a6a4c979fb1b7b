#!/usr/bin/python3
"""Settings of piq serve: file, environment, flags, which one wins, and what is
refused before anything is opened.

One line a failure; the last line is "N passed, N failed, N skipped".
"""
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
sys.dont_write_bytecode = True

from daemon import PIQ, Folder, Tally, strict  # noqa: E402

DONE, COULD_NOT, WRONG_USE = 0, 1, 2

tally = Tally()


def run(*arguments, **variables):
    env = {k: v for k, v in os.environ.items() if not k.startswith("PIQ_")}
    return subprocess.run([PIQ, *map(str, arguments)], text=True, timeout=30,
                          env={**env, **variables}, capture_output=True)


def told(*arguments, **variables):
    done = run("config", "check", "--json", *arguments, **variables)
    tally.equal(f"config check {arguments} {variables}", done.returncode, DONE)
    return strict(done.stdout)


def refused(says, *arguments, **variables):
    """The same words from config check and from serve, which opens nothing."""
    for command in (("config", "check"), ("serve", "--db", "/nonexistent/x")):
        done = run(*command, *arguments, **variables)
        name = f"piq {' '.join(command)} {arguments} {variables}"
        tally.check(f"{name} is refused", done.returncode in
                    (COULD_NOT, WRONG_USE), done)
        tally.check(f"{name} says {says}", says in done.stderr, done.stderr)


def test_order(folder):
    """Default, file, environment, flag: later ones win."""
    file = folder / "piq.conf"
    file.write_text("# ours\n\n  port = 81 \nthreads=3\r\nlog = json\n"
                    "no-exploration = true")
    tally.equal("default", told()["port"],
                {"value": "8080", "from": "default"})
    of_file = told("--config", file)
    tally.equal("file", of_file["port"], {"value": "81", "from": "file"})
    tally.equal("line with CR", of_file["threads"]["value"], "3")
    tally.equal("flag in a file", of_file["no-exploration"]["value"], "true")
    tally.equal("PIQ_CONFIG", told(PIQ_CONFIG=str(file))["port"]["value"], "81")
    both = told(f"--config={file}", PIQ_PORT="82")
    tally.equal("environment", both["port"],
                {"value": "82", "from": "environment"})
    tally.equal("the file's other lines stay", both["threads"]["value"], "3")
    by_flag = told("--config", file, "--port", "83", "--thr=4", "--db", "x.db",
                   PIQ_PORT="82")
    for name, value in (("config", str(file)), ("port", "83"),
                        ("threads", "4"), ("db", "x.db")):
        tally.equal(f"flag {name}", by_flag[name],
                    {"value": value, "from": "flag"})
    tally.equal("no flag", by_flag["log"], {"value": "json", "from": "file"})
    tally.equal("the default database", told()["db"],
                {"value": "piq.db", "from": "default"})


def test_refusals(folder):
    file = folder / "bad.conf"
    for line, says in (("portt = 1", "no setting"), ("port = 65536", "65535"),
                       ("port =", "port"), ("port", "name = value"),
                       ("no-exploration = yes", "true or false"),
                       ("log = xml", "text or json"),
                       ("log-level = loud", "debug, info"),
                       ("port = 1\x000", "port")):
        file.write_text("threads = 2\n" + line + "\n")
        refused(says, "--config", file)
    file.write_text("threads = 2\nport = x\n")
    refused("bad.conf:2", "--config", file)
    refused("PIQ_PORT", PIQ_PORT="x")
    refused("loopback", "--open", "--address", "0.0.0.0")
    refused("none.conf", "--config", folder / "none.conf")
    file.write_bytes(b"#" * (1 << 20) + b"\n\n")
    refused("larger", "--config", file)


def test_others_are_left_alone():
    tally.equal("a variable of another program",
                told(PIQ_NOT_OURS="1")["port"]["value"], "8080")


def test_secrets_are_not_shown():
    for db in ("postgres://me:hush@host/piq", "host=h password=hush user=me",
               "postgres://h/d?password=hush&x=1"):
        done = run("config", "check", PIQ_DB=db)
        tally.equal("exit status", done.returncode, DONE)
        tally.check("no password", "hush" not in done.stdout, done.stdout)
        tally.check("the rest stays", "h" in done.stdout)


def main():
    with Folder() as folder:
        return tally.run([
            lambda: test_order(folder), lambda: test_refusals(folder),
            test_others_are_left_alone, test_secrets_are_not_shown])


if __name__ == "__main__":
    sys.exit(main())
