"""Secrets stay where they belong: canaries are planted, and looked for everywhere else."""

import json
import runpy
import shutil
from pathlib import Path
from typing import Any, cast

import pulumi.runtime
import pytest

from components.settings import Settings, stack_file
from components.settings.loader import SettingsError, read
from tests.conftest import PROJECT, ROOT, Recorder, record, stack_keys

URL = "https://hooks.example.com/services/canary-7f3a91c4"
MAIL = "canary-5d1e8b20@example.com"
VALUE = "canary-of-secrets-manager"
SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"
SIGNATURE = "4dabf18193072939515e22adb298388d"
"""Pulumi's key in the wrapper of a secret: what is in one is encrypted in the state."""


def with_alerts(*subscriptions: Any) -> dict[str, str]:
    keys = stack_keys("local")
    return keys | {f"{PROJECT}:alerts": json.dumps({"subscriptions": subscriptions})}


def state(value: Any) -> Any:
    """Return what is recorded as it lies in the state, where secrets are encrypted."""
    if isinstance(value, dict):
        tree = cast("dict[str, Any]", value)
        if SIGNATURE in tree:
            return "(encrypted)"
        return {key: state(each) for key, each in tree.items()}
    if isinstance(value, list):
        return [state(each) for each in cast("list[Any]", value)]
    return value


def recorded(*subscriptions: dict[str, str]) -> Recorder:
    keys = with_alerts(*subscriptions)

    def program() -> None:
        pulumi.runtime.set_all_config(keys, [f"{PROJECT}:alerts"])
        runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__")

    return record(program, "local", keys)


class TestTheState:
    def test_holds_no_endpoint_and_no_password_in_plain_text(self) -> None:
        recorder = recorded(
            {"protocol": "https", "endpoint": URL}, {"protocol": "email", "endpoint": MAIL}
        )
        assert {each["endpoint"] for each in recorder.inputs(SUBSCRIPTION).values()} == {URL, MAIL}
        text = "\n".join(
            f"{each.typ} {each.name} {json.dumps(state(each.inputs), default=repr)}"
            for each in recorder.created
        )
        text += json.dumps(recorder.exports, default=str) + repr(recorder.called)
        assert "processing-local-alerts" in text
        for canary in (URL, MAIL, "7f3a91c4", "5d1e8b20", "registry-password"):
            assert canary not in text


class TestTheConfiguration:
    def refusal(self, keys: dict[str, str], *secrets: str) -> str:
        with pytest.raises(SettingsError) as error:
            read(keys, PROJECT, "local", secrets=[f"{PROJECT}:{each}" for each in secrets])
        assert error.value.__cause__ is None
        return str(error.value)

    def test_may_hold_the_alerts_as_a_secret(self) -> None:
        keys = with_alerts({"protocol": "https", "endpoint": URL})
        settings = read(
            keys, PROJECT, "local", secrets=[f"{PROJECT}:alerts", "docker:registryAuth"]
        )
        assert settings.alerts.subscriptions[0].endpoint == URL

    @pytest.mark.parametrize(
        "key",
        sorted({*Settings.model_fields, "unknown"} - {"alerts", "project", "stack", "region"}),
    )
    def test_may_hold_no_other_secret_and_says_where_it_belongs(self, key: str) -> None:
        keys = with_alerts() | {f"{PROJECT}:{key}": VALUE}
        said = self.refusal(keys, key)
        assert f"{PROJECT}:{key} is a secret" in said
        assert "list its name under job.secrets" in said
        assert VALUE not in said

    def test_may_hold_no_secret_region(self) -> None:
        with pytest.raises(SettingsError, match="aws:region is a secret"):
            read(with_alerts(), PROJECT, "local", secrets=["aws:region"])

    @pytest.mark.parametrize(
        "subscription",
        [
            {"protocol": "email", "endpoint": VALUE},
            {"protocol": VALUE, "endpoint": URL},
            {"protocol": "https", "endpoint": URL, "token": VALUE},
            VALUE,
        ],
    )
    def test_never_shows_a_secret_in_an_error(self, subscription: Any) -> None:
        said = self.refusal(with_alerts(subscription), "alerts")
        assert "alerts.subscriptions[0]" in said
        assert "set it again with --secret" in said
        assert "canary" not in said

    @pytest.mark.parametrize("text", [VALUE, f"[{VALUE}", f'{{"{VALUE}'])
    def test_never_shows_a_secret_that_is_no_structure(self, text: str) -> None:
        said = self.refusal(with_alerts() | {f"{PROJECT}:alerts": text}, "alerts")
        assert "alerts = (a secret)" in said
        assert "canary" not in said

    def test_learns_from_pulumi_which_keys_are_secret(self) -> None:
        keys = with_alerts() | {f"{PROJECT}:tags": json.dumps({"a": VALUE})}

        def program() -> None:
            pulumi.runtime.set_all_config(keys, [f"{PROJECT}:tags"])
            runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__")

        with pytest.raises(SettingsError, match="tags is a secret"):
            record(program, "local", keys)


class TestAStackFile:
    def keys(self, tmp_path: Path, text: str) -> dict[str, str]:
        shutil.copy(ROOT / "Pulumi.yaml", tmp_path)
        (tmp_path / "Pulumi.x.yaml").write_text(f"encryptionsalt: v1:abc\nconfig:\n{text}")
        return stack_file.keys(tmp_path, "x")

    def test_is_read_without_a_key_that_holds_something_encrypted(self, tmp_path: Path) -> None:
        found = self.keys(
            tmp_path,
            "  p:alerts:\n    monitoring: full\n    subscriptions:\n"
            "      - protocol: https\n        endpoint:\n          secure: v1:abc:def\n"
            "  p:prefix: x\n  p:input: {secure: v1:abc}\n  p:job: {environment: {B: b}}\n",
        )
        assert found == {"p:prefix": "x", "p:job": '{"environment": {"B": "b"}}'}

    def test_with_an_encrypted_endpoint_gives_the_settings(self, tmp_path: Path) -> None:
        text = (ROOT / "Pulumi.prod.yaml").read_text("utf-8")
        endpoint = "{protocol: https, endpoint: {secure: v1:abc}}"
        alerts = f"  {PROJECT}:alerts: {{subscriptions: [{endpoint}]}}\n"
        (tmp_path / "Pulumi.prod.yaml").write_text(text + alerts)
        shutil.copy(ROOT / "Pulumi.yaml", tmp_path)
        settings = read(stack_file.keys(tmp_path, "prod"), PROJECT, "prod")
        assert settings.alerts.subscriptions == ()
