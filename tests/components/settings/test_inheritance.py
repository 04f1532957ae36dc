"""A pilot light's file: what it has of its home stack's, and what is refused."""

import json
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

from components.settings import Settings, loader, stack_file
from components.settings.loader import SettingsError, read
from tests.conftest import PROJECT, record

URI = f"123456789012.dkr.ecr.eu-central-1.amazonaws.com/own@sha256:{'ab' * 32}"
HOME: dict[str, Any] = {
    "aws:region": "eu-central-1",
    "prefix": "own",
    "expression": "cron(0 4 * * ? *)",
    "job": {"instance_type": "ml.m5.large", "volume_gb": 100},
    "image": {"base": "debian:13-slim", "shared_with": [{"prefix": "other"}]},
    "recovery": {"region": "eu-west-1", "inputs": True, "lag_minutes": 30},
    "tags": {"CostCenter": "42"},
}
PILOT: dict[str, Any] = {
    "aws:region": "eu-west-1",
    "recovery": {"of": "prod"},
    "image": {"uri": URI},
}
SECURE = {"secure": "v1:abc:def"}


def write(directory: Path, home: dict[str, Any], pilot: dict[str, Any]) -> Path:
    """Write both stacks' files; None takes a key out."""
    (directory / "Pulumi.yaml").write_text(f"name: {PROJECT}\n", "utf-8")
    for stack, keys in {"prod": HOME | home, "prod-recovery": PILOT | pilot}.items():
        given = {key: value for key, value in keys.items() if value is not None}
        text = yaml.safe_dump({"config": given})
        (directory / f"Pulumi.{stack}.yaml").write_text(text, "utf-8")
    return directory


@pytest.fixture(params=["file", "engine"])
def reader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    """As operators' commands read a stack, and as the program does under Pulumi."""

    def of_file(directory: Path) -> Settings:
        return read(stack_file.keys(directory, "prod-recovery"), PROJECT, "prod-recovery")

    def of_engine(directory: Path) -> Settings:
        config = yaml.safe_load((directory / "Pulumi.prod-recovery.yaml").read_text("utf-8"))
        keys = {
            key if ":" in key else f"{PROJECT}:{key}": value
            if isinstance(value, str)
            else json.dumps(value)
            for key, value in config["config"].items()
        }
        monkeypatch.chdir(directory)
        found: list[Settings] = []
        record(lambda: found.append(loader.load()), "prod-recovery", keys)
        return found[0]

    return of_file if request.param == "file" else of_engine


def refusal(directory: Path, home: dict[str, Any], pilot: dict[str, Any]) -> str:
    with pytest.raises(SettingsError) as error:
        stack_file.keys(write(directory, home, pilot), "prod-recovery")
    return str(error.value)


class TestPilotLight:
    def test_has_all_settings_of_its_home_stack(self, tmp_path: Path, reader: Any) -> None:
        found: Settings = reader(write(tmp_path, {}, {}))
        home = read(stack_file.keys(tmp_path, "prod"), PROJECT, "prod")
        others = {"stack", "region", "image", "recovery"}
        assert found.model_dump(exclude=others) == home.model_dump(exclude=others)
        assert (found.stack, found.region) == ("prod-recovery", "eu-west-1")

    def test_has_the_home_stacks_region_for_its_other_one(
        self, tmp_path: Path, reader: Any
    ) -> None:
        found: Settings = reader(write(tmp_path, {}, {}))
        assert found.recovery.model_dump() == {
            "region": "eu-central-1",
            "of": "prod",
            "inputs": True,
            "lag_minutes": 30,
        }
        assert (found.is_pilot_light, found.home_region) == (True, "eu-central-1")

    def test_has_a_key_that_its_own_file_sets_whole(self, tmp_path: Path, reader: Any) -> None:
        found: Settings = reader(write(tmp_path, {}, {"job": {"volume_gb": 50}}))
        assert found.job.volume_gb == 50
        assert found.job.instance_type == "ml.t3.medium"
        assert found.image.model_dump() == {"uri": URI, "base": None, "shared_with": ()}

    def test_has_the_prefix_that_its_home_stack_has_by_default(
        self, tmp_path: Path, reader: Any
    ) -> None:
        assert reader(write(tmp_path, {"prefix": None}, {})).prefix == f"{PROJECT}-prod"

    def test_has_the_image_that_its_home_stack_runs_and_shares(
        self, tmp_path: Path, reader: Any
    ) -> None:
        image = {"uri": URI, "shared_with": [{"prefix": "other"}]}
        found: Settings = reader(write(tmp_path, {"image": image}, {"image": None}))
        assert found.image.model_dump() == {"uri": URI, "base": None, "shared_with": ()}

    def test_of_complete_keys_is_read_without_any_file(self, tmp_path: Path) -> None:
        keys = stack_file.keys(write(tmp_path, {}, {}), "prod-recovery")
        (tmp_path / "Pulumi.prod.yaml").unlink()
        file = stack_file.File("prod-recovery", PROJECT, keys)
        assert stack_file.inherit(tmp_path, file) == keys


ALERTS: dict[str, Any] = {"subscriptions": [{"protocol": "https", "endpoint": SECURE}]}


