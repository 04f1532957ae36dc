"""`ops doctor` on recorded answers: each check in the state that is well and in the others."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from ops import this_machine
from ops.__main__ import main
from ops.doctor import secrets
from tests.ops.test_this_machine import NOT_THERE, Answer, Tools
from tests.ops.world import World

QUOTAS = {
    "ml.m5.xlarge for processing job usage": 8,
    "ml.m5.2xlarge for processing job usage": 8,
    "ml.m5.xlarge for spot training job usage": 2,
    "Number of instances across all processing jobs": 20,
    "Number of instances across all spot training jobs": 4,
    "Size of EBS volume for a processing job instance": 1024,
    "Size of EBS volume for a training job instance": 1024,
}
CLOUD = '[{"name": "org/prod", "url": "https://app.pulumi.com/org/p/prod"}]'


class Patient:
    """Stack prod, its account, and the machine that looks at them."""

    def __init__(self, world: World, tools: Tools, project: Path) -> None:
        self.world, self.tools, self.file = world, tools, project / "Pulumi.prod.yaml"
        self.quotas = dict(QUOTAS)
        self.lambda_limit: tuple[int, int] = (1000, 900)
        self.answers: dict[str, list[dict[str, Any]]] = {
            "GetRegionOptStatus": [{"RegionName": "eu-central-1", "RegionOptStatus": "ENABLED"}],
        }
        self.stacks: Answer = (0, CLOUD, "")

    def run(self, *command: str) -> Answer:
        if command[:2] == ("pulumi", "stack"):
            return self.stacks
        return self.tools.run(*command)

    def set(self, **changes: Any) -> None:
        """Change the stack's settings."""
        found = yaml.safe_load(self.file.read_text("utf-8"))
        found["config"] |= {f"sagemaker-processing:{key}": value for key, value in changes.items()}
        self.file.write_text(yaml.safe_dump(found), "utf-8")

    def looked_at(self) -> dict[str, list[tuple[str, str, str]]]:
        """Return what was found -> level, text and way out of each line; never is it a crash."""
        total, free = self.lambda_limit
        quotas = [
            {"QuotaName": name, "QuotaCode": "L-1", "Value": float(value)}
            for name, value in self.quotas.items()
        ]
        limit = {"ConcurrentExecutions": total, "UnreservedConcurrentExecutions": free}
        self.world.answers = {
            "ListServiceQuotas": [
                {"Quotas": quotas[:2], "NextToken": "more"},
                {"Quotas": quotas[2:]},
            ],
            "GetAccountSettings": [{"AccountLimit": limit}],
            **self.answers,
        }
        status, found = self.world.ops_json("doctor")
        assert status == any(each["level"] == "wrong" for each in found)
        lines: dict[str, list[tuple[str, str, str]]] = {}
        for each in found:
            line = (each["level"], each["text"], each["way_out"])
            lines.setdefault(each["about"], []).append(line)
        return lines

    def levels(self, about: str) -> list[str]:
        return [level for level, _, _ in self.looked_at().get(about, [])]


@pytest.fixture
def patient(world: World, project: Path, monkeypatch: pytest.MonkeyPatch) -> Patient:
    made = Patient(world, Tools(), project)
    monkeypatch.setattr(this_machine, "run", made.run)
    return made


class TestAllIsWell:
    def test_with_a_line_for_everything_and_status_0(self, patient: Patient) -> None:
        found = patient.looked_at()
        levels = {level for lines in found.values() for level, _, _ in lines}
        assert levels == {"ok"}
        assert found.keys() >= {
            *("python", "git", "docker", "pulumi", "state", "secrets"),
            *("credentials", "region", "quota", "lambda"),
        }
        assert "sms" not in found

    def test_is_shown_to_people_line_by_line(self, patient: Patient) -> None:
        patient.looked_at()
        patient.world.errors = dict.fromkeys(
            ("GetCallerIdentity",), ("ExpiredToken", "The security token is expired")
        )
        status, out, _ = patient.world.ops("doctor")
        assert status == 1
        assert "wrong   credentials AWS does not accept these credentials (ExpiredToken)" in out
        assert "ok      git" in out


