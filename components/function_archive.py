"""What a function's archive holds: its code, settings, models of AWS's services, and packages."""

import json
import os
import re
from collections.abc import Iterable
from functools import cache
from importlib import metadata
from pathlib import Path

import pulumi

from components import function_config, service_models
from components.settings import Settings
from pipeline import config, sdk

PACKAGES = ("aws-lambda-powertools", "jmespath", "typing-extensions")
"""Powertools and what it needs: all of them plain Python, the same for every processor.

Lambda's runtime has none but the AWS SDK.
"""

_CODE = Path("lambda")
_LOCK = Path("requirements.txt")
_OPERATIONS = "operations.json"
"""Beside each function's code: the operations that it calls, and no others, by their service and by
what needs them: a kind of job, or RECOVERY."""
RECOVERY = "Recovery"
"""What a stack with a second region calls besides."""


def build(function: str, settings: Settings) -> pulumi.AssetArchive:
    """Return the archive, file by file: a folder would bring caches along, and change by itself.

    Raises:
        RunError: a package is missing, or has another version than the locked one.
    """
    # The function's own package, and the one that all share.
    folders = (_CODE / function, _CODE / "pipeline")
    own = [path for each in folders for path in (*each.glob("*.py"), *each.glob("*.json"))]
    places = {**packages(), **{path.relative_to(_CODE).as_posix(): path for path in own}}
    files = {place: pulumi.FileAsset(path) for place, path in sorted(places.items())}
    document = json.dumps(function_config.document(settings), indent=2, sort_keys=True)
    texts = {config.FILE: document, **_models(function, settings)}
    return pulumi.AssetArchive({**files, **{k: pulumi.StringAsset(v) for k, v in texts.items()}})


def _models(function: str, settings: Settings) -> dict[str, str]:
    _installed("botocore", _locked("botocore"))  # of whose data they are made
    needs = [*settings.job_kinds, *([RECOVERY] if settings.recovery.region else [])]
    made = service_models.files(operations(function, needs), settings.region)
    return {f"{sdk.MODELS}/{place}": text for place, text in made.items()}


def operations(function: str, needs: Iterable[str]) -> dict[str, list[str]]:
    """Return service -> the operations that a function calls for kinds of jobs, or RECOVERY."""
    listed = json.loads((_CODE / function / _OPERATIONS).read_text("utf-8"))
    found: dict[str, list[str]] = {}
    for need in needs:
        for service, names in listed[need].items():
            found[service] = sorted([*found.get(service, []), *names])
    return found


def packages() -> dict[str, Path]:
    """Return the packages' sources and licences: place in the archive -> file.

    They are those of the wheels that requirements.txt pins by hash, so the same on every machine;
    what an installer adds by itself, such as bytecode, is left out.
    """
    return {
        place: Path(os.path.relpath(path))
        for name in PACKAGES
        for place, path in _files(name, _locked(name)).items()
    }


def _locked(name: str) -> str:
    """Return the version of a package that requirements.txt has."""
    locked = dict(re.findall(r"^([\w.-]+)==([^\s;]+)", _LOCK.read_text("utf-8"), re.MULTILINE))
    return locked[name]


@cache
def _files(name: str, version: str) -> dict[str, str]:
    """Return a package's files, which are looked for once: every function has the same."""
    return {
        file.as_posix(): str(file.locate())
        for file in _installed(name, version).files or ()
        if ".." not in file.parts and (file.suffix == ".py" or file.name == "LICENSE")
    }


@cache
def _installed(name: str, version: str) -> metadata.Distribution:
    installed = metadata.distributions(name=name)
    found = next((each for each in installed if each.version == version), None)
    if not found:
        raise pulumi.RunError(
            f"{name} is not installed in version {version}, which {_LOCK} has: run `pulumi install`"
        )
    return found
