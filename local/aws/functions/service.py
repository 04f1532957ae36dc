"""The local Lambda: invocations of what was deployed; moto keeps the functions themselves."""

import io
import json
import re
import threading
import time
import uuid
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError
from werkzeug.wrappers import Request, Response

from local.aws import messaging
from local.aws.activity import Activity
from local.aws.cloudwatch.metric_store import MetricStore
from local.aws.endpoint import LocalAws
from local.aws.functions.runtime import Outcome, Runtime
from local.aws.iam import AccessDeniedError, Session
from local.aws.iam.required_permissions import key_use, required

Config = dict[str, Any]
"""What GetFunctionConfiguration tells of a function."""

_INVOCATION = re.compile(r"/2015-03-31/functions/(?P<function>[^/]+)/invocations")


class Functions:
    """Answers Lambda's Invoke, both kinds; everything else of Lambda is moto's.

    Each function has one execution environment, in which its events follow each other; different
    functions run at the same time.
    """

    def __init__(
        self, aws: LocalAws, directory: Path, activity: Activity, metrics: MetricStore
    ) -> None:
        """Prepare to run functions, whose code lies in `directory`."""
        self._aws, self._directory = aws, directory
        self._activity, self._metrics = activity, metrics
        self._runtimes: dict[str, Runtime] = {}
        self._sessions: dict[str, Session] = {}
        """Of the functions' roles, as far as they could be assumed."""
        self._turns: dict[str, threading.Lock] = {}
        self.outcomes: list[Outcome] = []
        """Of every invocation, in order."""

    def answer(self, request: Request) -> Response | None:
        """Return Invoke's response, or None for another operation."""
        match = _INVOCATION.fullmatch(request.path)
        if not match or request.method != "POST":
            return None
        event = request.get_data() or b"{}"
        try:
            if request.headers.get("X-Amz-Invocation-Type") == "Event":
                self.invoke(match["function"], event)
                return Response(status=202)
            config = self._configuration(match["function"])
        except ClientError:
            return None  # moto says so in AWS's words
        outcome = self._run(config, event, str(uuid.uuid4()))
        headers = {"X-Amz-Function-Error": "Unhandled"} if outcome.failed else {}
        body = json.dumps(outcome.payload)
        return Response(body, 200, headers, content_type="application/json")

    def invoke(self, function: str, event: bytes) -> None:
        """Take an event for asynchronous delivery.

        Raises:
            ClientError: there is no function of that name or ARN.
        """
        config = self._configuration(function)
        self._activity.spawn("delivery", lambda: self._deliver(config, event))

    def close(self) -> None:
        """End every function's process."""
        for runtime in list(self._runtimes.values()):
            runtime.close()

    def _configuration(self, function: str) -> Config:
        return self._aws.client("lambda").get_function_configuration(FunctionName=function)

    def _deliver(self, config: Config, event: bytes) -> None:
        """Run the function until it succeeds or has been retried, without Lambda's minutes between.

        All tries have the same request id. What fails goes to the function's queue, which its role
        sends it to.
        https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
        """
        name, request_id, tries = config["FunctionName"], str(uuid.uuid4()), 1
        outcome = self._run(config, event, request_id)
        if not outcome.failed:
            return
        found = self._aws.client("lambda").list_function_event_invoke_configs(FunctionName=name)
        settings = next(iter(found["FunctionEventInvokeConfigs"]), dict[str, Any]())
        while outcome.failed and tries <= settings.get("MaximumRetryAttempts", 2):  # the default
            outcome, tries = self._run(config, event, request_id), tries + 1
        if not outcome.failed:
            return
        destination = settings.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
        if destination:
            record = json.dumps(self._record(outcome, event, tries))
            if not messaging.send(self._aws, self._sessions.get(name), destination, record):
                self._count(name, DestinationDeliveryFailures=1)
        self._count(name, AsyncEventsDropped=1)

    def _record(self, outcome: Outcome, event: bytes, tries: int) -> dict[str, Any]:
        """Return what Lambda tells of an event that it gives up."""
        function = f"function:{outcome.function}:$LATEST"
        return {
            "version": "1.0",
            "timestamp": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.000Z}",
            "requestContext": {
                "requestId": outcome.request_id,
                "functionArn": self._aws.iam.store.arn("lambda", function),
                "condition": "RetriesExhausted",
                "approximateInvokeCount": tries,
            },
            "requestPayload": json.loads(event),
            "responseContext": {"statusCode": 200, "functionError": "Unhandled"},
            "responsePayload": outcome.payload,
        }

    def _count(self, name: str, **values: int) -> None:
        self._metrics.count("AWS/Lambda", {"FunctionName": name}, **values)

    def _run(self, config: Config, event: bytes, request_id: str) -> Outcome:
        """Run a function once, keep its log and count it."""
        name = config["FunctionName"]
        with self._turns.setdefault(name, threading.Lock()):
            try:
                runtime = self._runtimes.get(name) or self._start(config)
                outcome = runtime.invoke(event, request_id)
                if not runtime.alive:  # Lambda, too, starts afresh after a crash, and only then
                    self._runtimes.pop(name).close()
            except AccessDeniedError as denied:  # to assume the role, or to see the environment
                error = {"errorType": "AccessDeniedException", "errorMessage": str(denied)}
                outcome = Outcome(name, request_id, error, failed=True, log=[])
            self.outcomes.append(outcome)
            self._log(outcome)
        self._count(name, Invocations=1, Errors=int(outcome.failed), Throttles=0)
        return outcome

    def _start(self, config: Config) -> Runtime:
        name, arn, iam = config["FunctionName"], config["FunctionArn"], self._aws.iam
        self._sessions[name] = session = iam.assume(config["Role"], "lambda.amazonaws.com", arn)
        # Lambda makes a grant for that if whoever deploys may make grants; here there is none.
        key, bound = config.get("KMSKeyArn"), ("lambda:FunctionArn", arn)
        iam.require(session, key_use(iam.store, key, ["kms:Decrypt"], bound))
        code = self._directory / name
        archive: bytes = self._aws.backend("lambda").get_function(name).code_bytes
        zipfile.ZipFile(io.BytesIO(archive)).extractall(code)
        environment = {
            **config.get("Environment", {}).get("Variables", {}),
            **session.keys.environment,
            "AWS_ENDPOINT_URL": self._aws.url,
            "AWS_MAX_ATTEMPTS": "3",  # what fails here fails however long a function waits
        }
        self._runtimes[name] = Runtime(config, code.resolve(), environment)
        return self._runtimes[name]

    def _log(self, outcome: Outcome) -> None:
        """Keep a log and its metrics, if the function's role may write it: AWS too is silent."""
        stream = f"{datetime.now(UTC):%Y/%m/%d}/[$LATEST]{len(self.outcomes):032x}"
        where = {"logGroupName": f"/aws/lambda/{outcome.function}", "logStreamName": stream}
        session, store = self._sessions.get(outcome.function), self._aws.iam.store
        for operation in ("logs:CreateLogStream", "logs:PutLogEvents"):
            needed = required(store, operation, where)
            if not (session and outcome.log) or self._aws.iam.refusal(session, needed):
                return
        at_ms, logs = int(time.time() * 1000), self._aws.client("logs")
        logs.create_log_stream(**where)
        events = [{"timestamp": at_ms, "message": line} for line in outcome.log if line]
        logs.put_log_events(**where, logEvents=events)
        for line in outcome.log:
            self._metrics.put_line(line)
