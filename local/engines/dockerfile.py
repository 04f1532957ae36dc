"""What a Dockerfile says about how its image's containers start: ENV and WORKDIR, no more."""

import re
import shlex
from collections import defaultdict
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from string import Template

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass
class Start:
    """How a container of an image starts."""

    environment: dict[str, str] = field(default_factory=lambda: {"PATH": _PATH})
    workdir: str = "/"


def start(text: str) -> Start:
    """Return how containers of a Dockerfile's last stage start; of its base only PATH is known.

    Raises:
        ValueError: a quote is not closed, or an ENV has the old form without `=`.
    """
    stages, current = dict[str, Start](), Start()
    without_comments = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE)
    for line in re.sub(r"\\[ \t]*\n", " ", without_comments).splitlines():
        instruction, _, rest = line.strip().partition(" ")
        known = defaultdict(str, current.environment)
        if instruction.upper() == "FROM":
            words = [word for word in rest.split() if not word.startswith("--")]
            current = stages[words[-1]] = deepcopy(stages.get(words[0], Start()))
        elif instruction.upper() == "ENV":
            for word in shlex.split(rest):
                name, equals, value = word.partition("=")
                if not equals:
                    raise ValueError(f"ENV {rest}: write NAME=VALUE")
                current.environment[name] = Template(value).safe_substitute(known)
        elif instruction.upper() == "WORKDIR":
            place = Template(rest.strip()).safe_substitute(known)
            current.workdir = str(PurePosixPath(current.workdir, place))
    return current
