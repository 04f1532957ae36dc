"""Requests of the JSON protocols, and their errors."""

from typing import Any

from werkzeug.wrappers import Request

from local.aws.endpoint import LocalAws
from local.aws.protocols import ServiceError, answer_json
from tests.local.aws.iam.iam_caller import CREATE_JOB, Caller


def test_a_request_is_checked_by_the_services_model_whoever_answers_it(aws: LocalAws) -> None:
    job = {**CREATE_JOB, "ProcessingJobName": "not_legal"}
    refused = Caller(aws).refusal("sagemaker", "create_processing_job", **job)
    assert refused["Code"] == "ValidationException"
    assert "ProcessingJobName = 'not_legal': must match the pattern" in refused["Message"]


def test_a_services_error_has_its_code_and_an_error_of_ours_is_one_of_the_service() -> None:
    asked = Request.from_values(headers={"X-Amz-Target": "SageMaker.Op"}, data="{}")

    def answer(error: Exception) -> tuple[int, str | None]:
        def call(_operation: str, _request: dict[str, Any]) -> dict[str, Any]:
            raise error

        response = answer_json(call, asked)
        return response.status_code, response.headers["x-amzn-errortype"]

    assert answer(ServiceError("ConflictException", "no", 409)) == (409, "ConflictException")
    assert answer(KeyError("a bug")) == (500, "InternalFailure")