class TestAMissingRight:
    def test_is_a_line_and_all_else_is_looked_at(self, patient: Patient) -> None:
        patient.world.errors["ListServiceQuotas"] = ("AccessDeniedException", "no")
        patient.world.errors["GetRegionOptStatus"] = ("AccessDeniedException", "no")
        found = patient.looked_at()
        assert found["quota"][0][0] == found["region"][0][0] == "warning"
        assert "may not ListServiceQuotas" in found["quota"][0][1]
        assert found["lambda"][0][0] == "ok"


class TestQuotas:
    def quota(self, patient: Patient, name: str, value: int | None) -> tuple[str, str, str]:
        if value is None:
            del patient.quotas[name]
        else:
            patient.quotas[name] = value
        return next(line for line in patient.looked_at()["quota"] if line[1].startswith(name))

    def test_of_a_type_that_no_run_can_have_is_wrong_with_the_command_that_raises_it(
        self, patient: Patient
    ) -> None:
        level, text, way_out = self.quota(patient, "ml.m5.xlarge for processing job usage", 0)
        assert (level, text.partition(": ")[2]) == ("wrong", "0, and one run takes 1")
        assert way_out == (
            "aws service-quotas request-service-quota-increase --region eu-central-1 "
            "--service-code sagemaker --quota-code L-1 --desired-value 3"
        )

    def test_of_a_type_that_another_replaces_is_a_warning(self, patient: Patient) -> None:
        patient.set(retries={"fallback_instance_types": ["ml.m5.2xlarge"]})
        line = self.quota(patient, "ml.m5.xlarge for processing job usage", 0)
        assert (line[0], "another type" in line[1]) == ("warning", True)

    def test_of_a_type_that_only_comes_after_out_of_memory_is_a_warning(
        self, patient: Patient
    ) -> None:
        line = self.quota(patient, "ml.m5.2xlarge for processing job usage", 0)
        assert (line[0], "after out of memory" in line[1]) == ("warning", True)

    def test_below_all_schedules_at_once_is_a_warning(self, patient: Patient) -> None:
        name = "Number of instances across all processing jobs"
        assert self.quota(patient, name, 3)[0] == "ok"
        level, text, _ = self.quota(patient, name, 2)
        assert (level, text) == ("warning", f"{name}: 2; runs at once take 3, some wait")
        patient.set(limits={"max_concurrent_instances": 2})
        assert self.quota(patient, name, 2)[0] == "ok"

    def test_below_a_run_of_several_instances_is_wrong(self, patient: Patient) -> None:
        patient.set(job={"instance_type": "ml.m5.xlarge", "volume_gb": 10, "instance_count": 5})
        patient.set(schedules={"daily": {"expression": "cron(0 4 * * ? *)"}})
        name = "Number of instances across all processing jobs"
        assert self.quota(patient, name, 4)[0] == "wrong"
        assert self.quota(patient, name, 5)[0] == "ok"

    def test_of_spot_is_a_warning_since_its_runs_end_on_demand(self, patient: Patient) -> None:
        line = self.quota(patient, "ml.m5.xlarge for spot training job usage", 0)
        assert (line[0], line[1].endswith("then is on demand")) == ("warning", True)

    def test_that_is_not_listed_is_a_warning(self, patient: Patient) -> None:
        line = self.quota(patient, "ml.m5.xlarge for processing job usage", None)
        assert (line[0], "list-service-quotas" in line[2]) == ("warning", True)

    def test_of_a_volume_is_judged_by_the_settings(self, patient: Patient) -> None:
        name = "Size of EBS volume for a processing job instance"
        assert self.quota(patient, name, 9)[0] == "wrong"
        patient.set(job={"instance_type": "ml.m5.xlarge", "volume_gb": "auto"})
        assert self.quota(patient, name, 1024)[0] == "warning"


