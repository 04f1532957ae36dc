"""How each kind of resource is created with boto3.

Inputs come in Pulumi's spelling; what is returned is what AWS adds to them, in the same spelling.
An input that a kind does not know is refused, so nothing that the program asks for is left out in
silence.
"""

from local.deploy.kinds import kept, network, one_call
from local.deploy.kinds.kind import CREATE, Resources, State

__all__ = ["CREATE", "Resources", "State", "kept", "network", "one_call"]
