"""Each value that AWS or the program refuses, with its key, what is allowed, and the way out."""

from typing import Any

import pytest

from components.settings.replaced import REPLACED
from tests.components.settings.test_settings import KEY, refusal, settings
from tests.conftest import PROJECT
from tests.recorded import CHATS

IMAGE = f"123456789012.dkr.ecr.eu-central-1.amazonaws.com/team/p@sha256:{'ab' * 32}"


@pytest.mark.parametrize(
    ("changes", "key", "allowed"),
    [
        ({"job__instance_type": "ml.t3.small"}, "job.instance_type", "ml.t3.medium"),
        ({"job__instance_count": 0}, "job.instance_count", "from 1 to 100"),
        ({"job__volume_gb": 0}, "job.volume_gb", "from 1 to 16384"),
        ({"job__volume_gb": 20_000}, "job.volume_gb", "from 1 to 16384"),
        ({"job__volume_gb": "100 GB"}, "job.volume_gb", "must be a whole number"),
        ({"job__max_runtime_seconds": 777_601}, "job.max_runtime_seconds", "777600"),
        ({"job__environment": {"A": "x" * 257}}, "job.environment.A", "0 to 256"),
        ({"job__environment": {"1A": "x"}}, "job.environment.1A", "pattern"),
        ({"job__environment": {"SLOT": "x"}}, "job.environment.SLOT", "every run gets its own"),
        ({"job__arguments": [""]}, "job.arguments", "at least 1"),
        ({"job__arguments": ["a\rb"]}, "job.arguments[0]", "pattern"),
        ({"job__instance_typ": "x"}, 'job.instance_typ = "x"', "instance_type"),
        (
            {"jobs": {}},
            "jobs = {}",
            "there is no such key; there are alerts, data, expression, image, input,",
        ),
        ({"stack": "other"}, 'stack = "other"', "no such key"),
        (
            {"schedules__daily__cron": "x"},
            'schedules.daily.cron = "x"',
            "environment, expression",
        ),
        (
            {"schedules__daily__expression": "cron(0 2 * * *)"},
            "schedules.daily.expression",
            "cron(",
        ),
        (
            {"schedules__daily__timezone": "Europe/Berlinn"},
            "schedules.daily.timezone",
            "Europe/Berlin",
        ),
        ({"network__subnets": ["10.0.0.0"]}, "network.subnets[0]", "such as subnet-0123456789abc"),
        ({"network__security_groups": ["x"]}, "network.security_groups[0]", "such as sg-012345678"),
        ({"schedules": {}}, "schedules", "at least 1"),
        ({"schedules": {"a--b": {}}}, "schedules", "single hyphens"),
        (
            {"schedules__daily__suspend": "no, run"},
            "schedules.daily.suspend",
            "must be true or false",
        ),
        ({"schedules__daily__enabled": False}, "schedules.daily.enabled = false", "suspend"),
        ({"schedules__daily__overlap": "Skip"}, "schedules.daily.overlap", "'Allow', 'Forbid' or"),
        (
            {"schedules__daily__start_deadline_seconds": 30},
            "schedules.daily.start_deadline_seconds",
            "greater than or equal to 60",
        ),
        (
            {"schedules__daily__success_within_hours": 24},
            "schedules.daily.success_within_hours",
            "shorter than the 1d 01h between two slots",
        ),
        (
            {
                "schedules__daily__success_within_hours": 24,
                "schedules__daily__expression": "at(2030-01-31T02:00:00)",
            },
            "schedules.daily.success_within_hours",
            "set it to null",
        ),
        ({"input__when_empty": "late"}, "input.when_empty", "'fail', 'skip', 'run' or 'wait'"),
        ({"input__when_late": "run"}, "input.when_late", "'fail' or 'skip'"),
        ({"input__wait_seconds": 86_401}, "input.wait_seconds", "86400"),
        ({"input__ready": "/a"}, 'input.ready = "/a"', "as in _SUCCESS"),
        ({"input__ready": "a/"}, 'input.ready = "a/"', "without / at its ends"),
        ({"output__when_empty": "skip"}, "output.when_empty", "'fail' or 'allow'"),
        (
            {"retries__fallback_instance_types": ["ml.x.y"]},
            "retries.fallback_instance_types",
            "allowed values",
        ),
        (
            {"retries__fallback_instance_types": ["ml.m5.xlarge"]},
            "retries.fallback_instance_types",
            "name each type once",
        ),
        ({"retries__max_size_increases": 4}, "retries.max_size_increases", "3"),
        ({"retries__deadline_seconds": 86_401}, "retries.deadline_seconds", "86400"),
        (
            {"alerts__running_long_seconds": 14_400},
            "alerts.running_long_seconds",
            "job.max_runtime_seconds = 14400",
        ),
        (
            {"alerts__subscriptions": [{"protocol": "email", "endpoint": "team"}]},
            "alerts.subscriptions[0]",
            "team@example.com",
        ),
        (
            {"alerts__subscriptions": [{"protocol": "sms", "endpoint": "0151 1234"}]},
            "alerts.subscriptions[0]",
            "+4915112345678",
        ),
        (
            {"alerts__subscriptions": [{"protocol": "https", "endpoint": "http://x.com"}]},
            "alerts.subscriptions[0]",
            "https://example.com",
        ),
        (
            {"alerts__subscriptions": [{"protocol": "fax", "endpoint": "1"}]},
            "alerts.subscriptions[0].protocol",
            "'email', 'sms' or 'https'",
        ),
        (
            {"alerts__subscriptions": [{"protocol": "sms", "number": "1"}]},
            'alerts.subscriptions[0].number = "1"',
            "there are endpoint, protocol",
        ),
        (
            {"retention__output_days": 10**20},
            "retention.output_days",
            "less than or equal to 36500",
        ),
        (
            {"schedules__daily__success_within_hours": 10**20},
            "schedules.daily.success_within_hours",
            "less than or equal to 876000",
        ),
        ({"input__bucket": "Not_A_Bucket"}, "input.bucket", "3 to 63"),
        ({"input__prefix": "/input/"}, "input.prefix", "neither begin with /"),
        ({"input__prefix": "input"}, "input.prefix", "must end with one /"),
        ({"input__prefix": "in*/{slot:%Y}/"}, "input.prefix", "at most 512 of the characters"),
        ({"input__prefix": "p" * 512 + "/"}, "input.prefix", "at most 512 of the characters"),
        ({"input__prefix": "{slot:%Y/%m/%d}/"}, "input.prefix", "20{slot:%y/%m/%d}/"),
        ({"input__prefix": "{schedule}/"}, "input.prefix", "the whole bucket"),
        ({"output__prefix": "{schedule}/{slot:%S}/"}, "output.prefix", "the whole bucket"),
        ({"input__prefix": "in/{schedule:>999999999}/"}, "input.prefix", "may contain only"),
        ({"input__prefix": "in/{slot:%9999999Y}/"}, "input.prefix", "has the field {slot:%99"),
        ({"input__prefix": "in/{slot:%s}/"}, "input.prefix", "strftime's codes aAbB"),
        ({"input__prefix": "in/{slot:daily}/"}, "input.prefix", "may contain only"),
        ({"input__prefix": "in/{slot:%Y{schedule}}/"}, "input.prefix", "may contain only"),
        ({"job__arguments": ["{local:%-d}"]}, "job.arguments[0]", "as in {local:%Y-%m-%d}"),
        ({"job__environment": {"A": "{previous:%é}"}}, "job.environment.A", "ASCII"),
        ({"input__prefix": "in/{slot}/"}, "input.prefix", "may contain only"),
        ({"input__prefix": "in/{slot:{schedule}}/"}, "input.prefix", "may contain only"),
        ({"input__prefix": "{nothing}/"}, "input.prefix", "{slot:"),
        ({"input__prefix": "{slot.__class__}/"}, "input.prefix", "{slot:"),
        ({"input__kms_key_arn": KEY}, "input.bucket", "existing one"),
        ({"input__kms_key_arn": "arn:aws:kms:x:1:key/1"}, "input.kms_key_arn", "key's ARN"),
        (
            {"input__kms_key_arn": KEY.replace("central", "west"), "input__bucket": "lake"},
            "input.kms_key_arn",
            "the key of the bucket",
        ),
        ({"image__base": ""}, "image.base", "at least 1 character"),
        ({"image__uri": "debian:13"}, "image.uri", "REPOSITORY@sha256:DIGEST"),
        ({"image__uri": IMAGE.replace("@", ":1.2@")}, "image.uri", "REPOSITORY@sha256:DIGEST"),
        ({"image__uri": IMAGE.partition("@")[0]}, "image.uri", "REPOSITORY@sha256:DIGEST"),
        ({"image__uri": IMAGE.replace("central", "west")}, "image.uri", "aws:region eu-central-1"),
        ({"image": {"uri": IMAGE, "base": "debian:13"}}, "image base", "leave one of them out"),
        (
            {"image": {"shared_with": [{"prefix": "a", "account": "1"}]}},
            "image.shared_with[0].account",
            "12 digits",
        ),
        (
            {"prefix": "p", "image": {"shared_with": [{"prefix": "p"}]}},
            "image.shared_with",
            "has p, which is this stack; leave it out",
        ),
        (
            {"image": {"shared_with": [{"name": "a"}]}},
            "image.shared_with[0].name",
            "account, prefix",
        ),
        ({"retention__log_days": 42}, "retention.log_days", "30, 60"),
        ({"limits__max_concurrent_instances": 0}, "limits.max_concurrent_instances", "from 1"),
        (
            {"limits__max_concurrent_instances": 2, "job__instance_count": 3},
            "job.instance_count",
            "is more than limits.max_concurrent_instances = 2; lower it, or raise the limit",
        ),
        ({"alerts__monitoring": True}, "alerts.monitoring", "messages"),
        (
            {"alerts__slack": {"workspace": "team.slack.com", "channel": "C07EZ1ABC23"}},
            "alerts.slack.workspace",
            "must be its ID, such as T07EA123LEP",
        ),
        (
            {"alerts__slack": {"workspace": "T07EA123LEP", "channel": "alerts"}},
            "alerts.slack.channel",
            "at the end of its link",
        ),
        (
            {"alerts__teams": {**CHATS["teams"], "tenant": "example.com"}},
            "alerts.teams.tenant",
            "must be its ID, such as 0b9de68a-",
        ),
        (
            {"alerts__slack": {"workspace": "T07EA123LEP", "room": "C07EZ1ABC23"}},
            "alerts.slack.room",
            "there are channel, workspace",
        ),
        (
            {"alerts__teams": {**CHATS["teams"], "channel": "19:ab@thread.tacv2"}},
            "alerts.teams.channel",
            "as in its link",
        ),
        ({"data": "delete"}, "data", "destroy"),
        ({"tags": {"aws:x": "y"}}, 'tags["aws:x"]', "AWS's own"),
        ({"tags": ["x"]}, 'tags = ["x"]', "must be a map of names to values"),
        ({"job": "x"}, 'job = "x"', "must be a map with arguments, capacity"),
        ({"job__arguments": "x"}, "job.arguments", "must be a list, as in [a, b]"),
        ({"job__arguments": [2026]}, "job.arguments[0] = 2026", "must be text: in the file, quote"),
        ({"tags": {"a?": "y"}}, 'tags["a?"]', "pattern"),
        ({"tags": {f"k{i}": "v" for i in range(46)}}, "tags", "at most 44 items"),
        ({"prefix": "Processing"}, "prefix", "a-z"),
        ({"prefix": "p" * 29}, "prefix", "at most 28 characters"),
    ],
)
def test_what_aws_refuses_is_refused_with_key_value_and_way_out(
    changes: dict[str, Any], key: str, allowed: str
) -> None:
    message = refusal(**changes)
    assert f"{PROJECT}:{key}" in message
    assert allowed in message
    assert "Edit Pulumi.prod.yaml" in message


def test_an_image_of_the_stacks_region_by_its_digest_is_accepted() -> None:
    assert settings(image__uri=IMAGE).image.uri == IMAGE


@pytest.mark.parametrize(("key", "instead"), REPLACED.items())
def test_a_key_that_is_gone_says_what_replaced_it(key: str, instead: str) -> None:
    message = refusal(**{key.replace(".", "__"): "x"})
    assert f'{PROJECT}:{key} = "x": {instead}' in message
    assert f"pulumi config rm --stack prod --path {PROJECT}:{key}" in message
