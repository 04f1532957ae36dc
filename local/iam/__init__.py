"""IAM: every request of a role is judged by the deployed policies, and recorded.

`evaluate.py` decides by policies alone; `needs.py` knows what a request needs; `store.py` reads the
policies from the embedded AWS's state; `authority.py` puts them together.
"""

from local.iam import data, services
from local.iam.authority import AccessDeniedError, Authority, Session, Use
from local.iam.credentials import Keys
from local.iam.evaluate import Access

__all__ = ["Access", "AccessDeniedError", "Authority", "Keys", "Session", "Use", "data", "services"]
