"""The engines that run the container of a local job: Docker, or namespaces of this machine."""

from local.engines.engine import ContainerRun, Engine, EngineError

__all__ = ["ContainerRun", "Engine", "EngineError"]
