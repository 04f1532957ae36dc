"""A stack for tests of what is made for one."""

from collections.abc import Callable
from typing import Any

from components.aws.account import Account
from components.stack import Stack
from tests.components.settings.test_settings import settings
from tests.conftest import ACCOUNT, REGION, Recorder, record

HERE = Account(partition="aws", region=REGION, id=ACCOUNT)
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd"


def stack(**changes: Any) -> Stack:
    """Return stack prod, with these settings otherwise."""
    return Stack(settings(**changes), HERE, KEY)


def build(make: Callable[[], Any]) -> Recorder:
    """Return what a program that makes only this would create."""
    return record(make, "dev")
