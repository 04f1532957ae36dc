import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.aws.models import shape, violations
from observer import message
from observer.job_log import Log
from observer.message import ADVICE, by_protocol, failure, for_chat, recovery
from pipeline import chat
from pipeline.journal_items import Entry
from pipeline.outcome import Outcome
from tests.components.settings.test_settings import settings as prod_settings
from tests.examples import share
from tests.launcher import strategies

SLOT = datetime(2026, 7, 5, 2, tzinfo=UTC)
ENTRY = Entry(
    schedule="daily",
    slot=SLOT,
    number=2,
    job_name="p--daily-20260705T020000Z-2",
    outcome="script_failed",
    status="Failed",
    reason="AlgorithmError: , exit code: 1",
    exit_message="KeyError: 'price'",
    created=SLOT,
    started=SLOT + timedelta(minutes=2),
    ended=SLOT + timedelta(minutes=14, seconds=30),
    instance_type="ml.m5.large",
    instance_count=2,
    cost_usd=0.234,
)
CONFIG: Any = SimpleNamespace(
    stack="prod",
    schedules={"daily": SimpleNamespace(timezone="Europe/Berlin")},
    aws_region="eu-central-1",
    launcher_arn="arn:aws:lambda:eu-central-1:123456789012:function:launcher",
    followers=Mock(return_value=[]),
)
FIRST = replace(ENTRY, number=1, cost_usd=1.0)


def told(
    entry: Entry = ENTRY, others: Sequence[Entry] = (FIRST,), lines: Sequence[str] = ("one", "two")
) -> tuple[str, str]:
    return failure(CONFIG, entry, others, Log(lines))


TEXT = """daily of stack prod failed: script failed.
Slot: Sun 05 Jul 2026 04:00 Europe/Berlin (2026-07-05T02:00:00Z)
Class: script failed
Reason: AlgorithmError: , exit code: 1
Message: KeyError: 'price'
To do: Read the last log lines; fix the script or its input, then replay.

Attempt: 2 (2 in all), 2 x ml.m5.large
Ran: 12m 30s
Cost so far: about $1.23

Last 2 log lines:
  one
  two

Replay:
.venv/bin/python -m ops replay --stack prod --schedule daily --slot 2026-07-05T02:00:00Z

Job: https://eu-central-1.console.aws.amazon.com/sagemaker/home?region=eu-central-1\
#/processing-jobs/p--daily-20260705T020000Z-2
Logs: https://eu-central-1.console.aws.amazon.com/cloudwatch/home?region=eu-central-1\
#logsV2:log-groups/log-group/$252Faws$252Fsagemaker$252FProcessingJobs\
$3FlogStreamNameFilter$3Dp--daily-20260705T020000Z-2$252F"""


