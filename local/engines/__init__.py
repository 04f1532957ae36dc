"""The engines that run the container of a local job: Docker, or namespaces of this machine."""

from local.engines.choice import Built, EngineName, build
from local.engines.engine import ContainerRun, Engine, EngineError

__all__ = ["Built", "ContainerRun", "Engine", "EngineError", "EngineName", "build"]
