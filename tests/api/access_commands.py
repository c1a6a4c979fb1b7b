#!/usr/bin/python3
"""piq key, signer, coach, token and audit, beside another implementation of
tokens (PyJWT): what one signs, the other takes, and what is taken back is
taken back in a server that runs.

One line a failure; the last line is "N passed, N failed, N skipped".
"""
import http.client
import json
import pathlib
import re
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
sys.dont_write_bytecode = True

import jwt  # noqa: E402
from cryptography.hazmat.primitives import serialization  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import (  # noqa: E402
    ed25519, rsa)

from daemon import PIQ, POKER, TIMEOUT_S, Folder, Tally, must, piq  # noqa: E402

DONE, COULD_NOT, WRONG_USE = 0, 1, 2
# Records are read again every two seconds.
RELOAD_S = 2.5

tally = Tally()


def new_db(folder):
    db = folder / "piq.db"
    must("catalogue", "load", POKER, "--db", db)
    return db


def fails(code, words, *arguments):
    done = piq(*arguments)
    name = "piq " + " ".join(map(str, arguments))
    tally.equal(f"exit status of {name}", done.returncode, code)
    tally.check(f"{name} says why", words in done.stderr, done.stderr)


def write_keys(folder):
    """Private and public halves; a secret."""
    pem = serialization.Encoding.PEM
    for name, key in (("rs", rsa.generate_private_key(65537, 2048)),
                      ("ed", ed25519.Ed25519PrivateKey.generate())):
        (folder / f"{name}.key").write_bytes(key.private_bytes(
            pem, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption()))
        (folder / f"{name}.pub").write_bytes(key.public_key().public_bytes(
            pem, serialization.PublicFormat.SubjectPublicKeyInfo))
    (folder / "hs.key").write_text("a secret of our own, of 40 letters or so\n")


KINDS = (("rs", "RS256", "rs.pub"), ("ed", "EdDSA", "ed.pub"),
         ("hs", "HS256", "hs.key"))


def test_keys():
    with Folder() as folder:
        fails(COULD_NOT, "there is no file", "key", "list", "--db",
              folder / "none.db")
        db = new_db(folder)
        made = piq("key", "create", "--name", "shop", "--scope",
                   "events:write,profile:read", "--db", db)
        tally.check("a key is printed alone", re.fullmatch(
            r"piq_[0-9a-f]{12}_[A-Za-z0-9_-]{43}\n", made.stdout), made)
        other = json.loads(must("key", "create", "--name", "b", "--scope",
                                "admin", "--tenant", "7", "--days", "2",
                                "--rate", "5", "--json", "--db", db))
        tally.equal("its tenant", other["tenant"], 7)
        listed = must("key", "list", "--json", "--db", db)
        keys = json.loads(listed)["keys"]
        tally.equal("names", sorted(k["name"] for k in keys), ["b", "shop"])
        for secret in (made.stdout.strip(), other["key"]):
            tally.check("no secret is listed", secret[17:] not in listed +
                        must("key", "list", "--db", db))
            tally.check("no secret is stored",
                        secret[17:].encode() not in db.read_bytes())
        must("key", "revoke", other["id"], "--db", db)
        fails(COULD_NOT, "there is no API key", "key", "revoke", other["id"],
              "--db", db)
        fails(COULD_NOT, "no list of scopes", "key", "create", "--name", "x",
              "--scope", "all", "--db", db)
        fails(COULD_NOT, "tenant 0", "key", "create", "--name", "x", "--scope",
              "catalogue:write", "--tenant", "1", "--db", db)
        fails(WRONG_USE, "--name", "key", "create", "--db", db)
        fails(WRONG_USE, "expected", "key", "brew", "--db", db)


def test_signers_and_tokens():
    with Folder() as folder:
        db = new_db(folder)
        write_keys(folder)
        for kid, algorithm, public in KINDS:
            must("signer", "add", "--kid", kid, "--alg", algorithm, "--key",
                 folder / public, "--db", db)
            token = must("token", "make", "--kid", kid, "--key",
                         folder / f"{kid}.key", "--sub", "12", "--minutes",
                         "5").strip()
            key = (folder / public).read_text()
            claims = jwt.decode(token, key.rstrip("\n") if kid == "hs" else key,
                                algorithms=[algorithm], audience="piq")
            tally.equal(f"{kid}: subject", claims["sub"], "12")
            tally.equal(f"{kid}: life", claims["exp"] - claims["iat"], 300)
            tally.equal(f"{kid}: header", jwt.get_unverified_header(token),
                        {"alg": algorithm, "typ": "JWT", "kid": kid})
        signers = json.loads(must("signer", "list", "--json", "--db", db))
        tally.equal("signers", [(s["kid"], s["algorithm"])
                                for s in signers["signers"]],
                    [("ed", "EdDSA"), ("hs", "HS256"), ("rs", "RS256")])
        fails(COULD_NOT, "already", "signer", "add", "--kid", "ed", "--alg",
              "EdDSA", "--key", folder / "ed.pub", "--db", db)
        fails(COULD_NOT, "private key", "signer", "add", "--kid", "x", "--alg",
              "EdDSA", "--key", folder / "ed.key", "--db", db)
        fails(COULD_NOT, "PEM is no secret", "signer", "add", "--kid", "x",
              "--alg", "HS256", "--key", folder / "rs.pub", "--db", db)
        must("signer", "drop", "ed", "--db", db)
        fails(COULD_NOT, "there is no signer", "signer", "drop", "ed", "--db",
              db)


