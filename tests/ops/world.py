"""A deployed stack as operators meet it: a real journal in moto, and a SageMaker and a launcher
that a test scripts. Every request is checked by AWS's own model, and time passes only in `sleep`.
"""

import io
import json
from collections.abc import Callable
from functools import cache, cached_property
from types import SimpleNamespace
from typing import Any, cast

import boto3
import pytest

from components.aws import models
from local.aws.sagemaker.job import Kind, kind_of
from ops.__main__ import main
from pipeline.attempt import Attempt, job_name, parse_slot
from pipeline.journal import Journal
from pipeline.journal_items import Entry
from tests.fake_sagemaker import FakeSageMaker
from tests.ops.clock import Clock

SLOT = "2026-01-05T03:00:00Z"
NAME = "processing-prod--daily-20260105T030000Z-1"
GROUP = "/aws/sagemaker/ProcessingJobs"

_Json = dict[str, Any]


class World(Clock):
    """What is there, what happens when, and what an operator gets to see."""

    def __init__(self, capture: pytest.CaptureFixture[str]) -> None:
        super().__init__()
        self._capture = capture
        self.sagemaker = FakeSageMaker(lambda: self.now)
        self.jobs = self.sagemaker.jobs
        self.launcher: Callable[[_Json], _Json] = self.launch
        self.errors: dict[str, tuple[str, str]] = {}
        """Operation -> code and message of the error that AWS answers."""
        self.answers: dict[str, list[_Json]] = {}
        """Operation -> what it answers, one after the other."""
        self.requests: list[tuple[str, _Json]] = []
        """Operation and parameters of each request that moto did not answer."""
        self.clients: list[_Json] = []
        """How each client was made."""
        _Served.world = self

    @cached_property
    def journal(self) -> Journal:
        return Journal(_client("dynamodb"), "processing-prod-journal")

    def ops(self, line: str) -> tuple[int, str, str]:
        """Run a command on stack prod; return its exit status, stdout and stderr."""
        status = main([*line.split(), "--stack", "prod"], now=lambda: self.now, sleep=self.sleep)
        out, err = self._capture.readouterr()
        return status, out, err

    def ops_json(self, line: str) -> tuple[int, Any]:
        """Run a command with --json; return its exit status and its document."""
        status, out, _ = self.ops(f"{line} --json")
        return status, json.loads(out)

    def conclude(self, attempt: int = 1, slot: str = SLOT, **known: Any) -> Entry:
        """Write down an attempt's end, as the observer does."""
        run = Attempt(known.pop("schedule", "daily"), parse_slot(slot), attempt)
        end: _Json = {"concluded_at": self.now, "outcome": "completed", "status": "Completed"}
        name = job_name("processing-prod", run)
        entry = Entry.of(run, name, **{**end, **known})
        self.journal.write(entry)
        return entry

    def job(
        self,
        name: str = NAME,
        status: str = "InProgress",
        kind: Kind = "Processing",
        **known: Any,
    ) -> None:
        """Let SageMaker have a job."""
        known = {"CreationTime": self.now, f"{kind}JobStatus": status, **known}
        self.sagemaker.add(name, "ml.m5.xlarge", kind, **known)

    def end(self, name: str, status: str, **known: Any) -> None:
        self.sagemaker.end(name, status, ran=False, **known)

    def launch(self, event: _Json) -> _Json:
        """Answer as the launcher does: it starts the job, unless there is one of its name."""
        run = Attempt(event["schedule"], parse_slot(event["slot"]), event["attempt"])
        name = job_name("processing-prod", run)
        result = "already started" if name in self.jobs else "started"
        if result == "started":
            self.job(name)
        job = self.jobs[name]
        return {
            **event,
            "job_name": name,
            "result": result,
            "status": job[f"{kind_of(job)}JobStatus"],
            "reason": None,
        }

    def client(self, service: str, **settings: Any) -> Any:
        """Return a real client, whose requests end here if they are for SageMaker or Lambda."""
        self.clients.append({"service": service, **settings})
        return _client(service)

    def forget_clients(self) -> None:
        """Let clients be made anew, as with whatever the environment says now."""
        _client.cache_clear()

    def answer(self, service: str, model: Any, params: _Json) -> tuple[Any, _Json] | None:
        """Answer a request in AWS's place, or let it go on to moto."""
        if model.name in self.errors:
            return _error(*self.errors[model.name])
        if self.answers.get(model.name):
            self.requests.append((model.name, params))
            found = self.answers[model.name].pop(0)
            wrong = models.violations(model.output_shape, found)
            assert not wrong, f"AWS cannot answer this to {model.name}: {wrong}"
            return _ok(**found)
        if service not in ("sagemaker", "lambda"):
            return None
        self.requests.append((model.name, params))
        if service == "lambda":
            return self._invoke(**params)
        found = self.sagemaker.answer(model.name, params)
        return _error(*found) if isinstance(found, tuple) else _ok(**found)

    def _invoke(self, FunctionName: str, Payload: bytes) -> tuple[Any, _Json]:  # noqa: N803
        assert FunctionName == "processing-prod-launcher"
        answer = self.launcher(json.loads(Payload))
        failed = {"FunctionError": "Unhandled"} if "errorType" in answer else {}
        return _ok(StatusCode=200, Payload=io.BytesIO(json.dumps(answer).encode()), **failed)


class _Served:
    """Clients take long to make, so they are made once and serve whichever world there is now."""

    world: World


_new_client = cast("Any", boto3).client
"""Before a test has the operator's commands ask its own world for clients."""


@cache
def _client(service: str) -> Any:
    client: Any = _new_client(service, region_name="eu-central-1")
    asked: list[_Json] = []

    def check(params: _Json, model: Any, **_: object) -> None:
        found = models.violations(models.shape(service, model.name), params)
        assert not found, f"{model.name}: {found}"
        asked.append(params)

    def answer(model: Any, **_: object) -> tuple[Any, _Json] | None:
        return _Served.world.answer(service, model, asked.pop())

    client.meta.events.register("provide-client-params.*.*", check)
    client.meta.events.register("before-call.*.*", answer)
    return client


def _ok(**answer: Any) -> tuple[Any, _Json]:
    return SimpleNamespace(status_code=200), {**answer, "ResponseMetadata": {}}


def _error(code: str, message: str) -> tuple[Any, _Json]:
    answer = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {}}
    return SimpleNamespace(status_code=400), answer
