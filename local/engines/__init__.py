"""The engines that run the container of a local job: Docker, or namespaces of this machine."""

from local.engines.choice import Choice, EngineName, choose
from local.engines.engine import ContainerRun, Engine, EngineError

__all__ = ["Choice", "ContainerRun", "Engine", "EngineError", "EngineName", "choose"]
