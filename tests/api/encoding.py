#!/usr/bin/python3
"""Replies as gzip: for who accepts it, with tags of their own that work as the
others do; what holds a secret, streams and the dashboard's files are left as
they are.

One line a failure; the last line is "N passed, N failed, N skipped".
"""
import gzip
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
sys.dont_write_bytecode = True

from daemon import POKER, Daemon, Folder, must  # noqa: E402
from learner import USER, expect, tally  # noqa: E402

GZIP = {"Accept-Encoding": "gzip, deflate, br"}
ONE = "/api/users/1"
# Long enough, whatever the learner did.
LONG = {"/api/catalogue": "/api/catalogue", "/api/openapi.json": None,
        f"{ONE}/profile": f"{USER}/profile",
        f"{ONE}/recommendations": f"{USER}/recommendations",
        f"{ONE}/learning-path": f"{USER}/learning-path",
        f"{ONE}/progress-analytics": f"{USER}/progress-analytics",
        f"{ONE}/skill-predictions": f"{USER}/skill-predictions",
        f"{ONE}/reviews": f"{USER}/reviews",
        f"{ONE}/events?limit=100": f"{USER}/events"}
EVENT = {"event_id": "e-1", "at": "2026-11-01T10:00:00Z", "type": "answer",
         "concepts": ["odd.outs"], "correct": True}


def coding(reply):
    return reply.headers.get("content-encoding")


def unpacked(reply):
    tally.equal(f"{reply.path}: its length",
                int(reply.headers["content-length"]), len(reply.body))
    reply.body = gzip.decompress(reply.body)
    return reply


def both_ways(daemon):
    """The same, whoever asks; less of it for who accepts gzip."""
    def part():
        for path, template in LONG.items():
            plain = daemon.get(path)
            packed = daemon.get(path, headers=GZIP)
            tally.equal(f"{path}: codings", (coding(plain), coding(packed)),
                        (None, "gzip"))
            for reply in (plain, packed):
                tally.equal(f"{path}: Vary", reply.headers.get("vary"),
                            "Accept-Encoding")
            tally.check(f"{path}: less than half",
                        2 * len(packed.body) < len(plain.body))
            unpacked(packed)
            # Profiles and the like tell the moment they are of.
            if template in (None, "/api/catalogue"):
                tally.equal(f"{path}: the same", packed.body, plain.body)
            if template:
                expect(packed, template, 200, "as gzip")
    return part


def refused_codings(daemon):
    def part():
        for accepts in ("identity", "br", "gzip;q=0", "*;q=0",
                        "gzip;q=0, *", "gzip;q=0.2, identity;q=0.8"):
            reply = daemon.get("/api/catalogue",
                               headers={"Accept-Encoding": accepts})
            expect(reply, "/api/catalogue", 200, accepts)
            tally.equal(f"nothing for {accepts!r}", coding(reply), None)
    return part


def heads(daemon):
    def part():
        whole = daemon.get("/api/catalogue", headers=GZIP)
        head = daemon.ask("HEAD", "/api/catalogue", headers=GZIP)
        for name in ("content-encoding", "content-length", "etag", "vary"):
            tally.equal(f"HEAD: {name}", head.headers.get(name),
                        whole.headers[name])
        tally.equal("HEAD has no body", head.body, b"")
    return part


def tags(daemon):
    """Each form has its own; either is good for a condition."""
    def part():
        plain = daemon.get("/api/catalogue").headers["etag"]
        packed = daemon.get("/api/catalogue", headers=GZIP).headers["etag"]
        tally.equal("tag of the packed one", packed, f'{plain[:-1]}+gzip"')
        for tag in (plain, packed):
            for headers in ({}, GZIP):
                same = daemon.get("/api/catalogue",
                                  headers={**headers, "If-None-Match": tag})
                expect(same, "/api/catalogue", 304, tag)
                tally.equal("304: tag", same.headers["etag"], tag)
                tally.equal("304: coding", coding(same), None)
        profile = daemon.get(f"{ONE}/profile", headers=GZIP)
        tag = profile.headers["etag"]
        tally.check("a profile's tag", tag.endswith('+gzip"'), tag)
        version = int(tag[1:-len('+gzip"')])
        for given, status in ((f'"{version + 1}+gzip"', 412), (tag, 200),
                              (tag, 412), (f'"{version + 1}"', 200)):
            event = {**EVENT, "event_id": f"{given}-{status}"}
            reply = daemon.post(f"{ONE}/events", event,
                                headers={"If-Match": given})
            expect(reply, f"{USER}/events", status, given)
        reply = daemon.post(f"{ONE}/events", EVENT,
                            headers={"If-Match": '"7+br"'})
        expect(reply, f"{USER}/events", 400, "another suffix")
    return part


