#!/usr/bin/python3
"""The Debian package: made, looked into, unpacked into a folder, run from there.

What the unit file says is checked by systemd-analyze with the path put right,
the settings it comes with by `piq config check`, and each metric that the
dashboard draws must be one that the daemon has. Skipped aloud where Debian's
tools are not there. The last line is "N passed, N failed, N skipped".
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
sys.dont_write_bytecode = True

import daemon as driver  # noqa: E402
from daemon import POKER, Daemon, Folder, Tally, must  # noqa: E402

TOOLS = ("dpkg-deb", "dpkg-shlibdeps", "make", "strip")
DASHBOARD = ROOT / "packaging" / "grafana" / "overview.json"
WANTED = {  # what must be in it, with the mode
    "./usr/bin/piq": "-rwxr-xr-x",
    "./usr/include/piq.h": "-rw-r--r--",
    "./lib/systemd/system/piq.service": "-rw-r--r--",
    "./etc/piq/piq.conf": "-rw-r--r--",
    "./usr/share/piq/sql/role.sql": "-rw-r--r--",
    "./usr/share/piq/poker.json": "-rw-r--r--",
    "./usr/share/piq/grafana/overview.json": "-rw-r--r--",
    "./usr/share/man/man1/piq.1.gz": "-rw-r--r--",
    "./usr/share/doc/piq/copyright": "-rw-r--r--",
}

tally = Tally()


def ask(*command):
    done = subprocess.run(command, check=False, text=True, cwd=ROOT,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    if not tally.equal(" ".join(map(str, command[:2])) + ": exit status",
                       done.returncode, 0):
        print(done.stdout[-2000:])
    return done.stdout


def build_folder():
    """Where the program was built: of the shipped one, whichever runs now."""
    folder = pathlib.Path(driver.PIQ).resolve().parent
    return folder if (folder / "settings").exists() else folder.parent


def make(folder):
    """With the compiler and the flags it was built with, so that nothing is
    built anew."""
    words = (folder / "settings").read_text().split(" | ")
    told = ask("make", "--no-print-directory", "deb", f"BUILD={folder}",
               f"CC={words[0].strip()}", f"CFLAGS={words[1].strip()}")
    last = told.strip().splitlines()[-1] if told.strip() else ""
    return last if last.endswith(".deb") and os.path.exists(last) else None


def look_into(package):
    listed = {}
    for line in ask("dpkg-deb", "-c", package).splitlines():
        mode, owner, _, _, _, name = line.split(None, 5)
        listed[name.split(" -> ")[0]] = mode
        tally.equal(f"{name}: owner", owner, "root/root")
    for name, mode in WANTED.items():
        tally.equal(f"{name}: mode", listed.get(name), mode)
    for pattern in (r"\./usr/lib/.*/libpiq\.so\.0$", r"\./usr/lib/.*/libpiq\.a$",
                    r"\./usr/lib/.*/pkgconfig/piq\.pc$"):
        tally.check(pattern, any(re.match(pattern, n) for n in listed))
    odd = [n for n in listed if not n.startswith(
        ("./usr/", "./lib/", "./etc/")) and n not in
        ("./", "./usr/", "./lib/", "./etc/")]
    tally.equal("nothing anywhere else", odd, [])
    version = re.search(r'define PIQ_VERSION "(.*)"',
                        (ROOT / "include" / "piq.h").read_text())[1]
    tally.equal("Version", ask("dpkg-deb", "-f", package, "Version").strip(),
                version)
    depends = ask("dpkg-deb", "-f", package, "Depends")
    for library in ("libc6", "libsqlite3", "libpq5", "libmicrohttpd",
                    "libjansson"):
        tally.check(f"depends on {library}", library in depends, depends)


def unpack(package, folder):
    ask("dpkg-deb", "-x", package, str(folder / "root"))
    ask("dpkg-deb", "-e", package, str(folder / "control"))
    root = folder / "root"
    tally.equal("conffiles", (folder / "control" / "conffiles").read_text(),
                "/etc/piq/piq.conf\n")
    done = subprocess.run(["md5sum", "-c", "--quiet",
                           folder / "control" / "md5sums"], cwd=root,
                          check=False, capture_output=True, text=True)
    tally.equal("md5sums", (done.returncode, done.stdout), (0, ""))
    return root


def without_debug(root):
    if not shutil.which("objdump"):
        tally.skip("sections of libpiq.a", "NO OBJDUMP")
        return
    for file in (*root.glob("usr/lib/*/libpiq.a"), root / "usr/bin/piq"):
        told = subprocess.run(["objdump", "-h", file], check=False, text=True,
                              capture_output=True).stdout
        tally.check(f"{file.name}: no debug sections",
                    ".debug_info" not in told)


def check_unit(root, folder):
    text = (root / "lib/systemd/system/piq.service").read_text()
    tally.check("the unit starts what is in the package",
                "ExecStart=/usr/bin/piq serve --config /etc/piq/piq.conf"
                in text)
    if not shutil.which("systemd-analyze"):
        tally.skip("the unit", "NO SYSTEMD-ANALYZE")
        return
    unit = folder / "piq.service"
    unit.write_text(text.replace("/usr/bin/piq", str(root / "usr/bin/piq"))
                    .replace("/etc/piq", str(root / "etc/piq")))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no",
                           str(unit)], check=False, text=True,
                          capture_output=True)
    ours = [line for line in done.stderr.splitlines() if "piq.service" in line]
    tally.equal("systemd-analyze verify", ours, [])


def check_settings(root):
    told = driver.piq("config", "check", "--config", root / "etc/piq/piq.conf")
    tally.equal(f"piq config check: {told.stderr}", told.returncode, 0)


def drawn():
    """Metrics that the dashboard asks for."""
    found = set()

    def walk(value):
        if isinstance(value, dict):
            for name, inside in value.items():
                if name in ("expr", "query") and isinstance(inside, str):
                    found.update(re.findall(r"\bpiq_[a-z0-9_]+", inside))
                walk(inside)
        elif isinstance(value, list):
            for inside in value:
                walk(inside)

    walk(json.loads(DASHBOARD.read_text()))
    return found


def run(root, folder):
    db = folder / "piq.db"
    must("version")
    must("simulate", "--learners", 5, "--events", 40, "--days", 20,
         "--curriculum", root / "usr/share/piq/poker.json", "--db", db)
    with Daemon(db) as served:
        for path in ("profile", "recommendations", "learning-path"):
            tally.equal(path, served.get(f"/api/users/1/{path}").status, 200)
        metrics = served.get("/metrics").body.decode()
    tally.equal("exit status", served.process.returncode, 0)
    names = set(re.findall(r"^# TYPE (\S+)", metrics, re.M))
    names |= set(re.findall(r"^(piq_[a-z0-9_]+)", metrics, re.M))
    asked = drawn()
    tally.check("the dashboard draws something", len(asked) > 5, asked)
    tally.equal("drawn, and not told by /metrics", sorted(asked - names), [])


def package():
    missing = [t for t in TOOLS if not shutil.which(t)]
    if missing:
        tally.skip("the package", f"NO {' '.join(missing).upper()}")
        return
    made = make(build_folder())
    if not tally.check("it was made", made):
        return
    look_into(made)
    with Folder() as folder:
        root = unpack(made, folder)
        without_debug(root)
        driver.PIQ = str(root / "usr/bin/piq")
        check_unit(root, folder)
        check_settings(root)
        run(root, folder)
    print(f"{os.path.getsize(made) / 2**20:.1f} MiB")


if __name__ == "__main__":
    assert POKER.exists()
    sys.exit(tally.run([package]))
