"""Who is told, and in which words."""

import json
import re

from components.alerts import Alerts
from components.image import Image
from components.settings import Subscription
from tests.components.stacks import stack
from tests.conftest import Recorder, record


def alerts(*subscriptions: Subscription) -> Recorder:
    of = stack(alerts__subscriptions=[each.model_dump() for each in subscriptions])
    return record(lambda: Alerts("alerts", of, image=Image("image", of)), "dev")


class TestAlerts:
    def test_whoever_is_subscribed_is_told_and_keeps_that_when_others_come(self) -> None:
        team = Subscription(protocol="email", endpoint="Team@example.com")
        phone = Subscription(protocol="sms", endpoint="+4915112345678")
        kind = "aws:sns/topicSubscription:TopicSubscription"
        before, after = alerts(team).inputs(kind), alerts(phone, team).inputs(kind)
        assert [name.rpartition("-")[0] for name in before] == ["alerts-email"]
        assert before.items() <= after.items()
        assert len(after) == 2

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