class TestFailure:
    def test_says_everything_that_a_person_needs(self) -> None:
        subject, text = told()
        assert subject == "prod: daily failed: script failed (Sun 05 Jul 2026 04:00)"
        assert text == TEXT

    def test_without_a_job_tells_of_no_cost_no_duration_and_no_links(self) -> None:
        entry = replace(
            ENTRY,
            status="Refused",
            outcome="quota",
            reason="ResourceLimitExceeded: 0 Instances",
            exit_message=None,
            created=None,
            started=None,
        )
        _, text = told(entry, lines=())
        assert "Reason: ResourceLimitExceeded" in text
        for word in ("Cost", "Ran:", "https://", "Message:", "log lines"):
            assert word not in text

    @pytest.mark.parametrize(
        ("outcome", "words"),
        [
            (Outcome.SKIPPED, "daily was skipped"),
            (Outcome.STOPPED, "daily was stopped"),
            (Outcome.REPLACED, "daily was replaced"),
            (Outcome.OUT_OF_MEMORY, "daily failed: out of memory"),
        ],
    )
    def test_calls_what_somebody_decided_no_failure(self, outcome: Outcome, words: str) -> None:
        assert words in told(replace(ENTRY, outcome=outcome))[0]

    def test_says_what_the_input_was_and_why_it_had_its_machines(self) -> None:
        why = "95.0 GB in 1 object: up to 200 GB - 1 of 4 instances for 1 object"
        assert f"\nInput: {why}\n" in told(replace(ENTRY, sized_by=why))[1]

    def test_a_cost_of_which_one_part_is_unknown_is_called_unknown(self) -> None:
        assert "Cost so far: unknown" in told(others=[replace(FIRST, cost_usd=None)])[1]
        assert "Cost so far: unknown" in told(replace(ENTRY, cost_usd=None))[1]

    def test_tells_how_each_of_several_hosts_ended_before_their_lines(self) -> None:
        hosts = ["2: failed with exit code 3: " + 300 * "x", "1, 3: completed"]
        _, text = failure(CONFIG, ENTRY, (), Log(["one"], hosts))
        long, short = text[text.index("Hosts:\n") : text.index("Last 1 log")].splitlines()[1:3]
        assert (len(long), short) == (2 + message.LONGEST_LINE, "  1, 3: completed")

    def test_a_run_of_hours_is_told_in_hours(self) -> None:
        entry = replace(ENTRY, ended=SLOT + timedelta(hours=3, minutes=2))
        assert "Ran: 3h 00m" in told(entry)[1]

    def test_the_link_to_the_logs_opens_the_one_stream_that_has_the_lines(self) -> None:
        stream = "p--daily-20260705T020000Z-2/algo-1-1783217045"
        _, text = failure(CONFIG, ENTRY, (), Log(["one"], stream=stream))
        assert text.endswith(
            "#logsV2:log-groups/log-group/$252Faws$252Fsagemaker$252FProcessingJobs"
            "/log-events/p--daily-20260705T020000Z-2$252Falgo-1-1783217045"
        )

    @pytest.mark.parametrize(
        ("partition", "host"),
        [("aws-cn", "console.amazonaws.cn"), ("aws-us-gov", "console.amazonaws-us-gov.com")],
    )
    def test_links_lead_to_the_console_of_the_partition(self, partition: str, host: str) -> None:
        arn = CONFIG.launcher_arn.replace("aws", partition)
        config: Any = SimpleNamespace(**{**vars(CONFIG), "launcher_arn": arn})
        _, text = failure(config, ENTRY, (), Log())
        assert text.count(f"https://eu-central-1.{host}/") == 2

    def test_every_outcome_that_is_told_has_its_advice(self) -> None:
        assert ADVICE.keys() == set(Outcome) - {Outcome.COMPLETED}

    def test_the_command_that_opens_a_network_sets_what_the_settings_have(self) -> None:
        advised = "pulumi config set --path network.mode vpc"
        assert advised in ADVICE[Outcome.NO_NETWORK]
        assert prod_settings(network__mode="vpc").network.mode == "vpc"
        assert "For the internet: network.mode existing" in ADVICE[Outcome.NO_NETWORK]


class TestBySms:
    def test_a_sentence_and_the_reason_are_sent_and_all_else_gets_the_whole(self) -> None:
        subject, text = told()
        sent = json.loads(by_protocol(subject, text, ENTRY.exit_message))
        assert sent["default"] == text
        assert sent["sms"] == (
            "prod: daily failed: script failed (Sun 05 Jul 2026 04:00). KeyError: 'price'"
        )

    def test_a_recovery_has_no_reason(self) -> None:
        sent = json.loads(by_protocol(*recovery(CONFIG, ENTRY, SLOT), None))
        assert sent["sms"] == "prod: daily is green again."


class TestInAChat:
    def test_is_a_notification_that_amazon_q_developer_shows_with_its_links_below(self) -> None:
        subject, text = told()
        facts, _, links = TEXT.partition("\n\nJob: ")
        assert json.loads(for_chat(subject, text)) == {
            "version": "1.0",
            "source": "custom",
            "content": {
                "textType": "client-markdown",
                "title": subject,
                "description": f"```\n{facts}\n```",
                "nextSteps": f"Job: {links}".split("\n"),
            },
        }
        assert "nextSteps" not in json.loads(for_chat(*recovery(CONFIG, ENTRY, SLOT)))["content"]

    def test_neither_calls_everybody_nor_ends_its_block_whatever_was_logged(self) -> None:
        _, text = told(lines=["<!channel> ``` <@U1>", "Job: https://evil.example"])
        shown = json.loads(for_chat("s", text))["content"]
        assert shown["description"].strip("`").count("`") == 0
        assert not {"<", ">"} & {*shown["description"]}
        assert len(shown["nextSteps"]) == 2

    def test_has_the_begin_and_the_end_of_what_is_too_long(self) -> None:
        lines = ["x" * message.LONGEST_LINE] * message.LOG_LINES
        entry = replace(ENTRY, reason="r" * 1024, exit_message="m" * 1024)
        _, text = failure(CONFIG, entry, (), Log(lines, hosts=["h" * 240] * 12))
        shown = json.loads(for_chat("s", text))["content"]["description"]
        assert chat.LONGEST_TEXT - 9 < len(shown) <= chat.LONGEST_TEXT
        assert shown.startswith("```\ndaily of stack prod failed")
        assert shown.endswith("--slot 2026-07-05T02:00:00Z\n```")


