"""IAM: every request of a role is judged by the deployed policies, and recorded.

`evaluate.py` decides by policies alone; `required_permissions.py` knows what a request needs;
`store.py` reads policies from moto's state; `authority.py` puts them together.
"""

from local.aws.iam.authority import AccessDeniedError, Authority, Session
from local.aws.iam.evaluate import Access

__all__ = ["Access", "AccessDeniedError", "Authority", "Session"]
