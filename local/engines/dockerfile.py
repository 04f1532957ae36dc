"""What a Dockerfile says about how its image's containers start: ENV and WORKDIR, no more."""

import re
import shlex
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


@dataclass
class Start:
    """How a container of an image starts."""

    environment: dict[str, str] = field(default_factory=lambda: {"PATH": _PATH})
    workdir: str = "/"


def start(text: str) -> Start:
    """Return how containers of a Dockerfile's last stage start; of its base only PATH is known.

    Raises:
        ValueError: a quote is not closed.
    """
    stages, current = dict[str, Start](), Start()
    for instruction, rest in _instructions(text):
        match instruction:
            case "FROM":
                words = [word for word in rest.split() if not word.startswith("--")]
                base = stages.get(words[0], Start())
                current = replace(base, environment=dict(base.environment))
                stages[words[-1]] = current
            case "ENV":
                current.environment.update(_pairs(rest, current.environment))
            case "WORKDIR":
                place = _filled(rest, current.environment)
                current.workdir = str(PurePosixPath(current.workdir, place))
            case _:
                pass
    return current


def _instructions(text: str) -> list[tuple[str, str]]:
    without_comments = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE)
    lines = re.sub(r"\\[ \t]*\n", " ", without_comments).splitlines()
    words = (line.strip().partition(" ") for line in lines)
    return [(instruction.upper(), rest.strip()) for instruction, _, rest in words]


def _pairs(rest: str, known: dict[str, str]) -> dict[str, str]:
    words = shlex.split(rest)
    if "=" not in words[0]:  # the old form: ENV NAME VALUE
        return {words[0]: _filled(" ".join(words[1:]), known)}
    pairs = (word.partition("=") for word in words)
    return {name: _filled(value, known) for name, _, value in pairs}


def _filled(text: str, known: dict[str, str]) -> str:
    return _VARIABLE.sub(lambda found: known.get(found[1] or found[2], ""), text)
