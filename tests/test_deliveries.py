"""Every way that something is handed on: whoever sends it is admitted at each door."""

from typing import Any

import pytest

from components.aws import models
from tests.conftest import ACCOUNT, REGION, Recorder
from tests.recorded import STACKS, allows, of_role, policy, program

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
RULE = "aws:cloudwatch/eventRule:EventRule"
TARGET = "aws:cloudwatch/eventTarget:EventTarget"
FUNCTION = "aws:lambda/function:Function"
ASYNC = "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig"
SCHEDULE = "aws:scheduler/schedule:Schedule"
QUEUE = "aws:sqs/queue:Queue"
TO_SEND = ("kms:Decrypt", "kms:GenerateDataKey")


def arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


KEY = arn("kms", "key/1234abcd")


def topic(recorder: Recorder) -> str:
    """Return the topic's ARN, after a look at its key."""
    found = recorder.one("aws:sns/topic:Topic")
    assert found["kmsMasterKeyId"] == KEY
    return arn("sns", found["name"])


def admitted(recorder: Recorder, service: str, context: dict[str, str]) -> bool:
    """Return whether a service may publish: its way leads through the topic's and key's policy."""
    at_topic = policy(recorder, "aws:sns/topicPolicy:TopicPolicy")
    at_key = policy(recorder, "aws:kms/key:Key")
    return allows(at_topic, "sns:Publish", topic(recorder), context, service) and all(
        allows(at_key, action, KEY, context, service) for action in TO_SEND
    )


def payload(name: str) -> dict[str, str]:
    """Return the encryption context of a schedule's event; `name` is `<group>/<schedule>`."""
    return {
        "kms:EncryptionContext:aws:scheduler:schedule:arn": arn("scheduler", f"schedule/{name}")
    }


def keeps(recorder: Recorder, role: str, queue: str) -> bool:
    """Return whether a role may send to a queue: by the queue's key, too."""
    encrypted = {arn("sqs", each["name"]) for each in recorder.inputs(QUEUE).values()}
    assert queue in encrypted
    assert {each["kmsMasterKeyId"] for each in recorder.inputs(QUEUE).values()} == {KEY}
    may, context = of_role(recorder, role), {"kms:ViaService": f"sqs.{REGION}.amazonaws.com"}
    return allows(may, "sqs:SendMessage", queue) and all(
        allows(may, action, KEY, context) for action in TO_SEND
    )


@pytest.mark.parametrize("stack", STACKS)
class TestEveryPublisherReachesTheEncryptedTopic:
    def test_each_alarm(self, stack: str) -> None:
        recorder = program(stack)
        told = {
            name: set(alarm["alarmActions"])
            for name, alarm in recorder.inputs(ALARM).items()
            if alarm["alarmActions"]
        }
        assert len(told) == {"dev": 0, "prod": 19}.get(stack, 20)  # those have a canary
        for name, topics in told.items():
            alarm = arn("cloudwatch", f"alarm:{recorder.inputs(ALARM)[name]['name']}")
            assert topics == {topic(recorder)}
            context = {"aws:SourceAccount": ACCOUNT, "aws:SourceArn": alarm}
            assert admitted(recorder, "cloudwatch.amazonaws.com", context), name

    def test_each_rule_without_any_condition_key_as_eventbridge_sends_none(
        self, stack: str
    ) -> None:
        recorder = program(stack)
        rules = [t for t in recorder.inputs(TARGET).values() if t["arn"] == topic(recorder)]
        assert len(rules) == 3
        assert admitted(recorder, "events.amazonaws.com", {})

    def test_each_function_that_knows_the_topic(self, stack: str) -> None:
        recorder = program(stack)
        knowing = {
            name: function["role"]
            for name, function in recorder.inputs(FUNCTION).items()
            if topic(recorder) in function["environment"]["variables"].values()
        }
        assert knowing.keys() == {"observer-function"}
        for role in knowing.values():
            may = of_role(recorder, role)
            assert allows(may, "sns:Publish", topic(recorder))
            context = {"kms:ViaService": f"sns.{REGION}.amazonaws.com"}
            assert all(allows(may, action, KEY, context) for action in TO_SEND)

    def test_and_nobody_elses_alarm(self, stack: str) -> None:
        recorder = program(stack)
        prefix = recorder.exports["prefix"]
        mine = arn("cloudwatch", f"alarm:{prefix}--x")
        others = arn("cloudwatch", f"alarm:{prefix}-y--x")
        service = "cloudwatch.amazonaws.com"
        for account, alarm in ((ACCOUNT, others), ("210987654321", mine)):
            context = {"aws:SourceAccount": account, "aws:SourceArn": alarm}
            assert not admitted(recorder, service, context)


