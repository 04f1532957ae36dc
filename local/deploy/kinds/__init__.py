"""How each kind of resource is created with boto3, by families of services.

Inputs come in Pulumi's spelling; what is returned is what AWS adds to them, in the same spelling.
An input that a kind does not know is refused, so nothing that the program asks for is left out in
silence.
"""

from local.deploy.kinds import compute, delivery, network, security, storage, watching
from local.deploy.kinds.kind import CREATE, State
from local.deploy.kinds.shapes import zipped

__all__ = [
    "CREATE",
    "State",
    "compute",
    "delivery",
    "network",
    "security",
    "storage",
    "watching",
    "zipped",
]
