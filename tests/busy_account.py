"""An account at its limits: functions at the same time, and more calls than AWS takes.

Time moves only when all functions wait, and one of them runs at a time: hours pass in seconds, and
a run can be repeated. Each call takes a while, so that whatever two functions do comes in between.
"""

import heapq
import io
import json
import math
import os
import random
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any, cast
from unittest.mock import Mock, patch

from botocore import endpoint
from botocore.awsrequest import AWSResponse
from moto.core.botocore_stubber import BotocoreStubber

from components import function_config
from components.function import TIMEOUT_S, TRIES
from launcher import handler as launcher
from launcher.event import parse as launcher_event
from observer import handler as observer
from observer.handler import parse as observer_event
from observer.watch import Reconciler
from pipeline import sdk
from pipeline.config import FILE
from tests import lambda_models
from tests.fake_sagemaker import FakeSageMaker
from tests.lambda_clients import REGION
from tests.lambda_models import FUNCTIONS
from tests.lambda_world import ENVIRONMENT, SLOT, World

Json = dict[str, Any]

RATES: Mapping[str, float] = {
    "CreateProcessingJob": 1,
    "ListProcessingJobs": 2,
    "DescribeProcessingJob": 10,
}
"""Calls that an account may make in a second. The first is AWS's own number, which nobody can
raise, as is the second for ListTrainingJobs; the third is a guess, for AWS throttles it, too.
https://docs.aws.amazon.com/general/latest/gr/sagemaker.html"""
_OF_SAGEMAKER = lambda_models.operations("launcher")["sagemaker"]
_OF_DYNAMODB = lambda_models.operations("observer")["dynamodb"]
_DYNAMODB_REFUSES = 0.05
"""Of its calls; what makes it refuse one is its own affair."""
_LATENCY_S = (0.02, 0.3)
_LAMBDA_WAITS_S = (60, 120)
"""Before each of the retries of an asynchronous event on which the function failed."""


_QUOTA = (
    "The account-level service limit 'ml.m5.large for processing job usage' is {0} Instances, with "
    "current utilization of {0} Instances and a request delta of 1 Instances."
)


class _Cut(BaseException):
    """Lambda ends an invocation, whose time is over."""


