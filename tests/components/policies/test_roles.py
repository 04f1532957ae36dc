"""What the functions' roles may do, against what their code does."""

import json
from typing import Any

from components import function_archive
from pipeline.kind import Kind
from tests.components.test_functions import BOTH, BUILT, PREFIX, observer
from tests.conftest import ACCOUNT, REGION, Recorder


def allowed(recorder: Recorder, name: str) -> list[dict[str, Any]]:
    """Return the statements of a role's policy."""
    inputs = recorder.inputs("aws:iam/rolePolicy:RolePolicy")[f"{name}-policy"]
    return json.loads(inputs["policy"])["Statement"]


OUTPUT = f"arn:aws:s3:::{PREFIX}-output-{ACCOUNT}-{REGION}/output"


@BOTH
class TestEveryRole:
    def test_allows_each_call_that_the_code_makes_and_no_other(self, name: str) -> None:
        granted = {action for each in allowed(BUILT[name](), name) for action in each["Action"]}
        assert granted - NOT_CALLED == actions(name)


# What Lambda, or a service in the caller's name, asks of the role.
NOT_CALLED = {
    *("iam:PassRole", "sagemaker:AddTags"),
    *("kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"),
    *("sqs:SendMessage", "logs:CreateLogStream", "logs:PutLogEvents"),
}
OTHER_NAMES = {"s3:ListObjectsV2": "s3:ListBucket"}


def actions(package: str) -> set[str]:
    """Return the IAM actions of all AWS calls of a package."""
    listed = function_archive.operations(package, [Kind.PROCESSING])
    called = {f"{service}:{name}" for service, names in listed.items() for name in names}
    return {OTHER_NAMES.get(each, each) for each in called}


class TestObserversRoles:
    def test_the_watchs_may_only_invoke_the_observer_and_keep_what_fails(self) -> None:
        [read, invoke, keep, encrypt] = allowed(observer(), "observer-watch")
        assert read["Condition"]["ArnLike"] == {
            "kms:EncryptionContext:aws:scheduler:schedule:arn": (
                f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/{PREFIX}/_watch"
            )
        }
        assert invoke["Resource"] == [
            f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{PREFIX}-observer"
        ]
        assert keep["Action"] == ["sqs:SendMessage"]
        assert encrypt["Condition"] == {
            "StringEquals": {"kms:ViaService": f"sqs.{REGION}.amazonaws.com"}
        }

    def test_may_plan_attempts_but_never_a_schedule_of_its_own(self) -> None:
        [plan] = [
            s for s in allowed(observer(), "observer") if "scheduler:CreateSchedule" in s["Action"]
        ]
        group = f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/{PREFIX}"
        assert plan["Resource"] == [f"{group}/{PREFIX}--*"]

    def test_marks_success_and_writes_nothing_else(self) -> None:
        [mark] = [s for s in allowed(observer(), "observer") if "s3:PutObject" in s["Action"]]
        assert mark["Resource"] == [f"{OUTPUT}/*_SUCCESS"]

    @BOTH
    def test_and_the_launchers_delete_markers_of_success_only(self, name: str) -> None:
        [withdraw] = [s for s in allowed(BUILT[name](), name) if "s3:DeleteObject" in s["Action"]]
        assert withdraw["Resource"] == [f"{OUTPUT}/*_SUCCESS"]
