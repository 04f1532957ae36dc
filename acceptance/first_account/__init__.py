"""What AWS's documents leave open: questions, each with what looks at a deployed stack."""

import ops  # noqa: F401 # pyright: ignore[reportUnusedImport] - it lets functions' code be imported
from acceptance.first_account.deployed import DEPLOYED
from acceptance.first_account.grants import DESTROYED
from acceptance.first_account.private import VPC
from acceptance.first_account.recovery import RECOVERY
from acceptance.first_account.spot import SPOT
from acceptance.first_account.tasks import JOB
from acceptance.first_account.temporary import GRANTS

SECTIONS = (DEPLOYED, JOB, SPOT, VPC, RECOVERY, DESTROYED, GRANTS)
"""All questions, as page and table have them."""