class _Turns:
    """A clock for threads, of which one runs at a time."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self._numbers = count()
        self._waiting: list[tuple[datetime, int, threading.Event]] = []

    def run(self, workers: Sequence[Callable[[], None]]) -> None:
        """Run all of them to their end."""
        threads = [threading.Thread(target=self._last, args=(w, self._queue(0))) for w in workers]
        for each in threads:
            each.start()
        self._next()
        for each in threads:
            each.join()

    def sleep(self, seconds: float) -> None:
        """Let the others run until so much time has passed."""
        turn = self._queue(seconds)
        self._next()
        turn.wait()

    def _last(self, worker: Callable[[], None], turn: threading.Event) -> None:
        turn.wait()
        try:
            worker()
        finally:
            self._next()

    def _queue(self, seconds: float) -> threading.Event:
        turn = threading.Event()
        at = self.now + timedelta(seconds=seconds)
        heapq.heappush(self._waiting, (at, next(self._numbers), turn))
        return turn

    def _next(self) -> None:
        if self._waiting:
            self.now, _, turn = heapq.heappop(self._waiting)
            turn.set()


class BusyAccount:
    """A stack's two functions, of which so many run at once, on what a world has."""

    def __init__(
        self,
        world: World,
        directory: Path,
        *,
        concurrency: int = 10,
        quota: int | None = None,
        seed: int = 0,
    ) -> None:
        """Take the world over; `quota` is how many jobs the account may have at once."""
        self.world = world
        self.calls, self.throttled = Counter[str](), Counter[str]()
        """Of each operation."""
        self.dead: list[Json] = []
        """The events that Lambda gave up."""
        self.function_s: dict[str, float] = dict.fromkeys(FUNCTIONS, 0.0)
        """Function -> seconds of all of its invocations."""
        self.random = random.Random(seed)  # noqa: S311 - repeatable
        self._concurrency, self._quota = concurrency, quota
        self._turns = _Turns(SLOT)
        world.sagemaker = FakeSageMaker(lambda: self._turns.now, page=100)
        self._todo: list[tuple[datetime, int, Callable[[], None]]] = []
        self._numbers, self._busy = count(), 0
        self._buckets: dict[str, tuple[float, datetime]] = {}
        self._here = threading.local()
        self._roots = {name: directory / name for name in FUNCTIONS}
        for name, root in self._roots.items():
            lambda_models.write(lambda_models.operations(name), root)
            document = json.dumps(function_config.document(world.settings))
            (root / FILE).write_text(document, "utf-8")

    @property
    def now(self) -> datetime:
        return self._turns.now

    def later(self, seconds: float, act: Callable[[], None]) -> None:
        """Have something done in so many seconds."""
        at = self.now + timedelta(seconds=seconds)
        heapq.heappush(self._todo, (at, next(self._numbers), act))

    def send(self, function: str, event: Json, seconds: float = 0) -> None:
        """Have an event delivered to a function in so many seconds."""
        owner = f"request-{next(self._numbers)}"
        self.later(seconds, lambda: self._invoke(function, event, owner, _LAMBDA_WAITS_S))

    def run(self) -> None:
        """Let all that is to be done come to its end, and what follows of it."""
        account, original = self, BotocoreStubber.__call__

        def answer(moto: BotocoreStubber, event_name: str, request: Any, **_: object) -> Any:
            def moto_does() -> Any:
                return original(moto, event_name, request)

            if not account._in_function:
                return moto_does()
            return account._answer(event_name.rsplit(".", maxsplit=1)[-1], request, moto_does)

        random.seed(self.random.random())  # of the SDK's waits
        with (
            patch.object(BotocoreStubber, "__call__", answer),
            patch.object(endpoint, "time", Mock(sleep=self._sleep)),
            patch.object(sdk, "session", cache(sdk.session)),  # whose models are read once
            patch.dict(os.environ, AWS_MAX_ATTEMPTS=str(TRIES), AWS_DEFAULT_REGION=REGION),
            redirect_stdout(io.StringIO()),
        ):
            self._turns.run([self._work] * self._concurrency)

    def _work(self) -> None:
        """Be one execution environment of each function."""
        self._here.launcher = launcher.connect(self._roots["launcher"], ENVIRONMENT)
        made = observer.connect(self._roots["observer"], ENVIRONMENT)
        launches = replace(made.launches, clock=lambda: self.now)
        self._here.observer = replace(made, launches=launches)
        while self._todo or self._busy:
            wait_s = (self._todo[0][0] - self.now).total_seconds() if self._todo else math.inf
            if wait_s > 0:
                # Who is busy may come to send something that is due before.
                self._turns.sleep(min(wait_s, 1) if self._busy else wait_s)
                continue
            _, _, act = heapq.heappop(self._todo)
            self._busy += 1
            act()
            self._busy -= 1

    def _invoke(self, function: str, event: Json, owner: str, waits: Sequence[float]) -> None:
        began = self.now
        self._here.deadline = began + timedelta(seconds=TIMEOUT_S)
        try:
            self._handle(function, event, owner)
        except (Exception, _Cut) as error:
            if waits:
                again = waits[1:]
                self.later(waits[0], lambda: self._invoke(function, event, owner, again))
            else:
                self.dead.append({"event": event, "error": repr(error)})
        finally:
            self._here.deadline = None
            self.function_s[function] += (self.now - began).total_seconds()

    def _handle(self, function: str, event: Json, owner: str) -> None:
        if function == "launcher":
            own = self._here.launcher
            own.launch(launcher_event(event, own.config.schedules, self.now), owner)
        elif name := observer_event(event):
            self._here.observer.observe(name, owner, self.now)
        else:
            Reconciler(self._here.observer, owner, self.now).run()

    @property
    def _in_function(self) -> bool:
        return getattr(self._here, "deadline", None) is not None

    def _sleep(self, seconds: float) -> None:
        self._turns.sleep(seconds)
        if self.now > self._here.deadline:
            raise _Cut

    def _answer(self, operation: str, request: Any, moto_does: Callable[[], Any]) -> Any:
        """Answer a call: half of its time passes before, the other half after."""
        self._sleep(self.random.uniform(*_LATENCY_S) / 2)
        self.calls[operation] += 1
        if not self._admitted(operation):
            self.throttled[operation] += 1
            answer = _response(request, ("ThrottlingException", "Rate exceeded"))
        elif operation in _OF_SAGEMAKER:
            answer = _response(request, self._sagemaker(operation, json.loads(request.body)))
        else:
            answer = moto_does()
            self._follow(operation, request)
        self._sleep(self.random.uniform(*_LATENCY_S) / 2)
        return answer

    def _admitted(self, operation: str) -> bool:
        if operation in _OF_DYNAMODB:
            return self.random.random() > _DYNAMODB_REFUSES
        rate = RATES.get(operation)
        if rate is None:
            return True
        tokens, since = self._buckets.get(operation, (rate, self.now))
        tokens = min(rate, tokens + (self.now - since).total_seconds() * rate)
        self._buckets[operation] = (tokens - 1 if tokens >= 1 else tokens, self.now)
        return tokens >= 1

    def _sagemaker(self, operation: str, params: Json) -> Json | tuple[str, str]:
        jobs = self.world.sagemaker
        new = operation == "CreateProcessingJob" and params["ProcessingJobName"] not in jobs.jobs
        if new and len(jobs.running()) == self._quota:
            return "ResourceLimitExceeded", _QUOTA.format(self._quota)
        if "LastModifiedTimeAfter" in params:
            after = datetime.fromtimestamp(params["LastModifiedTimeAfter"], UTC)
            params["LastModifiedTimeAfter"] = after
        return jobs.answer(operation, params)

    def _follow(self, operation: str, request: Any) -> None:
        """Let come what a call is for: the bus's events, and what is planned."""
        if operation == "PutEvents":
            for entry in json.loads(request.body)["Entries"]:
                event = {"source": entry["Source"], "detail-type": entry["DetailType"]}
                self.send("observer", {**event, "detail": json.loads(entry["Detail"])}, 1)
        elif operation == "CreateSchedule":
            wanted = json.loads(request.body)
            text = wanted["ScheduleExpression"].removeprefix("at(").removesuffix(")")
            at = datetime.fromisoformat(text).replace(tzinfo=UTC) - SLOT
            minute = -(-at // timedelta(minutes=1)) * 60  # EventBridge Scheduler is as exact
            seconds = minute - (self.now - SLOT).total_seconds()
            self.send("launcher", json.loads(wanted["Target"]["Input"]), max(0, seconds))


def _response(request: Any, answer: Json | tuple[str, str]) -> AWSResponse:
    """Return an answer, or an error's code and message, as SageMaker's and DynamoDB's protocol."""
    status = 200
    if isinstance(answer, tuple):
        status, answer = 400, {"__type": answer[0], "message": answer[1]}
    body = json.dumps(answer, default=datetime.timestamp).encode()
    raw = Mock(stream=Mock(return_value=iter([body])))
    return AWSResponse(request.url, status, cast("Any", {}), raw)
