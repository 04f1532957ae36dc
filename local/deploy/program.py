"""Deploys the Pulumi program into the embedded AWS, resource by resource, as it registers them.

Pulumi's mock monitor hands over each registration with its inputs resolved, in the order of their
dependencies; `kinds/` creates it with boto3, and what AWS answers flows on into the program.
"""

import asyncio
import contextlib
import runpy
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast
from unittest.mock import patch

import pulumi
import pulumi.runtime
from pulumi.runtime import rpc
from pulumi.runtime.mocks import MockCallArgs, MockResourceArgs
from pulumi.runtime.stack import run_pulumi_func

from components.aws import image_manifest
from components.settings import stack_file
from local.deploy import lookups
from local.deploy.kinds import Resources
from local.deploy.kinds.kept import MANIFEST


class DeployError(Exception):
    """The program, or one of its resources, could not be deployed."""


def deploy(
    directory: Path, stack: str, config: Mapping[str, str], resources: Resources
) -> dict[str, Any]:
    """Run the project's program, create every resource that it registers, return its exports.

    Raises:
        DeployError: names the resource that could not be created, or the program's own error.
    """
    monitor = _Monitor(resources)

    async def run() -> dict[str, Any]:
        pulumi.runtime.set_mocks(
            monitor, project=stack_file.project(directory), stack=stack, preview=False
        )
        pulumi.runtime.set_all_config(dict(config))
        await run_pulumi_func(lambda: _program(directory))
        root: Any = pulumi.runtime.get_root_resource()
        return {
            name: await pulumi.Output.from_input(value).future()
            for name, value in root.outputs.items()
        }

    try:
        # The one look-up that goes past Pulumi, to AWS itself.
        with patch.object(image_manifest, "media_type", return_value=MANIFEST):
            return asyncio.run(run())
    except Exception as error:
        raise monitor.failure or DeployError(str(error)) from error
    finally:
        pulumi.runtime.settings.reset_options()


def _program(directory: Path) -> None:
    # Pulumi, too, runs a program in its project's directory.
    with contextlib.chdir(directory):
        runpy.run_path(str(directory / "__main__.py"), run_name="__main__")


class _Monitor(pulumi.runtime.Mocks):
    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self.failure: DeployError | None = None

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        inputs = cast("dict[str, Any]", plain(args.inputs))
        if not args.custom:
            return args.name, inputs
        try:
            answer = self._resources.create(args.typ, args.name, inputs)
        except Exception as error:
            # Pulumi's own traceback would not say which resource it was; the first one counts.
            self.failure = self.failure or DeployError(f"{args.typ} {args.name}: {error}")
            raise
        return str(answer.get("id", args.name)), {**inputs, **answer}

    def call(self, args: MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        try:
            return lookups.answer(self._resources, args.token, plain(args.args)), []
        except Exception as error:
            self.failure = self.failure or DeployError(f"{args.token}: {error}")
            raise


def plain(value: Any) -> Any:  # noqa: ANN401 - a tree of JSON
    """Return a resource's inputs without Pulumi's wrappers: secrets open, whole numbers as int."""
    if rpc.is_rpc_secret(value):
        return plain(rpc.unwrap_rpc_secret(value))
    if isinstance(value, dict):
        return {key: plain(item) for key, item in cast("Mapping[str, Any]", value).items()}
    if isinstance(value, list):
        return [plain(item) for item in cast("list[Any]", value)]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
