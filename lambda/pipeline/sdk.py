"""AWS's clients of a function, made from the models in its own archive (ADR 29)."""

from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.loaders import Loader
from botocore.utils import parse_timestamp

MODELS = "models"
"""The folder of the archive that holds what components/service_models.py made."""

CONFIG = Config(retries={"mode": "standard"}, connect_timeout=3, read_timeout=20)
"""Of every client; AWS_MAX_ATTEMPTS says how often it tries (components/function.py)."""

OF_OTHER_REGION = CONFIG.merge(
    Config(retries={"total_max_attempts": 1}, connect_timeout=1, read_timeout=1)
)
"""Of a client for the other region, which may be lost: nobody is to wait for it."""


class _Models(Loader):
    """Takes a folder's files, and from Lambda's SDK those that the folder has not."""

    def __init__(self, folder: Path) -> None:
        super().__init__([str(folder)])
        self._services = sorted(each.name for each in folder.iterdir() if each.is_dir())

    def list_available_services(self, type_name: str) -> list[str]:  # noqa: ARG002 - of any type
        """Return the folder's only: a missing one is an error, and the SDK's 400 are not read."""
        return self._services

    def is_builtin_path(self, path: str) -> bool:  # noqa: ARG002 - wherever it is
        """Say that endpoints.json is AWS's own: for another, botocore ignores its newer rules."""
        return True


def session(root: Path) -> boto3.Session:
    """Return a session for the services and operations of the archive that is unpacked at `root`.

    Its clients read long lists in less than half of the usual time, most of which botocore spends
    on guessing the form of each object's time.
    """
    found = botocore.session.Session()
    found.register_component("data_loader", _Models(root / MODELS))
    found.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=_instant)
    return boto3.Session(botocore_session=found)


def _instant(value: Any) -> datetime:  # noqa: ANN401 - text or seconds, as botocore's own
    if isinstance(value, str):
        with suppress(ValueError):  # of a header, which has another form
            return datetime.fromisoformat(value)
    return parse_timestamp(value)
