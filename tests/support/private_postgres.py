"""A PostgreSQL of a test's own, to be stopped, killed and started again: the
cluster of tools/with_postgres, and what can be done to it."""
import contextlib
import importlib.machinery
import importlib.util
import os
import pathlib
import signal
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
START_S = 60


def _load():
    path = str(ROOT / "tools" / "with_postgres")
    loader = importlib.machinery.SourceFileLoader("with_postgres", path)
    spec = importlib.util.spec_from_loader("with_postgres", loader)
    module = importlib.util.module_from_spec(spec)
    sys.modules["with_postgres"] = module
    loader.exec_module(module)
    return module


TOOL = _load()
Absent = TOOL.Absent


def descendants(pid):
    """Its children, and theirs."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError, IndexError):
            parent = int((entry / "stat").read_text().rsplit(")", 1)[1]
                         .split()[1])
            if parent == pid:
                found += [int(entry.name), *descendants(int(entry.name))]
    return found


class Server:
    """A cluster for the length of a `with`. Raises Absent where there is no
    server to start."""

    def __init__(self):
        TOOL.server_folder()
        self.host = TOOL.Host()
        self.cluster = TOOL.Cluster(self.host)
        self.stopped = []

    def __enter__(self):
        try:
            self.cluster.make()
            self.cluster.start()
            self.cluster.fill()
        except BaseException:
            self.host.close()
            raise
        return self

    def __exit__(self, *_):
        self.go_on()
        self.host.close()

    @property
    def process(self):
        return self.host.children[-1]

    def conninfo(self, port=None):
        """By the socket, or by a port of this machine."""
        told = self.cluster.conninfo()
        if port is None:
            return told
        words = dict(w.split("=", 1) for w in told.split())
        words.update(host="127.0.0.1", port=str(port), sslmode="disable")
        return " ".join(f"{k}={v}" for k, v in words.items())

    def everybody(self):
        return [self.process.pid, *descendants(self.process.pid)]

    def hold(self):
        """SIGSTOP to all of it: it answers nobody, and refuses nobody."""
        self.stopped = self.everybody()
        for pid in self.stopped:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)

    def go_on(self):
        for pid in self.stopped:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        self.stopped = []

    def stop(self):
        """As `pg_ctl stop -m fast`."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(START_S)

    def kill(self):
        """The postmaster by kill -9; its children find out and leave."""
        children = descendants(self.process.pid)
        self.process.kill()
        self.process.wait(START_S)
        return children

    def kill_backend(self):
        """One that serves a client, by kill -9: the server throws everybody
        out and recovers."""
        for pid in descendants(self.process.pid):
            with contextlib.suppress(OSError):
                name = pathlib.Path(f"/proc/{pid}/cmdline").read_text()
                if "127.0.0.1" in name or "[local]" in name:
                    os.kill(pid, signal.SIGKILL)
                    return
        raise RuntimeError("no backend serves anybody")

    def start(self):
        """Again; a little later where what was killed is not gone yet."""
        until = time.monotonic() + START_S
        while True:
            try:
                self.cluster.start()
                return
            except RuntimeError:
                self.host.children.pop()
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)
