"""Who is told, and in which words."""

import json
import re
from typing import Any

from components.alerts import Alerts, hint
from components.image import Image
from components.settings import Subscription
from tests.components.stacks import stack
from tests.conftest import Recorder, record


def alerts(*subscriptions: Subscription) -> Recorder:
    of = stack(alerts__subscriptions=[each.model_dump() for each in subscriptions])
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
