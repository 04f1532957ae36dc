import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

from observer.notification import Notifier
from tests.observer.test_message import CONFIG, ENTRY, SLOT

PEOPLE, CHAT = (f"arn:aws:sns:eu-central-1:123456789012:p-{of}" for of in ("alerts", "chat"))


def published(chat_topic_arn: str) -> dict[str, Any]:
    """Return what each topic got of a schedule that is green again."""
    config: Any = SimpleNamespace(**vars(CONFIG), topic_arn=PEOPLE, chat_topic_arn=chat_topic_arn)
    journal, sns = Mock(record_success=Mock(return_value=SLOT)), Mock()
    entry = replace(ENTRY, outcome="completed")
    Notifier(config, journal, Mock(), sns).tell(entry, SLOT)
    return {call.kwargs["TopicArn"]: call.kwargs for call in sns.publish.call_args_list}


def test_a_chat_is_told_in_its_own_form_and_people_as_ever() -> None:
    both = published(CHAT)
    text = json.loads(both[PEOPLE]["Message"])["default"]
    assert both.keys() == {PEOPLE, CHAT}
    assert "MessageStructure" not in both[CHAT]
    assert text in json.loads(both[CHAT]["Message"])["content"]["description"]


def test_without_a_chat_one_message_is_published() -> None:
    assert published("").keys() == {PEOPLE}