@pytest.mark.parametrize("stack", STACKS)
class TestNothingIsLostOnTheWay:
    def test_each_schedules_role_may_invoke_its_function_and_keep_what_fails(
        self, stack: str
    ) -> None:
        schedules = program(stack).inputs(SCHEDULE)
        canary = () if stack == "prod" else ("schedule-canary",)
        assert schedules.keys() == {"schedule-daily", "observer-watch", *canary}
        for schedule in schedules.values():
            target = schedule["target"]
            may = of_role(program(stack), target["roleArn"])
            assert allows(may, "lambda:InvokeFunction", target["arn"])
            assert keeps(program(stack), target["roleArn"], target["deadLetterConfig"]["arn"])

    def test_each_schedules_role_may_decrypt_its_event_and_no_other_stacks(
        self, stack: str
    ) -> None:
        for schedule in program(stack).inputs(SCHEDULE).values():
            assert schedule["kmsKeyArn"] == KEY
            may = of_role(program(stack), schedule["target"]["roleArn"])
            name = f"{schedule['groupName']}/{schedule['name']}"
            assert allows(may, "kms:Decrypt", KEY, payload(name))
            assert not allows(may, "kms:Decrypt", KEY, payload(f"x{name}"))

    def test_a_later_attempts_event_is_encrypted_by_the_observer_and_read_by_the_schedules_role(
        self, stack: str
    ) -> None:
        recorder = program(stack)
        observer = recorder.inputs(FUNCTION)["observer-function"]
        attempt = f"{observer['environment']['variables']['SCHEDULE_GROUP']}/p--daily-1"
        planner = of_role(recorder, observer["role"])
        via = {"kms:ViaService": f"scheduler.{REGION}.amazonaws.com"}
        assert allows(planner, "kms:DescribeKey", KEY, via), "which has no encryption context"
        for action in TO_SEND:
            assert allows(planner, action, KEY, {**via, **payload(attempt)})
        reader = of_role(recorder, observer["environment"]["variables"]["RETRY_ROLE_ARN"])
        assert allows(reader, "kms:Decrypt", KEY, payload(attempt))

    def test_each_function_may_decrypt_its_own_environment_and_no_other(self, stack: str) -> None:
        functions = program(stack).inputs(FUNCTION).values()
        names = {function["name"] for function in functions}
        for function in functions:
            assert function["kmsKeyArn"] == KEY
            may = of_role(program(stack), function["role"])
            readable = {
                name
                for name in names
                if allows(
                    may,
                    "kms:Decrypt",
                    KEY,
                    {
                        "kms:EncryptionContext:aws:lambda:FunctionArn": arn(
                            "lambda", f"function:{name}"
                        )
                    },
                )
            }
            assert readable == {function["name"]}

    def test_each_function_may_keep_the_events_that_it_fails_on(self, stack: str) -> None:
        recorder = program(stack)
        roles = {f["name"]: f["role"] for f in recorder.inputs(FUNCTION).values()}
        kept = recorder.inputs(ASYNC).values()
        assert {config["functionName"] for config in kept} == roles.keys()
        for config in kept:
            queue = config["destinationConfig"]["onFailure"]["destination"]
            assert keeps(recorder, roles[config["functionName"]], queue)

    def test_each_rule_may_invoke_its_function(self, stack: str) -> None:
        recorder = program(stack)
        permitted = {
            (each["function"], each["sourceArn"])
            for each in recorder.inputs("aws:lambda/permission:Permission").values()
        }
        to_functions = [t for t in recorder.inputs(TARGET).values() if ":function:" in t["arn"]]
        assert len(to_functions) == 1
        for target in to_functions:
            rule = arn("events", f"rule/{target['rule']}")
            assert (target["arn"].rpartition(":")[2], rule) in permitted

    def test_each_rule_keeps_what_it_cannot_deliver_in_a_queue_that_admits_it(
        self, stack: str
    ) -> None:
        recorder = program(stack)
        targets = recorder.inputs(TARGET).values()
        assert {target["rule"] for target in targets} == {
            rule["name"] for rule in recorder.inputs(RULE).values()
        }
        for target in targets:
            assert allows(
                policy(recorder, "aws:sqs/queuePolicy:QueuePolicy"),
                "sqs:SendMessage",
                target["deadLetterConfig"]["arn"],
                {"aws:SourceArn": arn("events", f"rule/{target['rule']}")},
                "events.amazonaws.com",
            )
        at_key = policy(recorder, "aws:kms/key:Key")
        for action in TO_SEND:
            assert allows(at_key, action, KEY, {}, "events.amazonaws.com")

    def test_each_queue_of_failures_has_an_alarm(self, stack: str) -> None:
        recorder = program(stack)
        watched = {
            alarm["dimensions"].get("QueueName") for alarm in recorder.inputs(ALARM).values()
        }
        queues = {each["name"] for each in recorder.inputs("aws:sqs/queue:Queue").values()}
        kept = [each["deadLetterConfig"]["arn"] for each in recorder.inputs(TARGET).values()]
        assert {each.rpartition(":")[2] for each in kept} <= queues
        assert len(queues) == 4
        assert queues <= watched or stack == "dev"

    def test_later_attempts_have_the_role_and_queue_of_the_schedules(self, stack: str) -> None:
        recorder = program(stack)
        known = recorder.inputs(FUNCTION)["observer-function"]["environment"]["variables"]
        target = recorder.inputs(SCHEDULE)["schedule-daily"]["target"]
        assert known["RETRY_ROLE_ARN"] == target["roleArn"]
        assert known["LAUNCHER_ARN"] == target["arn"]
        assert known["SCHEDULE_FAILURES_ARN"] == target["deadLetterConfig"]["arn"]


