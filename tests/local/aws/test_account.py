"""What moves between the services of an account, which are stood in for here."""

import threading
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from local.aws.account import Account
from local.aws.endpoint import LocalAws
from local.aws.functions.service import Functions
from local.aws.sagemaker.job import Job, JobEnd
from tests.local.aws.two_regions import running


def run_job(_account: Account, _job: Job) -> JobEnd:
    return JobEnd("Completed")


def hear(_what: str, _detail: str) -> None:
    pass


@pytest.fixture
def account(tmp_path: Path) -> Account:
    return Account(LocalAws("eu-central-1"), tmp_path, run_job, [], hear)


def test_what_was_told_last_is_heard_before_functions_end(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    closing, order = threading.Event(), list[str]()

    def deliver(*_: object) -> None:
        closing.wait(10)
        order.append("heard")

    monkeypatch.setattr(Functions, "_configuration", Mock(return_value={}))
    monkeypatch.setattr(Functions, "_deliver", deliver)
    monkeypatch.setattr(account.sagemaker, "close", closing.set)
    monkeypatch.setattr(account.functions, "close", lambda: order.append("ended"))
    monkeypatch.setattr(account.aws, "stop", Mock())
    account.functions.invoke("observer", b"{}")
    account.close()
    assert order == ["heard", "ended"]


def test_each_status_of_a_job_is_told_once(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole: Any = account
    monkeypatch.setattr(account.bus, "publish", bus := Mock())
    for status, secondary in (
        ("InProgress", "Starting"),
        ("InProgress", "Training"),
        ("Stopping", "Stopping"),
        ("Stopping", "Uploading"),
        ("Stopped", "Stopped"),
    ):
        detail = {"TrainingJobName": "a", "TrainingJobStatus": status, "SecondaryStatus": secondary}
        whole._publish({"resources": ["arn"], "detail": detail})
    assert [each["detail"] for each in account.timeline] == [
        "a InProgress",
        "a Stopping",
        "a Stopped",
    ]
    assert bus.call_count == 5


def test_the_state_is_gone_with_the_last_region_only(tmp_path: Path) -> None:
    with running(tmp_path) as world:
        world.home.close()
        assert world.other.aws.client("s3").list_buckets()["Buckets"]
        world.other.close()
        assert not world.home.aws.iam.store.state("s3").buckets
