"""The stand-in for the AWS provider: a bridged provider in front of `aws_cloud.Cloud`."""

import hashlib
import json
import os
import secrets
from collections.abc import Iterator, Sequence
from importlib import metadata
from typing import Any

from tests.conftest import REGION
from tests.engine import aws_lookups, schema
from tests.engine.aws_cloud import Cloud, Made
from tests.engine.aws_outputs import computed
from tests.engine.aws_rules import RULES
from tests.engine.provider import Call, Diff, Refused, Subject, top
from tests.engine.values import UNKNOWN, differences, has_unknown

_DEFAULTS = "__defaults"
"""The bridge's list of the inputs that it has filled in."""


class AwsProvider:
    """One AWS account behind the provider protocol."""

    package = "aws"
    version = metadata.version("pulumi-aws")

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.log: list[Call] = []
        self.lookups_that_fail: dict[str, str] = {}
        """Part of a function's token -> the error."""
        self._default_tags: dict[str, str] = {}

    def configure(self, args: dict[str, Any]) -> None:
        tags: Any = args.get("defaultTags") or {}
        if isinstance(tags, str):  # the engine hands structures over as JSON
            tags = json.loads(tags)
        self._default_tags = tags.get("tags", {})

    def check(
        self, subject: Subject, old: dict[str, Any], new: dict[str, Any], seed: bytes
    ) -> tuple[dict[str, Any], Sequence[tuple[str, str]]]:
        kind, rule = _known(subject.kind), RULES[subject.kind]
        inputs = {key: value for key, value in new.items() if value is not None}
        failures = list(_failures(kind, inputs))
        if rule.one_of and len(rule.one_of & inputs.keys()) != 1:
            failures.append(("", f"exactly one of {', '.join(sorted(rule.one_of))} is wanted"))
        filled = {key: value for key, value in rule.defaults.items() if key not in inputs}
        if rule.name and rule.name not in inputs and f"{rule.name}Prefix" not in inputs:
            kept = old.get(rule.name) if rule.name in old.get(_DEFAULTS, []) else None
            filled[rule.name] = kept or _auto_name(subject.name, seed)
        inputs |= filled
        name = inputs.get(rule.name, "")
        if name != UNKNOWN and len(name) > rule.longest:
            failures.append((rule.name, f"{name!r} is longer than {rule.longest} characters"))
        if "tagsAll" in kind.outputs:  # provider/tags.go of pulumi-aws: applyTags
            tags = inputs.get("tags", {})
            inputs["tagsAll"] = UNKNOWN if has_unknown(tags) else {**self._default_tags, **tags}
        return {**inputs, _DEFAULTS: sorted(filled)}, failures

    def diff(
        self, subject: Subject, olds: dict[str, Any], old: dict[str, Any], new: dict[str, Any]
    ) -> Diff:
        del olds
        rule = RULES[subject.kind]
        own_name = rule.name in new and rule.name not in new.get(_DEFAULTS, [])
        changes = differences(_without_defaults(old), _without_defaults(new), "")
        replaces = rule.force_new & {top(path) for path in changes}
        replaces |= rule.one_of & (old.keys() ^ new.keys())
        # nameRequiresDeleteBeforeReplace in the bridge's pkg/tfbridge/schema.go
        return Diff(changes, replaces, rule.delete_first or own_name)

    def plan(self, subject: Subject, olds: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
        outputs, kind = dict(new), _known(subject.kind)
        if not olds:
            unset = {key for key, always in kind.outputs.items() if always and key not in new}
            return {**outputs, **dict.fromkeys(unset, UNKNOWN)}
        return {**_computed_before(kind, olds), **outputs, **_moving(subject.kind)}

    def create(self, subject: Subject, new: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        _refuse_unknowns(subject, new)
        named, key = dict(new), RULES[subject.kind].name
        if prefix := new.get(f"{key}Prefix"):
            named[key] = f"{prefix}{secrets.token_hex(13)}"
        id_, added = computed(subject.kind, named)
        # Which are of the tests' region, but for names that have another one in them.
        id_, added = json.loads(json.dumps([id_, added]).replace(REGION, self.cloud.region))
        outputs = {**named, **added}
        with self.cloud.lock:
            self.cloud.create(Made(subject.kind, id_, subject.name, new, outputs))
        return id_, outputs

    def update(
        self, subject: Subject, id_: str, olds: dict[str, Any], new: dict[str, Any]
    ) -> dict[str, Any]:
        _refuse_unknowns(subject, new)
        outputs = {**_computed_before(_known(subject.kind), olds), **new}
        outputs |= {key: f"moved {len(self.log)}" for key in _moving(subject.kind)}
        with self.cloud.lock:
            self.cloud.update(Made(subject.kind, id_, subject.name, new, outputs))
        return outputs

    def delete(self, subject: Subject, id_: str) -> None:
        with self.cloud.lock:
            self.cloud.delete(subject.kind, id_)

    def read(self, subject: Subject, id_: str, known: dict[str, Any]) -> dict[str, Any] | None:
        del known
        there = self.cloud.made.get((subject.kind, id_))
        return there.outputs if there else None

    def invoke(self, token: str, args: dict[str, Any]) -> dict[str, Any]:
        for part, error in self.lookups_that_fail.items():
            if part in token:
                raise Refused(error)
        with self.cloud.lock:
            return aws_lookups.answer(self.cloud, token, args)


def _known(token: str) -> schema.Kind:
    """Raises: Refused: neither the SDK nor the rules have the type."""
    if token not in RULES:
        message = f"the stand-in has no rule for {token}: add it to tests/engine/aws_rules.py"
        raise Refused(message)
    return schema.kind(token)


def _failures(kind: schema.Kind, inputs: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for key in sorted(kind.required.difference(inputs)):
        yield key, "Missing required argument"
    for key, value in inputs.items():
        if key not in kind.inputs:
            yield key, "there is no such input"
        else:
            for problem in schema.problems(value, kind.inputs[key], kind.module, key):
                yield key, problem


def _auto_name(logical: str, seed: bytes) -> str:
    """Return a name as the bridge makes it (pkg/tfbridge/names.go: SetAutonaming(255, "-"))."""
    return f"{logical}-{hashlib.sha256(seed or os.urandom(8)).hexdigest()[:7]}"


def _computed_before(kind: schema.Kind, olds: dict[str, Any]) -> dict[str, Any]:
    """Return the old outputs that no input sets."""
    return {key: value for key, value in olds.items() if key not in kind.inputs and key[0] != "_"}


def _moving(token: str) -> dict[str, Any]:
    return dict.fromkeys(RULES[token].moves, UNKNOWN)


def _without_defaults(inputs: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in inputs.items() if key != _DEFAULTS}


def _refuse_unknowns(subject: Subject, inputs: dict[str, Any]) -> None:
    if has_unknown(inputs):
        message = f"{subject.name} has unknown inputs outside of a preview: {inputs}"
        raise Refused(message)
