"""S3 below a real client: its answers are AWS's XML, so reading them counts, no network does."""

from __future__ import annotations

import io
import json
import resource
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qs, urlsplit

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ROOT = Path(__file__).parents[1]
PAGE = 1000
"""Keys of an answer at most."""
OBJECT_BYTES = 16 * 2**20
_ITEM = (
    "<Contents><Key>{key}</Key><LastModified>2026-01-05T02:10:00.000Z</LastModified>"
    "<ETag>&quot;d41d8cd98f00b204e9800998ecf8427e&quot;</ETag><Size>{size}</Size>"
    "<StorageClass>STANDARD</StorageClass></Contents>"
)

Query = dict[str, str]


class _Body(io.BytesIO):
    """An answer's body, as botocore reads it."""

    def stream(self, **_: object) -> Any:
        """Yield all of it."""
        yield self.read()


def client(session: Any, answered: Callable[[Query], str]) -> S3Client:
    """Return a client whose every request, by its query, has such an answer."""
    s3 = session.client("s3", config=Config(region_name="eu-central-1"))

    def send(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        query = {name: found[0] for name, found in parse_qs(urlsplit(request.url).query).items()}
        body = cast("Any", _Body(answered(query).encode()))
        return AWSResponse(request.url, 200, HTTPHeaders(), body)

    s3.meta.events.register("before-send.s3", send)
    return s3


def page(keys: Iterable[str], following: int | None) -> str:
    """Return a list's answer; `following` is the token of the next one."""
    items = "".join(_ITEM.format(key=key, size=OBJECT_BYTES) for key in keys)
    token = f"<NextContinuationToken>{following}</NextContinuationToken>" if following else ""
    return answer(f"<IsTruncated>{str(bool(following)).lower()}</IsTruncated>{items}{token}")


def answer(inside: str) -> str:
    """Return a list's answer, of what is in it."""
    space = "http://s3.amazonaws.com/doc/2006-03-01/"
    return f'<ListBucketResult xmlns="{space}">{inside}</ListBucketResult>'


def say(*figures: float) -> None:
    """Print what this process has measured, and its peak memory in megabytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps([*figures, peak]))


def alone(benchmark: str, only: str, **options: object) -> list[float]:
    """Return what a process of its own says, in which a benchmark measures one thing only."""
    keys = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
    given = [text for name, value in options.items() for text in (f"--{name}", str(value))]
    command = [sys.executable, "-m", f"benchmarks.{benchmark}", "--only", only, *given]
    done = subprocess.run(command, cwd=ROOT, env=keys, check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout)
