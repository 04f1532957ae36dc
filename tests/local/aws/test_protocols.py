"""Requests of the JSON protocols, and their errors."""

from typing import Any
from unittest.mock import Mock

import pytest
from botocore.exceptions import ClientError

from local.aws.endpoint import LocalAws
from local.aws.protocols import ServiceError
from tests.local.aws.iam.iam_caller import CREATE_JOB, Caller


def test_a_request_is_checked_by_the_services_model_whoever_answers_it(aws: LocalAws) -> None:
    job = {**CREATE_JOB, "ProcessingJobName": "not_legal"}
    refused = Caller(aws).refusal("sagemaker", "create_processing_job", **job)
    assert refused["Code"] == "ValidationException"
    assert "ProcessingJobName = 'not_legal': must match the pattern" in refused["Message"]


def test_a_services_error_has_its_code_and_an_error_of_ours_is_one_of_the_service(
    aws: LocalAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(error: Exception) -> tuple[int, str]:
        monkeypatch.setitem(aws.services, "sagemaker", Mock(side_effect=error))
        with pytest.raises(ClientError) as caught:
            aws.client("sagemaker").list_processing_jobs()
        told: Any = caught.value.response
        return told["ResponseMetadata"]["HTTPStatusCode"], told["Error"]["Code"]

    assert refused(ServiceError("ConflictException", "no", 409)) == (409, "ConflictException")
    assert refused(KeyError("a bug")) == (500, "InternalFailure")
