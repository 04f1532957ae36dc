"""The local Lambda: invocations of what was deployed; moto keeps the functions themselves."""

from __future__ import annotations

import io
import json
import re
import threading
import time
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Response

from local.aws import ACCOUNT
from local.lambda_runtime import Function, Outcome, Runtime

if TYPE_CHECKING:
    from werkzeug.wrappers import Request

    from local.aws import LocalAws

_INVOCATION = re.compile(r"/2015-03-31/functions/(?P<function>[^/]+)/invocations")
_ASYNC_LIMIT = 256 * 1024
"""Bytes of an asynchronous event that Lambda takes (Lambda quotas)."""


class Functions:
    """Answers Lambda's Invoke, both kinds; everything else of Lambda is moto's."""

    def __init__(self, aws: LocalAws, directory: Path) -> None:
        self._aws, self._directory = aws, directory
        self._runtimes: dict[str, Runtime] = {}
        self._asynchronous: list[threading.Thread] = []
        self._lock = threading.Lock()
        self.outcomes: list[Outcome] = []
        """Of every invocation, in order."""

    def answer(self, request: Request) -> Response | None:
        """Return Invoke's response, or None for another operation."""
        match = _INVOCATION.fullmatch(request.path)
        if not match or request.method != "POST":
            return None
        name, event = match["function"].rpartition(":")[2], request.get_data() or b"{}"
        if request.headers.get("X-Amz-Invocation-Type") == "Event":
            return self._accept(name, event)
        outcome = self._run(name, event)
        headers = {"X-Amz-Function-Error": "Unhandled"} if outcome.failed else {}
        body = json.dumps(outcome.payload)
        return Response(body, 200, headers, content_type="application/json")

    def join(self, timeout_s: float) -> None:
        """Wait until the asynchronous invocations have ended."""
        deadline = time.monotonic() + timeout_s
        for thread in self._asynchronous:
            thread.join(max(0, deadline - time.monotonic()))

    def close(self) -> None:
        """End every function's process."""
        for runtime in self._runtimes.values():
            runtime.close()

    def _accept(self, name: str, event: bytes) -> Response:
        if len(event) > _ASYNC_LIMIT:
            return Response('{"Type": "User", "message": "event too large"}', 413)
        thread = threading.Thread(target=self._deliver, args=(name, event))
        self._asynchronous.append(thread)
        thread.start()
        return Response(status=202)

    def _deliver(self, name: str, event: bytes) -> None:
        """Run an asynchronous event with Lambda's retries, without the minutes between them."""
        lambda_ = self._aws.client("lambda")
        config = lambda_.get_function_event_invoke_config(FunctionName=name)
        attempts = 1 + config["MaximumRetryAttempts"]
        for attempt in range(1, attempts + 1):
            outcome = self._run(name, event)
            if not outcome.failed:
                return
            if attempt == attempts:
                destination = config["DestinationConfig"]["OnFailure"]["Destination"]
                self._keep(destination, name, event, outcome, attempts)

    def _keep(
        self, queue_arn: str, name: str, event: bytes, outcome: Outcome, attempts: int
    ) -> None:
        """Send a failed event to its queue, in the form of Lambda's invocation record."""
        record = {
            "version": "1.0",
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime()),
            "requestContext": {
                "functionArn": f"arn:aws:lambda:{self._aws.region}:{ACCOUNT}:function:{name}",
                "condition": "RetriesExhausted",
                "approximateInvokeCount": attempts,
            },
            "requestPayload": json.loads(event),
            "responseContext": {"statusCode": 200, "functionError": "Unhandled"},
            "responsePayload": outcome.payload,
        }
        sqs = self._aws.client("sqs")
        url = sqs.get_queue_url(QueueName=queue_arn.rpartition(":")[2])["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps(record))

    def _run(self, name: str, event: bytes) -> Outcome:
        with self._lock:
            runtime = self._runtimes.get(name) or Runtime(self._function(name))
            self._runtimes[name] = runtime
            outcome = runtime.invoke(event)
            if outcome.failed:  # Lambda, too, starts afresh after a crash
                runtime.close()
                del self._runtimes[name]
            self.outcomes.append(outcome)
        self._log(name, outcome)
        return outcome

    def _function(self, name: str) -> Function:
        from moto.backends import get_backend  # noqa: PLC0415 - see local.aws on its import

        lambda_ = self._aws.client("lambda")
        config: dict[str, Any] = lambda_.get_function_configuration(FunctionName=name)
        backend: Any = get_backend("lambda")[ACCOUNT][self._aws.region]
        code = self._directory / name
        archive: bytes = backend.get_function(name).code_bytes
        zipfile.ZipFile(io.BytesIO(archive)).extractall(code)
        variables: dict[str, str] = config.get("Environment", {}).get("Variables", {})
        return Function(
            name=name,
            arn=config["FunctionArn"],
            handler=config["Handler"],
            timeout_s=config["Timeout"],
            memory_mb=config["MemorySize"],
            code=code.resolve(),
            environment={
                **variables,
                **self._aws.assume(config["Role"], "lambda.amazonaws.com"),
                "AWS_ENDPOINT_URL": self._aws.url,
            },
        )

    def _log(self, name: str, outcome: Outcome) -> None:
        logs, group = self._aws.client("logs"), f"/aws/lambda/{name}"
        stream = f"{time.strftime('%Y/%m/%d')}/[$LATEST]{len(self.outcomes):032x}"
        now = int(time.time() * 1000)
        lines = [*outcome.log, f"REPORT Duration: {outcome.seconds * 1000:.2f} ms"]
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
        logs.put_log_events(
            logGroupName=group,
            logStreamName=stream,
            logEvents=[{"timestamp": now, "message": line} for line in lines if line],
        )