class TestRecovery:
    def test_says_since_when_it_had_failed_and_how_to_see_what_stays_failed(self) -> None:
        subject, text = recovery(CONFIG, ENTRY, SLOT - timedelta(days=1))
        assert subject == "prod: daily is green again"
        assert "It had failed since: Sat 04 Jul 2026 04:00 (2026-07-04T02:00:00Z)." in text
        assert "python -m ops list --stack prod --schedule daily --failed" in text


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=1500)


def _messages(names: st.SearchStrategy[str]) -> st.SearchStrategy[list[tuple[str, str]]]:
    """Return a failure's and a recovery's subject and body."""
    entries = st.builds(
        Entry,
        schedule=names,
        slot=strategies.slots,
        number=strategies.attempts,
        job_name=names,
        outcome=st.sampled_from(sorted(ADVICE)),
        status=st.just("Failed"),
        reason=texts,
        exit_message=texts,
        created=st.none() | st.just(SLOT),
    )

    def both(stack: str, entry: Entry, lines: list[str]) -> list[tuple[str, str]]:
        config: Any = SimpleNamespace(**{**vars(CONFIG), "stack": stack})
        return [failure(config, entry, [FIRST], Log(lines)), recovery(config, entry, SLOT)]

    return st.builds(both, names, entries, st.lists(texts, max_size=message.LOG_LINES))


class TestAnyMessage:
    @given(_messages(texts))
    def test_has_a_subject_that_sns_takes(self, told: list[tuple[str, str]]) -> None:
        model = shape("sns", "Publish", "Subject")
        for subject, _ in told:
            assert violations(model, subject) == []
            assert len(subject) < 100
            assert all(32 <= ord(character) < 127 for character in subject)

    @given(_messages(texts), texts)
    def test_is_short_by_sms_and_is_taken_by_sns(
        self, told: list[tuple[str, str]], why: str
    ) -> None:
        request = by_protocol(*told[0], why)
        assert len(json.loads(request)["sms"]) <= message.LONGEST_SMS < 1600
        assert len(request.encode()) < 256 * 1024

    @given(_messages(strategies.a_name))
    def test_has_a_text_of_few_lines_without_control_characters(
        self, told: list[tuple[str, str]]
    ) -> None:
        for _, text in told:
            assert all(line.isprintable() for line in text.split("\n"))
            assert len(text.split("\n")) < 50
            assert len(text) < 30_000

    @settings(max_examples=share(1 / 2))
    @given(st.text("é\x1b\u202e\u200d\n\r\t😀[red]", max_size=9), st.sampled_from([1, 300, 9000]))
    def test_holds_of_logs_and_reasons_no_more_than_so_much(self, odd: str, times: int) -> None:
        entry = replace(ENTRY, reason=(odd + "x") * times, exit_message=("x" + odd) * times)
        lines = [(odd + "x") * times] * message.LOG_LINES
        _, text = told(entry, lines=lines)
        assert len(text) < 2 * 1024 + 20 * 245 + 2000
        assert all(len(line) <= len("Message: ") + 1024 for line in text.split("\n"))
        assert sum(len(line) > 242 for line in text.split("\n") if "x" * 9 in line) <= 2

    @pytest.mark.parametrize(
        "hidden", ["\u202e", "\u200b", "\u200d", "\ufeff", "\u2066", "\U000e0041"]
    )
    def test_hides_nothing_and_turns_nothing_around(self, hidden: str) -> None:
        assert message.plain(f"exe{hidden}gnp", 100) == "exe gnp"

    def test_says_that_there_is_more_after_a_megabyte_of_nothing(self) -> None:
        assert message.plain("\n" * 1_000_000 + "x", 100) == "…"

    @given(texts, st.integers(1, 2000))
    def test_shortens_text_to_a_length_and_says_so(self, text: str, longest: int) -> None:
        short = message.plain(text, longest)
        assert len(short) <= longest
        assert short.isprintable()
        assert short == message.plain(text, 10_000) or short.endswith("…")
