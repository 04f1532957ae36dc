"""How each kind of resource is created with boto3.

Inputs come in Pulumi's spelling; what is returned is what AWS adds to them, in the same spelling.
An input that a kind does not know is refused, so nothing that the program asks for is left out in
silence. `one_call.py` is a table; what needs more than that is in `more_calls.py`,
`network.py` and `image.py`.
"""

from local.deploy.kinds import image, more_calls, network, one_call
from local.deploy.kinds.kind import CREATE, Resources, State

__all__ = ["CREATE", "Resources", "State", "image", "more_calls", "network", "one_call"]
