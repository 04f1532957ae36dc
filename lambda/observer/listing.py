"""A client of S3 that reads long lists in a quarter of the usual time.

botocore spends three quarters of it on guessing the form of each object's time.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import boto3
import botocore.session
from botocore.utils import parse_timestamp

if TYPE_CHECKING:
    from botocore.config import Config
    from mypy_boto3_s3 import S3Client


def client(config: Config) -> S3Client:
    """Return the client."""
    session = botocore.session.Session()
    session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=_instant)
    return boto3.Session(botocore_session=session).client("s3", config=config)


def _instant(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:  # of a header, which has another form
        return parse_timestamp(text)
