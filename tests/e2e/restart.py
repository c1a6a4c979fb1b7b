#!/usr/bin/python3
"""Restarts under load: nobody is refused, nothing that was acknowledged lost.

Clients open a new connection for every request, and others keep theirs, while
SIGUSR2 makes the daemon hand its socket to a successor, several times. No new
connection may be refused or reset, and afterwards every acknowledged event is
posted again and must be a duplicate, and all states replay to the same bytes.
A successor that cannot start changes nothing; a socket that was passed on in
systemd's way is served; SIGHUP brings another certificate.

PIQ_RESTART_ROUNDS: restarts (default 4).
The last line is "N passed, N failed, N skipped".
"""
import datetime
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
sys.dont_write_bytecode = True

import daemon as support  # noqa: E402
from daemon import PIQ, POKER, Daemon, Folder, Tally, must  # noqa: E402

ROUNDS = int(os.environ.get("PIQ_RESTART_ROUNDS", "4"))
N_NEW = 4    # clients with a new connection for each request
N_KEPT = 3   # clients that keep theirs
WAIT_S = 60

tally = Tally()


def wait_for(what, holds):
    """Polls a state of another process; the wait has an end."""
    until = time.monotonic() + WAIT_S
    while time.monotonic() < until:
        found = holds()
        if found:
            return found
        time.sleep(0.02)
    raise RuntimeError(f"waited in vain for {what}")


class Client(threading.Thread):
    def __init__(self, port, number, keeps):
        super().__init__(daemon=True)
        self.port = port
        self.number = number
        self.keeps = keeps
        self.connection = None
        self.n = self.asked = 0
        self.acknowledged = []
        self.broken = []   # what a new connection must never see
        self.closed = 0    # a kept one that ended between two requests
        self.refused = []
        self.stop = threading.Event()

    def event(self):
        self.n += 1
        at = datetime.datetime.now(datetime.timezone.utc)
        return {"event_id": f"r{self.number}-{self.n}",
                "at": at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
                "type": "review", "concept": "odd.outs",
                "rating": 1 + self.n % 4}

    def post(self, event):
        user = 1 + self.number % 5
        self.connection.request("POST", f"/api/users/{user}/events",
                                json.dumps(event).encode(),
                                {"Content-Type": "application/json",
                                 "Authorization": f"Bearer {self.key}"})
        reply = self.connection.getresponse()
        reply.read()
        if reply.status == 200:
            self.acknowledged.append((user, event))
        else:
            self.refused.append(reply.status)
        return reply

    def once(self):
        fresh = self.connection is None
        if fresh:
            self.connection = http.client.HTTPConnection(
                "127.0.0.1", self.port, timeout=WAIT_S)
        event = self.event()
        try:
            reply = self.post(event)
            self.asked += 1
            done = reply.will_close or not self.keeps
        except (OSError, http.client.HTTPException) as error:
            done = True
            if fresh:
                self.broken.append(repr(error))
            else:
                self.closed += 1
        if done:
            self.connection.close()
            self.connection = None

    def run(self):
        while not self.stop.is_set():
            self.once()
        if self.connection:
            self.connection.close()


def successor(log, known):
    """The pid of the process that was handed over to last."""
    pids = re.findall(r'"handed over"\D*(\d+)', log())
    return int(pids[-1]) if len(pids) > known else 0


def gone(pid):
    try:
        state = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return True
    return state.rsplit(")", 1)[1].split()[0] == "Z"


def end(pid):
    os.kill(pid, signal.SIGTERM)
    wait_for("the end", lambda: gone(pid))


def restart(server, pid, known):
    os.kill(pid, signal.SIGUSR2)
    new = wait_for("the successor", lambda: successor(server.said, known))
    wait_for("the end of the old one", lambda: gone(pid))
    return new


def restarts_under_load():
    with Folder() as folder:
        db = folder / "piq.db"
        must("catalogue", "load", str(POKER), "--db", str(db))
        server = Daemon(db)
        pid = server.process.pid
        clients = [Client(server.port, i, i >= N_NEW)
                   for i in range(N_NEW + N_KEPT)]
        Client.key = server.key
        for c in clients:
            c.start()
        try:
            for known in range(ROUNDS):
                wait_for("some load", lambda n=sum(c.asked for c in clients):
                         sum(c.asked for c in clients) > n + 100)
                pid = restart(server, pid, known)
                if known == 0:
                    tally.equal("the old one ends with 0",
                                server.process.wait(WAIT_S), 0)
        finally:
            for c in clients:
                c.stop.set()
            for c in clients:
                c.join(WAIT_S)
        judge(server, clients, db, pid)
        end(pid)
        server.process.stdout.close()


def judge(server, clients, db, pid):
    new = clients[:N_NEW]
    tally.equal("no new connection was refused or reset",
                [b for c in clients for b in c.broken], [])
    tally.equal("no request was answered otherwise than 200",
                [r for c in clients for r in c.refused], [])
    tally.check("each client got answers", all(c.asked > 20 for c in clients))
    acknowledged = [p for c in clients for p in c.acknowledged]
    lost = []
    for user, event in acknowledged:
        reply = server.post(f"/api/users/{user}/events", event)
        if reply.status != 200 or reply.json["duplicates"] != 1:
            lost.append((user, event, reply))
    tally.equal("acknowledged events are there once", lost, [])
    done = support.piq("replay", "--db", str(db))
    tally.equal("states replay", done.returncode, 0)
    print(f"{ROUNDS} restarts: {sum(c.asked for c in new)} requests on new "
          f"connections, {sum(c.asked for c in clients[N_NEW:])} on kept ones "
          f"({sum(c.closed for c in clients)} closed between two), "
          f"{len(acknowledged)} events, pid {pid}", flush=True)


