from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError

from ops import pair, stack
from ops.pair import NoAnswerError
from ops.stack import OpsError, UsageError
from tests.ops.pairs import HOME, OTHER, put_light, put_pair


def fail(error: Exception) -> NoReturn:
    raise error


def refusal(code: str, status: int) -> ClientError:
    answer: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "GetItem")


class TestLoad:
    @pytest.mark.parametrize("name", ["prod", "prod-recovery"])
    def test_finds_both_stacks_by_either(self, project: Path, name: str) -> None:
        put_pair(project)
        found = pair.load(stack.load(name))
        assert [each.name for each in found.both] == ["prod", "prod-recovery"]
        assert [each.region for each in found.both] == [HOME, OTHER]

    def test_a_stack_without_a_second_region_says_how_to_get_one(self, project: Path) -> None:
        del project
        with pytest.raises(UsageError, match=r"set recovery.region in Pulumi.prod.yaml"):
            pair.load(stack.load("prod"))

    def test_a_missing_stack_file_and_one_too_many_are_refused(self, project: Path) -> None:
        put_pair(project)
        put_light(project, "prod-again")
        with pytest.raises(UsageError, match=r"Pulumi.prod-again.yaml, Pulumi.prod-recovery.yaml"):
            pair.load(stack.load("prod"))
        for name in ("again", "recovery"):
            (project / f"Pulumi.prod-{name}.yaml").unlink()
        with pytest.raises(UsageError, match=r"no stack file is of stack prod"):
            pair.load(stack.load("prod"))

    def test_a_file_that_is_refused_is_no_concern_of_another_stack(self, project: Path) -> None:
        put_pair(project)
        (project / "Pulumi.broken.yaml").write_text("config: [", "utf-8")
        assert pair.load(stack.load("prod")).other.name == "prod-recovery"

    def test_a_region_that_is_neither_is_refused(self, project: Path) -> None:
        put_pair(project)
        found = pair.load(stack.load("prod"))
        assert found.at(OTHER) is found.other
        assert found.beside(found.at(OTHER)) is found.home
        with pytest.raises(UsageError, match="--to us-east-1: stack prod has the regions"):
            found.at("us-east-1")


class TestAsk:
    @pytest.mark.parametrize(
        "error",
        [
            EndpointConnectionError(endpoint_url="https://x"),
            ConnectTimeoutError(endpoint_url="https://x"),
            refusal("InternalServerError", 500),
        ],
    )
    def test_what_is_lost_does_not_answer(self, project: Path, error: Exception) -> None:
        del project
        with pytest.raises(NoAnswerError, match=r"eu-central-1 does not answer: "):
            pair.ask(stack.load("prod"), partial(fail, error))

    def test_a_refusal_of_aws_is_an_error_and_no_silence(self, project: Path) -> None:
        del project
        with pytest.raises(OpsError, match="may not GetItem") as raised:
            pair.ask(stack.load("prod"), partial(fail, refusal("AccessDeniedException", 400)))
        assert not isinstance(raised.value, NoAnswerError)
