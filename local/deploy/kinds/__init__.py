"""How each kind of resource is created with boto3.

Inputs come in Pulumi's spelling; what is returned is what AWS adds to them, in the same spelling.
An input that a kind does not know is refused, so nothing that the program asks for is left out in
silence. `one_call.py` is a table; what takes more than a call is with its family.
"""

from local.deploy.kinds import compute, delivery, network, one_call, security, storage, watching
from local.deploy.kinds.kind import CREATE, Resources, State

__all__ = [
    "CREATE",
    "Resources",
    "State",
    "compute",
    "delivery",
    "network",
    "one_call",
    "security",
    "storage",
    "watching",
]