class TestEncryptedValues:
    def test_of_the_home_stack_have_to_be_set_for_the_pilot_light(self, tmp_path: Path) -> None:
        said = refusal(tmp_path, {"alerts": ALERTS}, {})
        assert f"{PROJECT}:alerts is encrypted in Pulumi.prod.yaml, so that only prod can" in said
        assert "set the whole key in this file, too" in said

    @pytest.mark.parametrize("alerts", [ALERTS, {"monitoring": "full"}])
    def test_are_no_matter_once_its_own_file_sets_the_key(
        self, tmp_path: Path, alerts: dict[str, Any]
    ) -> None:
        write(tmp_path, {"alerts": ALERTS}, {"alerts": alerts})
        found = read(stack_file.keys(tmp_path, "prod-recovery"), PROJECT, "prod-recovery")
        assert found.alerts.subscriptions == ()

    def test_of_the_pilot_light_are_not_taken_from_the_home_stack(self, tmp_path: Path) -> None:
        write(tmp_path, {"alerts": {"monitoring": "messages"}}, {"alerts": ALERTS})
        assert f"{PROJECT}:alerts" not in stack_file.keys(tmp_path, "prod-recovery")


BUCKET = {"bucket": "others"}
NETWORK = {
    "mode": "existing",
    "subnets": ["subnet-0123456789abcdef0"],
    "security_groups": ["sg-0123456789abcdef0"],
}
SLACK = {"slack": {"workspace": "T07EA123LEP", "channel": "C07EZ1ABC23"}}


@pytest.mark.parametrize(
    ("home", "pilot", "said"),
    [
        (
            {},
            {"recovery": {"of": "prdo"}},
            "recovery.of = prdo: is no other stack with a file here; there are prod",
        ),
        ({}, {"recovery": {"of": "prod-recovery"}}, "recovery.of = prod-recovery: is no other"),
        ({}, {"recovery": {"of": "../prod"}}, 'recovery.of = "../prod": must be a-z'),
        (
            {"recovery": {"of": "dev"}},
            {},
            "recovery.of = prod: is a pilot light itself, of dev; name a home stack",
        ),
        ({"aws:region": None}, {}, "recovery.of = prod: Pulumi.prod.yaml has no aws:region"),
        (
            {"recovery": {}},
            {},
            "aws:region = eu-west-1: is not recovery.region of Pulumi.prod.yaml, null; "
            "pulumi config set --path recovery.region eu-west-1 --stack prod",
        ),
        ({"recovery": {"region": "us-east-1"}}, {}, "Pulumi.prod.yaml, us-east-1; pulumi config"),
        ({}, {"aws:region": None}, "aws:region is missing"),
        (
            {},
            {"recovery": {"of": "prod", "region": "eu-central-1"}},
            "recovery.region = eu-central-1: is for Pulumi.prod.yaml to say, of both regions",
        ),
        ({}, {"prefix": "other"}, "prefix = other: is not own, which is that of Pulumi.prod.yaml"),
        (
            {"network": NETWORK},
            {},
            'network.subnets = ["subnet-0123456789abcdef0"]: is of Pulumi.prod.yaml, and in its '
            "region; set network in this file, whole, with what is in eu-west-1",
        ),
        ({"input": BUCKET}, {}, "input.bucket = others: is of Pulumi.prod.yaml"),
        (
            {"schedules": {"daily": {"reference": BUCKET}}},
            {},
            "schedules.daily.reference.bucket = others: is of Pulumi.prod.yaml, and in its region; "
            "set schedules in this file",
        ),
        ({"alerts": SLACK}, {}, "alerts.slack is the channel of Pulumi.prod.yaml, and AWS takes"),
        ({"alerts": SLACK}, {"alerts": SLACK}, "alerts.slack is the channel of"),
        (
            {},
            {"image": None},
            "image has no uri, and a pilot light builds none; it runs the image of prod: "
            "pulumi config set --path image.uri $(pulumi stack output image_uri --stack prod) "
            "--stack prod-recovery",
        ),
    ],
)
def test_refuses_a_pilot_light_that_cannot_be_one(
    tmp_path: Path, reader: Any, home: dict[str, Any], pilot: dict[str, Any], said: str
) -> None:
    with pytest.raises(SettingsError) as error:
        reader(write(tmp_path, home, pilot))
    assert said in str(error.value)


@pytest.mark.parametrize(
    "pilot",
    [
        {"alerts": {"monitoring": "full"}},
        {"alerts": {"slack": {**SLACK["slack"], "channel": "C1"}}},
    ],
)
def test_takes_another_channel_or_none(tmp_path: Path, pilot: dict[str, Any]) -> None:
    assert stack_file.keys(write(tmp_path, {"alerts": SLACK}, pilot), "prod-recovery")


def test_refuses_without_commands_which_would_replace_a_whole_key_of_the_home_stack(
    tmp_path: Path, reader: Any
) -> None:
    with pytest.raises(SettingsError) as error:
        reader(write(tmp_path, {"job": {"volume_gb": 0}}, {}))
    *_, last = str(error.value).splitlines()
    assert "    pulumi config" not in str(error.value)
    assert last == "Edit Pulumi.prod-recovery.yaml, or Pulumi.prod.yaml for what that does not set."


def test_never_shows_what_is_secret_in_its_own_file(tmp_path: Path) -> None:
    keys = {
        "aws:region": "eu-west-1",
        f"{PROJECT}:recovery": json.dumps({"of": "prod"}),
        f"{PROJECT}:tags": json.dumps({"a": "hidden"}),
    }

    def program() -> None:
        pulumi.runtime.set_all_config(keys, [f"{PROJECT}:tags"])
        loader.load()

    write(tmp_path, {}, {})
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        with pytest.raises(SettingsError, match="tags is a secret") as error:
            record(program, "prod-recovery", keys)
    assert "hidden" not in str(error.value)
