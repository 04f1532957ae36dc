"""All questions, as page and table have them."""

from acceptance.first_account.deployed import DEPLOYED
from acceptance.first_account.grants import DESTROYED, GRANTS
from acceptance.first_account.private import VPC
from acceptance.first_account.spot import SPOT
from acceptance.first_account.tasks import JOB

SECTIONS = (DEPLOYED, JOB, SPOT, VPC, DESTROYED, GRANTS)
