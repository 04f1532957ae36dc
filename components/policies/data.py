"""The data of a stack, as its roles may use it: nothing else in the buckets, and no version."""

from collections.abc import Iterable
from typing import NamedTuple

import pulumi

from components import names
from components.policies.statements import Statement, allow
from components.settings import key_prefix
from components.stack import Stack
from pipeline.kind import SCRATCH


class _Place(NamedTuple):
    """The parts of one bucket that are the stack's."""

    bucket_arn: pulumi.Output[str]
    prefixes: list[str]


class Data:
    """The parts of the buckets that are the stack's: what the keys of all slots begin with."""

    def __init__(
        self, stack: Stack, input_bucket: pulumi.Input[str], output_bucket: pulumi.Input[str]
    ) -> None:
        """Find them in the settings; the buckets are the stack's own, where those name none."""
        schedules = stack.settings.schedules
        read = [(each.bucket, each.prefix) for each in stack.settings.sources]
        self._input = _places(stack, input_bucket, read)
        written = [(each.output.bucket, each.output.prefix) for each in schedules.values()]
        self._output = _places(stack, output_bucket, written)
        followed = {each.input.output_of for each in schedules.values() if each.input.output_of}
        outputs = [(name, schedules[name].output) for name in sorted(followed)]
        others = [(each.bucket, each.prefix.replace("{schedule}", name)) for name, each in outputs]
        self._followed = _places(stack, output_bucket, others)
        own = f"{SCRATCH}{names.job_name_prefix(stack.prefix)}"
        spot = [(each.output.bucket, own) for each in schedules.values() if each.job.is_spot]
        self._scratch = _places(stack, output_bucket, spot)

    def bucket_arns(self) -> list[pulumi.Output[str]]:
        """Return the ARN of every bucket, for input and output."""
        return [place.bucket_arn for place in (*self._input, *self._output)]

    def input(self, pattern: str) -> list[pulumi.Output[str]]:
        """Return the ARNs of objects of input and reference by what follows the prefixes."""
        return _objects([*self._input, *self._followed], pattern)

    def output(self, pattern: str) -> list[pulumi.Output[str]]:
        """Return the ARNs of output objects by what follows the prefixes."""
        return _objects(self._output, pattern)

    def scratch(self) -> list[pulumi.Output[str]]:
        """Return the ARNs of what spot jobs keep that is no result; none without such jobs."""
        return _objects(self._scratch, "*")

    def list_input(self) -> list[Statement]:
        """Return what it takes to see which objects a slot has."""
        return _list("ListInput", self._input)

    def list_followed(self) -> list[Statement]:
        """Return what it takes to see what another schedule wrote, where a slot reads that."""
        return _list("ListFollowed", self._followed)

    def list_output(self) -> list[Statement]:
        """Return what it takes to see whether a slot has a success marker."""
        return _list("ListOutput", self._output)

    def list_versions(self) -> list[Statement]:
        """Return what it takes to see the versions of output objects."""
        return _list("ListVersions", self._output, "s3:ListBucketVersions")

    def list_scratch(self) -> list[Statement]:
        """Return what it takes to see what spot jobs keep."""
        return _list("ListScratch", self._scratch)


def _places(
    stack: Stack, own: pulumi.Input[str], parts: Iterable[tuple[str | None, str]]
) -> list[_Place]:
    """Return the places of buckets and prefixes, by bucket; `own` where none is named."""
    found: dict[str, set[str]] = {}
    for bucket, prefix in parts:
        found.setdefault(bucket or "", set()).add(prefix)
    return [
        # The fewest: a role's policy has 10,240 characters.
        _Place(stack.account.bucket_arn(bucket or own), key_prefix.widest(prefixes))
        for bucket, prefixes in sorted(found.items())
    ]


def _objects(places: list[_Place], pattern: str) -> list[pulumi.Output[str]]:
    return [
        pulumi.Output.concat(place.bucket_arn, "/", prefix, pattern)
        for place in places
        for prefix in place.prefixes
    ]


def _list(sid: str, places: list[_Place], action: str = "s3:ListBucket") -> list[Statement]:
    """Return a statement for each bucket, since the condition does not know which one is meant."""
    return [
        allow(
            f"{sid}{number or ''}",
            [action],
            [place.bucket_arn],
            {"StringLike": {"s3:prefix": [f"{prefix}*" for prefix in place.prefixes]}},
        )
        for number, place in enumerate(places)
    ]
