from functools import partial
from pathlib import Path

import pytest

from acceptance.canary import LINES
from ops.screen import Screen
from ops.session import Session
from ops.stack import load
from tests.ops.conftest import PROD, project, world
from tests.ops.world import World

__all__ = ["project", "session", "world"]
CANARY = PROD.replace("    daily:", f"{LINES.lstrip(chr(10))}\n    daily:")


@pytest.fixture
def session(project: Path, world: World) -> Session:
    """A test's, of stack prod with a canary, whose buckets and topic exist."""
    (project / "Pulumi.prod.yaml").write_text(CANARY, "utf-8")
    stack = load("prod")
    where = {"CreateBucketConfiguration": {"LocationConstraint": stack.region}}
    for role in ("input", "output"):
        bucket = f"processing-prod-{role}-123456789012-eu-central-1"
        stack.client("s3").create_bucket(Bucket=bucket, **where)
        versioned = {"Status": "Enabled"}
        stack.client("s3").put_bucket_versioning(Bucket=bucket, VersioningConfiguration=versioned)
    stack.client("sns").create_topic(Name="processing-prod-alerts")
    screen = Screen(as_json=False)
    return Session(stack, screen, lambda: world.now, partial(world.sleep, 5))