def secrets(daemon):
    """A webhook's secret is told once, in a 201 whose length says nothing."""
    def part():
        asked = {"url": "https://192.0.2.7/" + "a" * 400}
        keyed = {**GZIP, "Idempotency-Key": "hook-1"}
        for headers in (keyed, keyed):
            reply = daemon.post("/api/webhooks", asked, headers=headers)
            expect(reply, "/api/webhooks", 201)
            tally.equal("no coding", coding(reply), None)
            tally.check("a secret", reply.json["secret"])
    return part


def short_and_wrong(daemon):
    def part():
        for path, status in (("/api/caller", 200), ("/healthz", 200),
                             ("/api/nothing", 404), (f"{ONE}/profile?x=1", 400)):
            reply = daemon.get(path, headers=GZIP)
            tally.equal(path, (reply.status, coding(reply),
                               reply.headers.get("vary")), (status, None, None))
    return part


def changes(daemon):
    """What a change answers may be long, too."""
    def part():
        reply = daemon.post(f"{ONE}/profile/analyze", {}, headers=GZIP)
        tally.equal("analyze: coding", coding(reply), "gzip")
        expect(unpacked(reply), f"{USER}/profile/analyze", 200)
    return part


def streams(daemon):
    def part():
        reply = daemon.get(f"{ONE}/stream", headers=GZIP)
        tally.equal("a stream", (reply.status, coding(reply),
                                 reply.headers.get("vary")), (200, None, None))
        tally.check("a stream is text", reply.body.decode("utf-8"))
    return part


def metrics(daemon):
    def part():
        reply = daemon.get("/metrics", headers={"Accept-Encoding": "gzip"})
        tally.equal("metrics: coding", coding(reply), "gzip")
        tally.check("metrics: text", b"piq_" in unpacked(reply).body)
    return part


def write_pages(folder):
    """A page whose .gz was made by another's level, so that it is known."""
    text = b"<!doctype html><title>t</title>" + b"<p>words</p>" * 500
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_bytes(text)
    (folder / "index.html.gz").write_bytes(gzip.compress(text, 1, mtime=7))
    (folder / "assets" / "plain-1.js").write_bytes(text)
    return text


def pages(daemon, folder, text):
    def part():
        made = (folder / "index.html.gz").read_bytes()
        for path in ("/", "/learners/1"):
            reply = daemon.get(path, headers=GZIP)
            tally.equal(f"{path}: as it was made",
                        (coding(reply), reply.body), ("gzip", made))
        reply = daemon.get("/assets/plain-1.js", headers=GZIP)
        tally.equal("what nothing was made of", (coding(reply), reply.body),
                    (None, text))
        tally.check("its own tag", "+gzip" not in reply.headers["etag"])
    return part


def main():
    with Folder() as folder:
        db = folder / "e.db"
        must("catalogue", "load", POKER, "--db", db)
        must("simulate", "--learners", 1, "--events", 120, "--db", db)
        text = write_pages(folder / "pages")
        with Daemon(db, "--pages", folder / "pages") as daemon:
            parts = [each(daemon) for each in
                     (both_ways, refused_codings, heads, secrets,
                      short_and_wrong, changes, streams, metrics, tags)]
            parts.append(pages(daemon, folder / "pages", text))
            return tally.run(parts)


if __name__ == "__main__":
    sys.exit(main())
