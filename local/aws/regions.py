"""The regions of one account in one process: what is the account's, and who reaches which.

An embedded AWS has one region. Of several that share a `Regions`, each answers at its endpoint for
the others, too, as AWS's SDKs in a function of one region reach the other's services. moto's S3 and
IAM are the account's, all other state is a region's.
"""

from collections.abc import Callable
from wsgiref.types import WSGIApplication

from werkzeug.wrappers import Request

from local.aws.iam import Authority, Session
from local.aws.signature import Keys, Sender

ACCOUNT = "123456789012"
"""moto's account."""

Answer = Callable[[Request, Sender], WSGIApplication]


class Regions:
    """The account's keys and sessions, and its regions by name."""

    def __init__(self) -> None:
        self.administrator = Keys.new(temporary=False)
        """Of whoever may do everything: this process, and the person who started it."""
        self.operator = Keys.new(temporary=False)
        """Of a person elsewhere, who may do everything in the regions that answer."""
        self._sessions: dict[str, Session] = {}
        self._authorities: dict[str, Authority] = {}
        self._answers: dict[str, Answer] = {}
        self._cut_off: set[str] = set()

    @property
    def names(self) -> list[str]:
        """The regions that were opened, and not closed."""
        return list(self._answers)

    def authority(self, region: str) -> Authority:
        """Return a region's IAM: roles and sessions are the account's, other resources its own."""
        new = Authority(ACCOUNT, region, self._sessions)
        return self._authorities.setdefault(region, new)

    def open(self, region: str, answer: Answer) -> None:
        """Let a region answer."""
        self._answers[region] = answer

    def close(self, region: str) -> bool:
        """Let a region answer no more; return whether it was the last."""
        self._answers.pop(region, None)
        return not self._answers

    def cut_off(self, region: str) -> None:
        """Let nothing into a region nor out of it; within it all goes on."""
        self._cut_off.add(region)

    def restore(self, region: str) -> None:
        """Undo `cut_off`."""
        self._cut_off.discard(region)

    def reach(self, source: str | None, region: str) -> bool:
        """Return whether a region answers what comes from another one, or from elsewhere."""
        return source == region or self._cut_off.isdisjoint({source, region})

    def keys_of(self, access_key: str) -> Keys | None:
        """Return the keys that an access key's id belongs to."""
        persons = {each.access_key: each for each in (self.administrator, self.operator)}
        session = self._sessions.get(access_key)
        return session.keys if session else persons.get(access_key)

    def answer(self, request: Request, sender: Sender, endpoint: str) -> WSGIApplication:
        """Return what answers a request that came to a region's endpoint.

        Raises:
            ConnectionResetError: the region that it is for does not answer.
        """
        source = None if sender.access_key == self.operator.access_key else endpoint
        if not self.reach(source, sender.region):
            raise ConnectionResetError(f"{sender.region} does not answer")
        return self._answers[sender.region](request, sender)