class TestTheAccount:
    def test_without_its_region_is_wrong(self, patient: Patient) -> None:
        off = {"RegionName": "eu-central-1", "RegionOptStatus": "DISABLED"}
        patient.answers["GetRegionOptStatus"] = [off]
        [(level, _, way_out)] = patient.looked_at()["region"]
        assert (level, way_out) == (
            "wrong",
            "aws account enable-region --region-name eu-central-1",
        )

    @pytest.mark.parametrize(("free", "level"), [(6, "ok"), (5, "warning"), (0, "wrong")])
    def test_whose_lambda_runs_too_few_at_once_is_told(
        self, patient: Patient, free: int, level: str
    ) -> None:
        patient.lambda_limit = (10, free)
        assert patient.levels("lambda") == [level]

    def test_in_the_sms_sandbox_is_wrong_until_the_phone_is_verified(
        self, patient: Patient
    ) -> None:
        phone = "+4915112345678"
        patient.set(alerts={"subscriptions": [{"protocol": "sms", "endpoint": phone}]})
        for status, level in (("Pending", "wrong"), ("Verified", "ok")):
            patient.answers["GetSMSSandboxAccountStatus"] = [{"IsInSandbox": True}]
            numbers = [{"PhoneNumber": phone, "Status": status}]
            patient.answers["ListSMSSandboxPhoneNumbers"] = [{"PhoneNumbers": numbers}]
            assert patient.levels("sms") == [level]
        patient.answers["GetSMSSandboxAccountStatus"] = [{"IsInSandbox": False}]
        assert patient.levels("sms") == ["ok"]

    @pytest.mark.parametrize(
        "encrypted",
        [
            {"subscriptions": [{"protocol": "sms", "endpoint": {"secure": "v1:x"}}]},
            {"subscriptions": [{"secure": "v1:x"}, {"protocol": "sms", "endpoint": "+491511234"}]},
        ],
    )
    def test_in_the_sms_sandbox_warns_of_an_encrypted_phone(
        self, patient: Patient, encrypted: dict[str, Any]
    ) -> None:
        patient.set(alerts=encrypted)
        patient.answers["GetSMSSandboxAccountStatus"] = [{"IsInSandbox": True}]
        patient.answers["ListSMSSandboxPhoneNumbers"] = [{"PhoneNumbers": []}]
        assert patient.levels("sms") == ["warning"]

    @pytest.mark.parametrize(
        "alerts",
        ['{"monitoring": "messages"}', {"secure": "v1:x"}, {"subscriptions": {"secure": "v1:x"}}],
    )
    def test_is_asked_of_no_phone_where_none_can_be_read(
        self, patient: Patient, alerts: object
    ) -> None:
        patient.set(alerts=alerts)
        assert patient.levels("sms") == []


class TestTheState:
    def test_that_nobody_logged_in_to_or_that_lacks_the_stack_is_told(
        self, patient: Patient
    ) -> None:
        patient.stacks = (3, "", "error: this command requires logging in")
        [line] = patient.looked_at()["state"]
        assert line[:2] == ("wrong", "this command requires logging in")
        patient.stacks = (0, '[{"name": "dev"}]', "")
        assert patient.looked_at()["state"][0][2] == "pulumi stack init prod"
        patient.stacks = NOT_THERE
        assert "state" not in patient.looked_at()

    @pytest.mark.parametrize(
        ("file", "in_cloud", "environment", "level"),
        [
            ({}, True, {}, "ok"),
            ({}, False, {}, "wrong"),
            ({"encryptionsalt": "v1:x"}, False, {}, "wrong"),
            ({"encryptionsalt": "v1:x"}, False, {"PULUMI_CONFIG_PASSPHRASE": ""}, "ok"),
            ({"secretsprovider": "awskms://alias/x?region=r"}, False, {}, "wrong"),
            ({"secretsprovider": "awskms://alias/x", "encryptedkey": "k"}, False, {}, "ok"),
        ],
    )
    def test_encrypts_secrets_as_the_file_and_the_environment_allow(
        self,
        monkeypatch: pytest.MonkeyPatch,
        file: dict[str, Any],
        in_cloud: bool,
        environment: dict[str, str],
        level: str,
    ) -> None:
        for name in ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"):
            monkeypatch.delenv(name, raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        finding = secrets(file, in_cloud=in_cloud)
        assert finding.level == level
        assert bool(finding.way_out) == (level != "ok")


def test_the_local_stack_needs_no_account(
    patient: Patient, capsys: pytest.CaptureFixture[str]
) -> None:
    del patient
    assert main(["doctor", "--stack", "local", "--json"]) == 0
    abouts = {each["about"] for each in json.loads(capsys.readouterr().out)}
    assert abouts == {"python", "git", "docker", "namespaces", "pulumi"}
