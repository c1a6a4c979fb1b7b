"""Keys, signed tokens and coaches for the tests in Python: made through the
command line, as an operator makes them."""
import base64
import hashlib
import hmac
import json
import os
import pathlib
import re
import tempfile
import time

from daemon import must

ALL = ("events:write", "profile:read", "recommendations:read",
       "catalogue:write", "admin")


def make_key(db, scopes=ALL, tenant=0, rate=None):
    """The secret of a new key."""
    more = ["--rate", rate] if rate else []
    told = json.loads(must("key", "create", "--json", "--db", db,
                           "--scope", ",".join(sorted(scopes)),
                           "--tenant", tenant, "--name", "test", *more))
    return told["key"]


def revoked_key(db, scopes=ALL):
    made = make_key(db, scopes)
    must("key", "revoke", made.split("_")[1], "--db", db)
    return made


def assign(db, coach, learners, tenant=0):
    """Gives a coach these learners, and no others."""
    must("coach", "assign", coach, *learners, "--tenant", tenant, "--db", db)


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Signer:
    """Signs tokens by HS256, under a key that the store knows."""

    def __init__(self, db, kid="tests", tenant=0):
        self.kid = kid
        self.secret = os.urandom(32).hex()
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "secret"
            file.write_text(self.secret, encoding="ascii")
            must("signer", "add", "--kid", kid, "--alg", "HS256", "--tenant",
                 tenant, "--key", file, "--db", db)

    def sign(self, head, claims, secret=None):
        text = ".".join(base64url(json.dumps(part).encode())
                        for part in (head, claims))
        mac = hmac.new((secret or self.secret).encode(), text.encode(),
                       hashlib.sha256)
        return f"{text}.{base64url(mac.digest())}"

    def token(self, lasts=3600, head=None, secret=None, **claims):
        now = int(time.time())
        from_s = now - 7200 if lasts < 0 else now
        made = {"aud": "piq", "iat": from_s, "exp": now + lasts, **claims}
        return self.sign({"alg": "HS256", "typ": "JWT", "kid": self.kid,
                          **(head or {})}, made, secret)


def bearer(credential):
    return {"Authorization": f"Bearer {credential}"}


LINK = re.compile(r"(http://127\.0\.0\.1:(\d+))/\?token=([\w-]+)")
