"""Choose the engine that runs the container on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from local.engines.docker import DockerEngine
from local.engines.engine import Engine, EngineError
from local.engines.process import ProcessEngine

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

EngineName = Literal["auto", "docker", "process"]


@dataclass(frozen=True)
class Choice:
    """The engine, and why not the one that comes closest to SageMaker (empty if it is that)."""

    engine: Engine
    reason: str


def choose(
    name: EngineName, context: Path, dockerfile: str, args: Mapping[str, str], snapshots: Path
) -> Choice:
    """Return the engine of that name; `auto` is Docker if it can build the context, else process.

    Args:
        name: what the person asked for.
        context: the build context that `auto` tries to build with Docker.
        dockerfile: its Dockerfile, relative to the context.
        args: the build arguments.
        snapshots: directory for the process engine's copies of contexts.

    Raises:
        EngineError: the engine asked for, or with `auto` both, cannot work here, and why.
    """
    docker, process = DockerEngine(), ProcessEngine(snapshots)
    if name != "auto":
        engine = docker if name == "docker" else process
        if reason := engine.available():
            raise EngineError(f"the {name} engine cannot be used: {reason}")
        return Choice(engine, "")
    if not (reason := _cannot_build(docker, context, dockerfile, args)):
        return Choice(docker, "")
    if other := process.available():
        raise EngineError(
            "nothing here can run the container; install Docker with its buildx plug-in, "
            f"or on Linux util-linux (docker: {reason}; process: {other})"
        )
    return Choice(process, reason)


def _cannot_build(
    engine: Engine, context: Path, dockerfile: str, args: Mapping[str, str]
) -> str | None:
    if reason := engine.available():
        return reason
    try:
        engine.build(context, dockerfile, args)
    except EngineError as error:
        return str(error)
    return None
