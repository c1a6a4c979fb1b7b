"""A learner of a daemon, for the tests of the contract: every reply is held
against it, and counted."""
from contract_check import Contract
from daemon import Tally
from examples import instant

USER = "/api/users/{userId}"
CONTENT_TYPES = ("course", "lesson", "assessment", "character", "review")
READS = ("profile", "recommendations", "learning-path", "reviews",
         "progress-analytics", "skill-predictions")
READY = 0.5  # mastery at which a prerequisite counts as met

tally = Tally()
contract = Contract()


def expect(reply, template, status, what=""):
    """The status, and all that the contract says of it."""
    name = f"{reply.method} {reply.path} {what}"
    if not tally.check(name, reply.status == status,
                       f"{status} was expected: {reply}"):
        return False
    return tally.equal(name, contract.faults(template, reply), [])


class Learner:
    """A learner on a daemon, and what was told of them."""
    n_events = 0

    def __init__(self, daemon, user):
        self.daemon = daemon
        self.user = user
        self.base = f"/api/users/{user}"

    def get(self, resource, query="", status=200):
        reply = self.daemon.get(f"{self.base}/{resource}{query}")
        expect(reply, f"{USER}/{resource}", status)
        return reply

    def event(self, kind, minutes_ago=0, **members):
        Learner.n_events += 1
        return {"event_id": f"t-{Learner.n_events}", "type": kind,
                "at": instant(minutes_ago), **members}

    def post(self, events, status=200, **more):
        reply = self.daemon.post(f"{self.base}/events", events, **more)
        expect(reply, f"{USER}/events", status)
        return reply

    def did(self, kind, **members):
        return self.post(self.event(kind, **members))

    def profile(self):
        """Without what two learners, or two moments, differ in."""
        told = self.get("profile").json
        return {k: v for k, v in told.items()
                if k not in ("userId", "version", "as_of")}


def answer_some(learner, catalogue, n, right):
    contents = [c for c in catalogue["contents"] if c["items"]]
    return [learner.event("answer", minutes_ago=n - i, correct=right(i),
                          content=contents[i % len(contents)]["id"],
                          response_ms=5000)
            for i in range(n)]