def certificate(folder, name):
    """A self-signed pair, as openssl makes it."""
    cert, key = folder / f"{name}.crt", folder / f"{name}.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:P-256", "-nodes", "-keyout", str(key), "-out",
         str(cert), "-days", "2", "-subj", f"/CN={name}", "-addext",
         "subjectAltName=IP:127.0.0.1"],
        check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return cert, key


def shown_certificate(port):
    return ssl.get_server_certificate(("127.0.0.1", port))


class Tls:
    """A daemon that speaks TLS; Daemon expects plain HTTP."""

    def __init__(self, folder, db, cert, key):
        self.log = open(folder / "log", "w+b")
        self.process = subprocess.Popen(
            [PIQ, "serve", "--db", str(db), "--port", "0", "--tls-cert",
             str(cert), "--tls-key", str(key)], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=self.log)
        line = self.process.stdout.readline().decode()
        found = re.search(r"https://127\.0\.0\.1:(\d+)", line)
        if not found:
            raise RuntimeError(f"piq serve said {line!r}")
        self.port = int(found[1])

    def said(self):
        self.log.seek(0)
        return self.log.read().decode()

    def get(self, path, trusted):
        context = ssl.create_default_context(cafile=str(trusted))
        c = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=WAIT_S,
                                        context=context)
        c.request("GET", path)
        reply = c.getresponse()
        reply.read()
        c.close()
        return reply


def tls_and_its_reload():
    if not shutil.which("openssl"):
        tally.skip("TLS", "there is no openssl to make certificates")
        return
    with Folder() as folder:
        db = folder / "piq.db"
        must("catalogue", "load", str(POKER), "--db", str(db))
        first, first_key = certificate(folder, "first")
        second, second_key = certificate(folder, "second")
        cert, key = folder / "now.crt", folder / "now.key"
        shutil.copy(first, cert)
        shutil.copy(first_key, key)
        refused = support.piq("serve", "--db", str(db), "--port", "0",
                              "--tls-cert", str(first), "--tls-key",
                              str(second_key))
        tally.equal("a key of another certificate", refused.returncode, 1)
        tally.check("is named", "key is not that of the certificate"
                    in refused.stderr, refused.stderr)
        server = Tls(folder, db, cert, key)
        pid = server.process.pid
        reply = server.get("/readyz", first)
        tally.equal("served by TLS", reply.status, 200)
        tally.check("with HSTS", reply.headers["Strict-Transport-Security"])

        shutil.copy(second, cert)  # the key does not fit yet
        os.kill(pid, signal.SIGHUP)
        wait_for("the refusal", lambda: "was not reloaded" in server.said())
        tally.equal("the pair before stays",
                    server.get("/readyz", first).status, 200)
        shutil.copy(second_key, key)
        os.kill(pid, signal.SIGHUP)
        wait_for("the reload", lambda: "certificate was reloaded"
                 in server.said())
        tally.equal("the new pair is shown",
                    server.get("/readyz", second).status, 200)

        key.unlink()
        os.kill(pid, signal.SIGUSR2)
        wait_for("the refusal", lambda: "this process goes on"
                 in server.said())
        tally.check("a successor that cannot start changes nothing",
                    server.get("/readyz", second).status == 200 and
                    not gone(pid), server.said())
        shutil.copy(second_key, key)
        new = restart(server, pid, 0)
        tally.equal("restarted with TLS",
                    server.get("/readyz", second).status, 200)
        end(new)
        server.process.wait(WAIT_S)
        server.process.stdout.close()
        server.log.close()


def socket_passed_on():
    """As systemd does it: socket 3, LISTEN_PID and LISTEN_FDS."""
    with Folder() as folder:
        db = folder / "piq.db"
        must("catalogue", "load", str(POKER), "--db", str(db))
        listening = socket.create_server(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        # Asked before anybody serves: it waits in the socket's queue.
        early = socket.create_connection(("127.0.0.1", port), WAIT_S)
        early.sendall(b"GET /healthz HTTP/1.1\r\nHost: t\r\n\r\n")
        fd = listening.fileno()
        process = subprocess.Popen(
            ["/bin/sh", "-c", f'LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" serve '
             f'--db "$1" --port 1 3<&{fd}', PIQ, str(db)],
            pass_fds=[fd], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL)
        line = process.stdout.readline().decode()
        tally.check("the port is the socket's",
                    f"http://127.0.0.1:{port}" in line, line)
        tally.check("the early one is served",
                    early.recv(100).startswith(b"HTTP/1.1 200"))
        early.close()
        process.send_signal(signal.SIGTERM)
        tally.equal("ends with 0", process.wait(WAIT_S), 0)
        process.stdout.close()
        listening.close()


if __name__ == "__main__":
    sys.exit(tally.run([restarts_under_load, tls_and_its_reload,
                        socket_passed_on]))