@pytest.mark.parametrize("stack", STACKS)
class TestRequestsAsAwsTakesThem:
    def test_of_schedules(self, stack: str) -> None:
        for inputs in program(stack).inputs(SCHEDULE).values():
            assert broken("scheduler", "CreateSchedule", pascal(inputs)) == []

    def test_of_rules_and_targets(self, stack: str) -> None:
        recorder = program(stack)
        for rule in recorder.inputs(RULE).values():
            assert broken("events", "PutRule", pascal(rule)) == []
        for inputs in recorder.inputs(TARGET).values():
            target = pascal({key: value for key, value in inputs.items() if key != "rule"})
            if transformer := target.get("InputTransformer"):
                transformer["InputPathsMap"] = inputs["inputTransformer"]["inputPaths"]
                del transformer["InputPaths"]
            request = {"Rule": inputs["rule"], "Targets": [{"Id": "target", **target}]}
            assert broken("events", "PutTargets", request) == []


def broken(service: str, operation: str, request: dict[str, Any]) -> list[str]:
    return [str(v) for v in models.violations(models.shape(service, operation), request)]


def pascal(value: Any) -> Any:
    """Return inputs as the API spells them."""
    if isinstance(value, dict):
        return {key[0].upper() + key[1:]: pascal(item) for key, item in value.items()}  # pyright: ignore[reportUnknownVariableType,reportUnknownMemberType,reportUnknownArgumentType]
    return value