def test_coaches():
    with Folder() as folder:
        db = new_db(folder)
        must("coach", "assign", "anna", 9, 3, 12, 3, "--db", db)
        shown = json.loads(must("coach", "show", "anna", "--json", "--db", db))
        tally.equal("learners", shown["learners"], [3, 9, 12])
        must("coach", "assign", "anna", 4, "--tenant", 7, "--db", db)
        tally.equal("of tenant 7",
                    must("coach", "show", "anna", "--tenant", 7, "--db", db),
                    "4\n")
        must("coach", "assign", "anna", "--db", db)
        tally.equal("nobody", must("coach", "show", "anna", "--db", db), "")
        fails(COULD_NOT, "no learner", "coach", "assign", "anna", "x", "--db",
              db)


class Closed:
    """`piq serve` as it comes: nothing without a credential."""

    def __init__(self, db):
        self.process = subprocess.Popen(
            [PIQ, "serve", "--db", str(db), "--port", "0"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL)
        line = self.process.stdout.readline().decode()
        self.port = int(re.search(r":(\d+)", line)[1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(TIMEOUT_S)
        self.process.stdout.close()

    def status(self, path, credential=None):
        c = http.client.HTTPConnection("127.0.0.1", self.port,
                                       timeout=TIMEOUT_S)
        head = {"Authorization": f"Bearer {credential}"} if credential else {}
        c.request("GET", path, headers=head)
        answer = c.getresponse()
        answer.read()
        c.close()
        return answer.status


def token_of(folder, kid, algorithm, **more):
    now = int(time.time())
    key = (folder / f"{kid}.key").read_text()
    claims = {"sub": "12", "aud": "piq", "iat": now, "exp": now + 600, **more}
    return jwt.encode(claims, key.rstrip("\n") if kid == "hs" else key,
                      algorithm, headers={"kid": kid})


def test_a_server_that_runs():
    with Folder() as folder:
        db = new_db(folder)
        write_keys(folder)
        must("simulate", "--db", db, "--learners", 3, "--events", 20,
             "--first-user", 12)
        key = must("key", "create", "--name", "a", "--scope", "profile:read",
                   "--db", db).strip()
        for kid, algorithm, public in KINDS:
            must("signer", "add", "--kid", kid, "--alg", algorithm, "--key",
                 folder / public, "--db", db)
        profile = "/api/users/12/profile"
        other = "/api/users/13/profile"
        with Closed(db) as server:
            tally.equal("nobody", server.status(profile), 401)
            tally.equal("the key", server.status(profile, key), 200)
            tally.equal("a wrong key", server.status(profile, key[:-1] + "_"),
                        401)
            for kid, algorithm, _ in KINDS:
                token = token_of(folder, kid, algorithm)
                tally.equal(f"{kid}: self", server.status(profile, token), 200)
                tally.equal(f"{kid}: another", server.status(other, token),
                            404)
                late = token_of(folder, kid, algorithm,
                                exp=int(time.time()) - 60)
                tally.equal(f"{kid}: expired", server.status(profile, late),
                            401)
            coach = token_of(folder, "ed", "EdDSA", sub="anna", role="coach")
            tally.equal("a coach of nobody", server.status(profile, coach), 404)
            must("coach", "assign", "anna", 12, "--db", db)
            must("key", "revoke", key.split("_")[1], "--db", db)
            must("signer", "drop", "rs", "--db", db)
            time.sleep(RELOAD_S)
            tally.equal("a coach", server.status(profile, coach), 200)
            tally.equal("of others", server.status(other, coach), 404)
            tally.equal("the key, revoked", server.status(profile, key), 401)
            tally.equal("rs, dropped", server.status(
                profile, token_of(folder, "rs", "RS256")), 401)
            tally.equal("ed, still", server.status(
                profile, token_of(folder, "ed", "EdDSA")), 200)
        check_audit(folder, db)


def check_audit(folder, db):
    heads = must("audit", "verify", "--json", "--db", db)
    n = json.loads(heads)["entries"]
    lines = [json.loads(line) for line in
             must("audit", "list", "--db", db).splitlines()]
    tally.equal("entries", len(lines), n)
    tally.check("there are some", n >= 5, heads)
    of_12 = must("audit", "list", "--user", 12, "--db", db).splitlines()
    tally.check("about learner 12", 0 < len(of_12) <= n, of_12)
    tally.equal("about nobody",
                must("audit", "list", "--user", 999, "--db", db), "")
    tally.equal("two of them", len(
        must("audit", "list", "--limit", 2, "--db", db).splitlines()), 2)
    (folder / "heads").write_text(heads)
    must("audit", "verify", "--anchor", folder / "heads", "--db", db)
    moved = heads.replace('"entries":', '"entries":1')
    (folder / "heads").write_text(moved)
    fails(COULD_NOT, "its end is gone", "audit", "verify", "--anchor",
          folder / "heads", "--db", db)
    must("audit", "trim", "--before", "2020-01-01T00:00:00Z", "--db", db)
    fails(WRONG_USE, "--before", "audit", "trim", "--db", db)
    tally.equal("nothing was old", len(
        must("audit", "list", "--db", db).splitlines()), n)
    must("audit", "trim", "--before", "2999-01-01T00:00:00Z", "--db", db)
    tally.equal("all was", must("audit", "list", "--db", db), "")
    tally.equal("what it was is known", json.loads(
        must("audit", "verify", "--json", "--db", db))["entries"], n)
    fails(COULD_NOT, "instant", "audit", "list", "--since", "noon", "--db", db)


if __name__ == "__main__":
    sys.exit(tally.run([test_keys, test_signers_and_tokens, test_coaches,
                        test_a_server_that_runs]))
