"""What the functions' roles may do, against what their code does."""

import json
from typing import Any

from components import function_archive
from pipeline.kind import Kind
from tests.components.test_functions import BOTH, BUILT, PREFIX, observer
from tests.conftest import ACCOUNT, REGION, Recorder
from tests.recorded import program


def allowed(recorder: Recorder, name: str) -> list[dict[str, Any]]:
    """Return the statements of a role's policy."""
    inputs = recorder.inputs("aws:iam/rolePolicy:RolePolicy")[f"{name}-policy"]
    return json.loads(inputs["policy"])["Statement"]


OUTPUT = f"arn:aws:s3:::{PREFIX}-output-{ACCOUNT}-{REGION}/output"


@BOTH
class TestEveryRole:
    def test_allows_each_call_that_the_code_makes_and_no_other(self, name: str) -> None:
        for stack, kinds in KINDS.items():
            found = allowed(program(stack), name)
            granted = {action for each in found for action in each["Action"]}
            assert granted - NOT_CALLED == actions(name, kinds), stack


KINDS = {"prod": [Kind.PROCESSING], "vpc, spot": [*Kind]}
"""A stack -> the kinds of its jobs."""
# What Lambda, or a service in the caller's name, asks of the role.
NOT_CALLED = {
    *("iam:PassRole", "sagemaker:AddTags"),
    *("kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"),
    *("sqs:SendMessage", "logs:CreateLogStream", "logs:PutLogEvents"),
}
OTHER_NAMES = {
    "s3:ListObjectsV2": ("s3:ListBucket",),
    "s3:HeadObject": ("s3:GetObject",),
    "s3:DeleteObjects": ("s3:DeleteObject",),
    **dict.fromkeys(("s3:CopyObject", "s3:UploadPartCopy"), ("s3:GetObject", "s3:PutObject")),
    **dict.fromkeys(("s3:CreateMultipartUpload", "s3:CompleteMultipartUpload"), ("s3:PutObject",)),
}


def actions(package: str, kinds: list[Kind]) -> set[str]:
    """Return the IAM actions of all AWS calls of a package, with jobs of these kinds."""
    listed = function_archive.operations(package, kinds)
    called = {f"{service}:{name}" for service, names in listed.items() for name in names}
    return {action for each in called for action in OTHER_NAMES.get(each, (each,))}


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
