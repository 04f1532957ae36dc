"""Who is told, and in which words."""

import json
import re
from typing import Any

import pytest

from components.alerts import Alerts, hint
from components.image import Image
from components.settings import Subscription
from components.settings.loader import SettingsError, read
from tests.components.settings.test_settings import keys_of
from tests.components.stacks import stack
from tests.conftest import PROJECT, Recorder, record
from tests.recorded import CHATS


def alerts(*subscriptions: Subscription, **others: Any) -> Recorder:
    of = stack(alerts={"subscriptions": [*map(Subscription.model_dump, subscriptions)], **others})
    return record(lambda: Alerts("alerts", of, image=Image("image", of)), "dev")


def subscribed(*subscriptions: Subscription) -> dict[str, Any]:
    return alerts(*subscriptions).inputs("aws:sns/topicSubscription:TopicSubscription")


def phone(number: str) -> Subscription:
    return Subscription(protocol="sms", endpoint=number)


class TestAlerts:
    def test_whoever_is_subscribed_stays_so_whatever_others_come_and_in_which_order(self) -> None:
        team = Subscription(protocol="email", endpoint="Team@example.com")
        others = [phone(f"+49151123456{number:02}") for number in range(3)]
        alone, all_ = subscribed(team), subscribed(team, *others)
        assert [name.rpartition("-")[0] for name in alone] == ["alerts-email"]
        assert alone.items() <= all_.items()
        assert len(all_) == 4
        assert all_ == subscribed(*reversed(others), team, team)

    def test_those_are_told_apart_whose_names_would_be_the_same(self) -> None:
        found: dict[str, str] = {}
        numbers = (f"+4915112{number:06}" for number in range(5000))
        pair = next(
            (number, other)
            for number in numbers
            if (other := found.setdefault(hint(number), number)) != number
        )
        both = [phone(number) for number in pair]
        assert len(subscribed(*both)) == 2
        assert subscribed(*both) == subscribed(*reversed(both))

    def test_every_event_is_told_to_chats_in_the_form_that_they_show(self) -> None:
        recorder = alerts(**CHATS)
        targets = recorder.inputs("aws:cloudwatch/eventTarget:EventTarget")
        told = {name: each for name, each in targets.items() if name.endswith("-chat")}
        assert len(told) == 3
        for name, target in told.items():
            assert target["arn"].endswith("-chat")
            shown = json.loads(target["inputTransformer"]["inputTemplate"])
            people = targets[name.replace("-chat", "-target")]["inputTransformer"]
            text = json.loads(people["inputTemplate"])
            assert (shown["source"], shown["content"]["description"]) == ("custom", text)

    def test_a_channel_of_another_workspace_comes_when_the_old_one_is_gone(self) -> None:
        asked = [each for each in alerts(**CHATS).requests if "chatbot" in each.type]
        assert len(asked) == 2
        for each in asked:
            assert each.deleteBeforeReplace
            assert {"configurationName", "slackTeamId", "teamId"} < {*each.replaceOnChanges}

    def test_nobody_can_act_on_aws_from_a_chat(self) -> None:
        recorder = alerts(**CHATS)
        channels = [
            recorder.one(
                f"aws:chatbot/{kind}ChannelConfiguration:{kind.title()}ChannelConfiguration"
            )
            for kind in ("slack", "teams")
        ]
        for channel in channels:
            assert channel["guardrailPolicyArns"] == ["arn:aws:iam::aws:policy/AWSDenyAll"]
            assert [arn.rpartition(":")[2] for arn in channel["snsTopicArns"]] == [
                "processing-prod-chat"
            ]
        role = json.loads(recorder.one("aws:iam/rolePolicy:RolePolicy")["policy"])
        assert {each["Effect"] for each in role["Statement"]} == {"Deny"}

    def test_every_event_is_told_in_a_text_that_sms_takes_and_that_leads_to_the_runbook(
        self,
    ) -> None:
        targets = alerts().inputs("aws:cloudwatch/eventTarget:EventTarget")
        assert len(targets) == 3
        for target in targets.values():
            transformer = target["inputTransformer"]
            text = json.loads(transformer["inputTemplate"])
            assert set(re.findall(r"<(\w+)>", text)) == transformer["inputPaths"].keys()
            assert "Runbook: docs/runbook.md#" in text
            assert len(text) < 1600 / 4


def test_govcloud_where_no_chat_can_show_them_is_refused_one() -> None:
    keys = {**keys_of(alerts=CHATS), "aws:region": "us-gov-west-1"}
    with pytest.raises(SettingsError, match=r"alerts\.slack is not to be had in AWS GovCloud"):
        read(keys, PROJECT, "prod")
