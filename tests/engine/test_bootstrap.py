"""What CI needs, under the engine: from nothing to roles for each stack, and back to the state."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import pytest
import yaml

from bootstrap import registry as registry_module
from tests.conftest import ACCOUNT, REGION, ROOT
from tests.engine.outcome import OperationFailed
from tests.engine.stack import Stack

GITHUB = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"
STATE = {
    *("state", "state-key", "state-alias"),
    *(f"state-bucket{each}" for each in ("", "-encryption", "-ownership", "-private", "-tls")),
    "state-bucket-versioning",
}

STACKS: list[dict[str, Any]] = yaml.safe_load(
    (ROOT / "bootstrap" / "Pulumi.example.yaml").read_text("utf-8")
)["config"]["stacks"]


LIGHT = {
    "name": "prod-recovery",
    "prefix": "processing-prod",
    "region": "eu-west-1",
    "recovery_of": "prod",
}


class Registry:
    """Stands in for boto3's client of ECR."""

    def __init__(self) -> None:
        """Begin with a registry that replicates nothing."""
        self.rules: list[dict[str, Any]] = []

    def client(self, service: str, *, region_name: str, config: object) -> Self:
        del config
        assert (service, region_name) == ("ecr", REGION)
        return self

    def describe_registry(self) -> dict[str, Any]:
        return {"registryId": ACCOUNT, "replicationConfiguration": {"rules": self.rules}}


@pytest.fixture(name="registry")
def _registry(monkeypatch: pytest.MonkeyPatch) -> Registry:
    found = Registry()
    monkeypatch.setattr(registry_module, "boto3", found)
    return found


class Bootstrap(Stack):
    """The program of the directory bootstrap/, with its example."""

    project: ClassVar[str] = "sagemaker-processing-bootstrap"
    source: ClassVar[Path] = ROOT / "bootstrap"
    copied: ClassVar[Sequence[str]] = ("__main__.py", "Pulumi.yaml")

    def chosen(self) -> dict[str, str]:
        """Return nothing: the example is nobody's."""
        return {}


def test_an_account_is_made_ready_for_ci_one_stack_more_and_one_less(tmp_path: Path) -> None:
    with Bootstrap(tmp_path, "example") as account:
        planned, done = account.preview(), account.up()
        assert planned.changes == done.changes
        assert set(done.changes.values()) == {"create"}
        account.refresh(expect_no_changes=True)
        lines = account.exports()["dev"]["commands"].splitlines()
        assert f"pulumi login 's3://pulumi-state-{ACCOUNT}-{REGION}?region={REGION}'" in lines
        assert sum(line.startswith("gh variable set AWS_ROLE_ARN ") for line in lines) == 3

        staging = {"name": "staging", "prefix": "processing-staging", "region": "eu-west-1"}
        account.configure({"stacks": [*STACKS, staging]})
        more = account.up()
        assert set(more.changes.values()) == {"create"}
        assert {each.partition("-")[0] for each in more.changes} == {"staging"}

        account.configure({"stacks": [*STACKS[1:], staging]})
        less = account.up().changes
        assert set(less.values()) == {"delete"}
        assert {each.partition("-")[0] for each in less} == {"dev"}

        assert {each.name for each in account.state() if each.protect} == {
            "state-key",
            "state-bucket",
        }
        with pytest.raises(OperationFailed, match="protect"):
            account.preview_destroy()
        account.cli("state", "unprotect", "--all", "--yes")
        account.destroy()
        assert {each.name for each in account.cloud.made.values()} == STATE - {"state"}


def test_a_replication_that_the_registry_has_is_never_replaced(
    tmp_path: Path, registry: Registry
) -> None:
    registry.rules = [{"destinations": [{"region": "us-east-1"}]}]
    with Bootstrap(tmp_path, "example", {"stacks": [*STACKS, LIGHT]}) as account:
        for operation in (account.preview, account.up):
            with pytest.raises(OperationFailed, match="replication of its own, which this one wo"):
                operation()
        assert "images-eu-central-1" not in {each.name for each in account.cloud.made.values()}
        registry.rules = []
        account.up()
        # From then on what it has is bootstrap's.
        registry.rules = [{"destinations": [{"region": "eu-west-1"}]}]
        assert set(account.up().changes.values()) <= {"same"}


@pytest.mark.usefixtures("registry")
def test_the_images_of_a_stack_follow_its_pilot_light_and_go_with_it(tmp_path: Path) -> None:
    copies = {f"images-eu-west-1-processing-dev{each}" for each in ("", "-lifecycle")}
    created = {"images-eu-central-1", *copies}
    with Bootstrap(tmp_path, "example") as account:
        account.up()
        account.configure({"stacks": [*STACKS, LIGHT]})
        planned, more = account.preview().changes, account.up().changes
        assert planned == more
        created |= {each for each in more if each.startswith("prod-recovery")}
        # The first region's stack may then send replicas there.
        updated = {"prod-boundary", "prod-write-state"}
        assert more == dict.fromkeys(created, "create") | dict.fromkeys(updated, "update")
        account.refresh(expect_no_changes=True)
        # ECR would make a repository that is not there at the first push.
        [replication] = [each for each in account.state() if each.name == "images-eu-central-1"]
        assert {each.rpartition("::")[2] for each in replication.dependencies} >= {
            "images-eu-west-1-processing-dev"
        }
        lines = account.exports()["prod-recovery"]["commands"].splitlines()
        region = "gh variable set AWS_REGION -R OWNER/NAME -e prod-recovery -b eu-west-1"
        assert region in lines

        account.configure({"stacks": STACKS})
        less = account.up().changes
        assert less == dict.fromkeys(created, "delete") | dict.fromkeys(updated, "update")
        account.refresh(expect_no_changes=True)


def test_the_provider_that_an_account_has_is_used_and_told_where_there_is_none(
    tmp_path: Path,
) -> None:
    with Bootstrap(tmp_path, "example", {"oidc_provider": "existing"}) as account:
        with pytest.raises(OperationFailed, match="oidc_provider = existing: the account has none"):
            account.preview()
        account.cloud.outside.add(GITHUB)
        account.up()
        assert "github-oidc" not in {each.name for each in account.state()}
        [trust] = [each for each in account.state() if each.name == "prod-deploy"]
        assert GITHUB in trust.inputs["assumeRolePolicy"]
