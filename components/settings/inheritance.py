"""Inheritance: what a pilot light has of the home stack's file, and where the two disagree."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from components.names import NAME
from components.settings.errors import Problem

_OWN_AFFAIR = {"base", "shared_with"}
"""Keys of `image` that say what is built, and who may have it: a pilot light builds none."""
_REGIONAL = ("input", "reference")
_WHOLE = "pulumi:recovery-of"
"""In keys, which no file has: they are complete, and the files need not be read again."""


@dataclass(frozen=True)
class File:
    """What a stack's file sets, as Pulumi hands it to a program."""

    stack: str
    project: str
    keys: Mapping[str, str]
    encrypted: frozenset[str] = frozenset()
    """Full keys with anything in them that only the stack itself can read."""

    def key(self, name: str) -> str:
        """Return the full key of a setting."""
        return f"{self.project}:{name}"

    def map(self, name: str) -> dict[str, Any]:
        """Return what a key holds; empty unless it is a map, which is refused elsewhere."""
        try:
            found: object = json.loads(self.keys.get(self.key(name), "{}"))
        except (ValueError, RecursionError):
            return {}
        return cast("dict[str, Any]", found) if isinstance(found, dict) else {}

    def sets(self, name: str) -> bool:
        """Return whether it has a key, whatever that holds."""
        return self.key(name) in {*self.keys, *self.encrypted}

    @property
    def of(self) -> str | None:
        """The stack whose pilot light this is; what is no name is refused elsewhere."""
        of: object = self.map("recovery").get("of")
        return of if isinstance(of, str) and NAME.fullmatch(of) else None

    @property
    def is_whole(self) -> bool:
        """Whether there is nothing to inherit, or no more."""
        return self.keys.get(_WHOLE) == self.of

    @property
    def region(self) -> str | None:
        """Where it is."""
        return self.keys.get("aws:region")

    @property
    def prefix(self) -> str:
        """What begins its physical names."""
        return self.keys.get(self.key("prefix"), f"{self.project}-{self.stack}")


def keys(own: File, home: File) -> dict[str, str]:
    """Return a pilot light's keys: its own, each whole, and of the others the home stack's."""
    image = {name: each for name, each in home.map("image").items() if name not in _OWN_AFFAIR}
    theirs = {key: text for key, text in home.keys.items() if key.startswith(home.key(""))}
    theirs |= {own.key("image"): json.dumps(image), own.key("prefix"): home.prefix}
    recovery = {**home.map("recovery"), "region": home.region, "of": home.stack}
    inherited = {key: text for key, text in theirs.items() if key not in own.encrypted}
    whole = {own.key("recovery"): json.dumps(recovery), _WHOLE: home.stack}
    return {**inherited, **own.keys, **whole}


def problems(own: File, home: File) -> Iterator[Problem]:
    """Yield what keeps the one from being the pilot light of the other."""
    name, recovery = f"Pulumi.{home.stack}.yaml", home.map("recovery")
    if of := recovery.get("of"):
        yield Problem(
            ("recovery", "of"),
            f"= {home.stack}: is a pilot light itself, of {of}; name a home stack",
        )
        return
    if not home.region:
        yield Problem(("recovery", "of"), f"= {home.stack}: {name} has no aws:region")
    elif own.region and recovery.get("region") != own.region:
        yield Problem(
            ("region",),
            f"= {own.region}: is not recovery.region of {name}, {_text(recovery.get('region'))}; "
            f"pulumi config set --path recovery.region {own.region} --stack {home.stack}",
        )
    for field, value in own.map("recovery").items():
        if field != "of":
            yield Problem(
                ("recovery", field),
                f"= {_text(value)}: is for {name} to say, of both regions; leave it out here",
            )
    if own.keys.get(own.key("prefix"), home.prefix) != home.prefix:
        yield Problem(
            ("prefix",),
            f"= {own.prefix}: is not {home.prefix}, which is that of {name}: the two find each "
            "other by it; leave it out",
        )
    for key in sorted(home.encrypted - own.encrypted - own.keys.keys()):
        yield Problem(
            (key.removeprefix(own.key("")),),
            f"is encrypted in {name}, so that only {home.stack} can read it; set the whole key in "
            "this file, too",
        )
    yield from _elsewhere(own, home)


def _elsewhere(own: File, home: File) -> Iterator[Problem]:
    """Yield what the pilot light would have of the home stack and cannot be in its region."""
    inherited = [each for each in (*_REGIONAL, "network") if not own.sets(each)]
    parts: dict[tuple[str, ...], Any] = {(each,): home.map(each) for each in inherited}
    if not own.sets("schedules"):
        for name, schedule in home.map("schedules").items():
            if isinstance(schedule, dict):
                given = cast("dict[str, Any]", schedule)
                parts |= {("schedules", name, each): given.get(each) for each in _REGIONAL}
    for path, part in parts.items():
        field = "subnets" if path == ("network",) else "bucket"
        if isinstance(part, dict) and (value := cast("dict[str, Any]", part).get(field)):
            yield Problem(
                (*path, field),
                f"= {_text(value)}: is of Pulumi.{home.stack}.yaml, and in its region; set "
                f"{path[0]} in this file, whole, with what is in {own.region}",
            )
    alerts, theirs = (own if own.sets("alerts") else home).map("alerts"), home.map("alerts")
    for chat in ("slack", "teams"):
        if alerts.get(chat) and alerts[chat] == theirs.get(chat):
            yield Problem(
                ("alerts", chat),
                f"is the channel of Pulumi.{home.stack}.yaml, and AWS takes one stack for each; "
                "set alerts in this file, whole, with another channel or none",
            )


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
