"""What the settings call existing is there when the program runs at home."""

import json
from pathlib import Path
from typing import Any

import pytest

from components.settings import loader, stack_file
from local.aws.endpoint import LocalAws
from local.aws.sagemaker.job import JobEnd
from local.deploy import existing, program
from local.deploy.cloud import Cloud
from local.deploy.program import DeployError
from tests.conftest import ROOT, stack_keys
from tests.local.aws.iam.iam_caller import Caller

KEY = "arn:aws:kms:eu-central-1:{}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
PROJECT = stack_file.project(ROOT)
KEYS = [KEY.format("123456789012"), KEY.format("999988887777")]


def stack(**named: dict[str, Any]) -> dict[str, str]:
    keys = stack_keys("local")
    for group, values in named.items():
        key = f"{PROJECT}:{group}"
        keys[key] = json.dumps({**json.loads(keys.get(key, "{}")), **values})
    return keys


def create(aws: LocalAws, **named: dict[str, Any]) -> None:
    existing.create(aws, loader.read(stack(**named), PROJECT, "local"))


def test_it_is_there_before_the_program_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(*_: object) -> None:
        raise DeployError(str(cloud.aws.client("s3").list_buckets()["Buckets"]))

    cloud = Cloud(
        ROOT,
        tmp_path / "cloud",
        "local",
        run_job=lambda _cloud, _job: JobEnd("Completed"),
        build=lambda _: "image",
        config=stack(output={"bucket": "corp-results"}),
    )
    monkeypatch.setattr(program, "deploy", run)
    try:
        with pytest.raises(DeployError, match="corp-results"):
            cloud.deploy()
    finally:
        cloud.close()


def test_buckets_are_made_once_each(aws: LocalAws) -> None:
    reference = {"bucket": "corp-models", "prefix": "models/"}
    create(aws, input={"bucket": "corp-in"}, reference=reference, output={"bucket": "corp-out"})
    create(aws, input={"bucket": "corp-lake"}, output={"bucket": "corp-lake"})
    made = ("corp-in", "corp-models", "corp-out", "corp-lake")
    names = [each["Name"] for each in aws.client("s3").list_buckets()["Buckets"]]
    assert [names.count(each) for each in made] == [1, 1, 1, 1]


def test_without_existing_ones_there_is_nothing(aws: LocalAws) -> None:
    before = aws.client("s3").list_buckets()["Buckets"]
    create(aws)
    assert aws.client("s3").list_buckets()["Buckets"] == before


@pytest.mark.parametrize("arn", KEYS)
def test_a_buckets_own_key_is_asked_for_whichever_account_it_is_of(aws: LocalAws, arn: str) -> None:
    bucket = f"corp-{arn.split(':')[4]}"
    create(aws, input={"bucket": bucket, "kms_key_arn": arn})
    where = {"Bucket": bucket, "Key": "a"}
    aws.client("s3").put_object(**where, Body=b"a")
    read = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    decrypt = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": arn}
    caller = Caller(aws, read, decrypt)
    assert caller.call("s3", "get_object", **where)["Body"].read() == b"a"
    assert ("kms:Decrypt", arn) in caller.used()
    assert arn in Caller(aws, read).refusal("s3", "get_object", **where)["Message"]
