"""The stand-in for the Command provider's one resource that the program uses: local.Command.

Behaves as pulumi-command 1 does (https://github.com/pulumi/pulumi-command, provider/pkg/provider/
local/commandController.go and commandOutputs.go): Create and Update run the command, Delete does
nothing without one, a preview runs nothing and knows no output that depends on a changed input.
The command that it runs is the program's own `image_push.ensure`, with ECR from the cloud and
nothing built: an image is a new digest at each build, since a build gives the same bytes only by
luck.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from importlib import metadata
from typing import TYPE_CHECKING, Any, cast

from components.image_push import DOCKER_MANIFEST, Pushed, Repository, ensure
from tests.engine import schema
from tests.engine.provider import Call, Diff, Refused, Subject
from tests.engine.values import UNKNOWN, differences, has_unknown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.engine.aws_cloud import Cloud

COMMAND = "command:local:Command"


class CommandProvider:
    """A machine that runs commands, with a Docker engine that may be off."""

    package = "command"
    version = metadata.version("pulumi-command")

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.log: list[Call] = []
        self.engine_runs = True
        self.builds = 0
        self.media_type = DOCKER_MANIFEST
        """Of the manifests that this Docker makes."""

    def configure(self, args: dict[str, Any]) -> None:
        """Need nothing: the command alone talks to Docker."""

    def check(
        self, subject: Subject, old: dict[str, Any], new: dict[str, Any], seed: bytes
    ) -> tuple[dict[str, Any], Sequence[tuple[str, str]]]:
        del old, seed
        if subject.kind != COMMAND:
            message = f"the stand-in has no type {subject.kind}"
            raise Refused(message)
        kind = schema.kind(COMMAND)
        failures = [(key, "there is no such input") for key in new if key not in kind.inputs]
        for key in kind.inputs.keys() & new.keys():
            found = schema.problems(new[key], kind.inputs[key], kind.module, key)
            failures += [(key, problem) for problem in found]
        return new, failures

    def diff(
        self, subject: Subject, olds: dict[str, Any], old: dict[str, Any], new: dict[str, Any]
    ) -> Diff:
        del subject, olds
        return Diff(dict.fromkeys(differences(old, new, ""), "UPDATE"))

    def plan(self, subject: Subject, olds: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
        del subject, olds
        return {**new, "stdout": UNKNOWN, "stderr": UNKNOWN}

    def create(self, subject: Subject, new: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        return f"{subject.name}0123abcd", self._run(new)

    def update(
        self, subject: Subject, id_: str, olds: dict[str, Any], new: dict[str, Any]
    ) -> dict[str, Any]:
        del subject, id_, olds
        return self._run(new)

    def delete(self, subject: Subject, id_: str) -> None:
        """Do nothing: the image stays in the registry."""

    def read(self, subject: Subject, id_: str, known: dict[str, Any]) -> dict[str, Any] | None:
        """Return what is known: the provider has no Read."""
        del subject, id_
        return known

    def invoke(self, token: str, args: dict[str, Any]) -> dict[str, Any]:
        del args
        message = f"the stand-in has no function {token}"
        raise Refused(message)

    def _run(self, inputs: dict[str, Any]) -> dict[str, Any]:
        if has_unknown(inputs):
            message = f"unknown inputs outside of a preview: {inputs}"
            raise Refused(message)
        environment = inputs["environment"]
        name, tag = environment["REPOSITORY"].partition("/")[2], environment["TAG"]

        def push() -> None:
            if not self.engine_runs:
                message = "docker build ended with 1:\nCannot connect to the Docker daemon"
                raise Refused(message)
            self.builds += 1
            content = f"{tag} {self.builds}"
            digest = f"sha256:{hashlib.sha256(content.encode()).hexdigest()}"
            self.cloud.push(name, tag, digest)

        with self.cloud.lock:
            registry = _Repository(self.cloud, name, self.media_type)
            image = ensure(cast("Repository", registry), tag, push)
        return {**inputs, "stdout": json.dumps(asdict(image)), "stderr": ""}


class _Repository:
    def __init__(self, cloud: Cloud, name: str, media_type: str) -> None:
        self._cloud, self._name, self._media_type = cloud, name, media_type

    def find(self, tag: str) -> Pushed | None:
        for digest, tags in self._cloud.images_of(self._name).items():
            if tag in tags:
                return Pushed(digest, self._media_type)
        return None

    def move(self, tag: str, image: Pushed) -> None:
        self._cloud.push(self._name, tag, image.digest)
