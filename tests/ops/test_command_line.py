import json
import socket
from pathlib import Path

import boto3
import pytest

from ops.__main__ import main
from tests.ops.clock import NOW
from tests.ops.endpoint import put_endpoint
from tests.ops.world import NAME, SLOT, World


class TestWrongCalls:
    @pytest.mark.parametrize(
        "line",
        [
            "",
            "list",
            "lists --stack prod",
            "run --stack prod",
            "replay --stack prod --schedule daily",
            "list --stack prod --days 0",
            "list --stack prod --days x",
            "logs --stack prod JOB --lines 10001",
            "stop --stack prod",
            "costs --stack prod --months -1",
            "backfill --stack prod --schedule daily --from 2026-01-05",
            "backfill --stack prod --schedule daily --from yesterday --to 2026-01-05",
            "backfill --stack prod --schedule daily --from 1999-12-31 --to 2026-01-05",
            "report --stack prod --days 0",
            "failover --stack prod",
            "failback --stack prod --days 0",
        ],
    )
    def test_are_status_2_and_show_the_usage(
        self, line: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with pytest.raises(SystemExit) as stopped:
            main(line.split())
        assert stopped.value.code == 2
        assert "usage: python -m ops" in capsys.readouterr().err

    @pytest.mark.parametrize(
        "line",
        [
            "list --stack nope",
            "list --stack prod --schedule nope",
            "replay --stack prod --schedule daily --slot yesterday",
            "logs --stack prod some-job",
            "logs --stack prod",
            "logs --stack prod --schedule daily",
            "logs --stack prod JOB --schedule daily --slot 2026-01-05T03:00:00Z",
            "recovery --stack prod",
            "failover --stack prod --to eu-west-1",
        ],
    )
    def test_what_the_stack_does_not_have_is_status_2(self, project: Path, line: str) -> None:
        del project
        assert main(line.split()) == 2


class TestErrors:
    @pytest.mark.parametrize(
        ("code", "said"),
        [
            ("ExpiredTokenException", "these credentials (ExpiredTokenException). Sign in"),
            ("UnrecognizedClientException", "AWS does not accept these credentials"),
            ("AccessDeniedException", "may not Query: User x is not authorized. Use a role"),
            ("ResourceNotFoundException", "deploy with pulumi up --stack prod, or set AWS_PROFILE"),
            ("ThrottlingException", "Query: ThrottlingException: User x is not authorized"),
        ],
    )
    def test_of_aws_are_one_line_with_the_way_out(self, world: World, code: str, said: str) -> None:
        world.errors["Query"] = (code, "User x is\nnot authorized")
        status, out, err = world.ops("list")
        assert (status, out) == (1, "")
        assert said in err
        assert err.count("\n") == 1

    def test_a_stack_that_is_not_deployed_names_what_is_missing(self, world: World) -> None:
        world.errors["Invoke"] = ("ResourceNotFoundException", "Function not found")
        status, _, err = world.ops("run --schedule daily")
        assert status == 1
        assert "no processing-prod-launcher" in err
        assert "eu-central-1" in err

    def test_missing_credentials_are_said_to_be(
        self,
        project: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        del project
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
        assert main(["list", "--stack", "prod"]) == 1
        err = capsys.readouterr().err
        assert err.startswith("No AWS credentials: Unable to locate credentials. Sign in")

    def test_an_unknown_profile_is_said_to_be(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_PROFILE", "nobody")
        world.forget_clients()
        status, _, err = world.ops("list")
        assert status == 1
        assert "(nobody) could not be found. Sign in" in err

    def test_a_local_stack_that_has_gone_says_how_to_start_it(
        self, project: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{unused.getsockname()[1]}"
            put_endpoint(project, url)
            assert main(["list", "--stack", "local"]) == 1
        assert "start it with: make local KEEP=yes" in capsys.readouterr().err

    @pytest.mark.parametrize("line", ["list --schedule nope", f"stop {NAME}"])
    def test_with_json_are_a_document_too(self, world: World, line: str) -> None:
        status, document = world.ops_json(line)
        assert status in (1, 2)
        assert document.keys() == {"error"}


class TestJson:
    @pytest.mark.parametrize(
        "line",
        [
            "list",
            "costs",
            f"run --schedule daily --slot {SLOT}",
            f"replay --schedule daily --slot {SLOT}",
            f"logs {NAME}",
            f"stop {NAME}",
        ],
    )
    def test_stdout_is_one_document_and_nothing_else(self, world: World, line: str) -> None:
        world.job(status="InProgress" if line.startswith("stop") else "Failed")
        world.after(5, lambda: world.end(NAME, "Stopped"))
        for attempt in (1, 2):
            world.after(10, lambda n=attempt: world.conclude(n, started=NOW, ended=NOW))
        _, out, _ = world.ops(f"{line} --json")
        json.loads(out)
        assert out.endswith("\n")
