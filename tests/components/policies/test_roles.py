"""What the functions' roles may do, against what their code does."""

import ast
import json
from typing import Any

import botocore.session
from botocore import xform_name

from tests.components.test_functions import BOTH, BUILT, PREFIX, observer
from tests.conftest import ACCOUNT, REGION, ROOT, Recorder


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
    """Return the IAM actions of all AWS calls of a package, its own or through `pipeline`."""
    own, shared = trees(package), trees("pipeline")
    functions: dict[str, set[str]] = {}
    for node in (node for tree in shared for node in ast.walk(tree)):
        if isinstance(node, ast.FunctionDef):
            functions.setdefault(node.name, set()).update(called(node), called_by_name(node))
    found: set[str] = set()
    new = {name for tree in own for name in called(tree)}
    while new := new - found:
        found |= new
        new = {name for each in new & functions.keys() for name in functions[each]}
    found.discard("search")  # a pattern's; SageMaker has an operation of that name
    services = {
        node.value
        for tree in own
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and ast.unparse(call.func).startswith("boto3.")
        for node in call.args[:1]
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    operations = {
        f"{service}:{operation}"
        for service in services
        for operation in botocore.session.get_session().get_service_model(service).operation_names
        if xform_name(operation) in found
    }
    return {OTHER_NAMES.get(each, each) for each in operations}


def trees(package: str) -> list[ast.Module]:
    return [ast.parse(path.read_text("utf-8")) for path in (ROOT / "lambda" / package).glob("*.py")]


def called_by_name(tree: ast.AST) -> set[str]:
    """Return the names of the functions of its own module that are called."""
    calls = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    return {each.id for each in calls if isinstance(each, ast.Name)}


def called(tree: ast.AST) -> set[str]:
    """Return the names of the methods that are called, and of the operations that are paged."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            names.add(node.func.attr)
            if node.func.attr == "get_paginator" and isinstance(node.args[0], ast.Constant):
                names.add(str(node.args[0].value))
    return names


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
