"""What a probe is: a question about AWS, how it is looked at, and what its answer means."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from botocore.exceptions import BotoCoreError, ClientError

from acceptance.first_account.look import NOT_PLAYED, Look, NotLookedAtError, Seen
from ops.session import explain

_Function = Callable[[Look], Seen]


@dataclass(frozen=True)
class Answer:
    """The answer to one question."""

    verdict: Literal["confirmed", "otherwise", "not looked at"]
    saw: str
    """What was seen, or what the look needs."""


@dataclass(frozen=True)
class Probe:
    """A question that AWS's documents leave open."""

    name: str
    question: str
    otherwise: str
    """What it means, and where the program is to be changed, if the answer is no."""
    look: _Function

    def answer(self, look: Look) -> Answer:
        """Return the answer; what AWS refuses to tell is not looked at."""
        try:
            holds, saw = self.look(look)
        except NotLookedAtError as needs:
            return Answer("not looked at", str(needs))
        except (ClientError, BotoCoreError) as error:
            is_local = look.stack.name == "local"
            return Answer("not looked at", NOT_PLAYED if is_local else explain(error, look.stack))
        # One answer is not to cost the rest.
        except (LookupError, TypeError, ValueError) as surprise:
            return Answer("not looked at", f"AWS answered in an unknown form: {surprise!r}")
        return Answer("confirmed" if holds else "otherwise", saw)


@dataclass(frozen=True, eq=False)
class Section:
    """Questions that need the same, as page and table group them."""

    heading: str
    intro: str = ""
    probes: list[Probe] = field(default_factory=list[Probe])

    def probe(self, otherwise: str) -> Callable[[_Function], _Function]:
        """Add a function that looks; its docstring is the question."""

        def add(look: _Function) -> _Function:
            name = look.__name__.strip("_").replace("_", "-")
            self.probes.append(Probe(name, look.__doc__ or "", otherwise, look))
            return look

        return add
