"""What a test of a stack decides: what it takes for a failure, and what it may remove."""

import json
import re
from collections.abc import Generator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from botocore import xform_name

from acceptance import own, remains, rights
from acceptance.canary import LINES, Canary, State, check
from acceptance.inbox import Inbox
from acceptance.scenarios import OF_CANARY
from acceptance.summary import show
from acceptance.trial import Scenario, Trial, play
from components.settings import stack_file
from ops.session import Session
from ops.stack import OpsError, UsageError, load
from pipeline.attempt import job_name
from pipeline.outcome import Outcome
from tests.acceptance.conftest import CANARY
from tests.conftest import PROJECT, ROOT
from tests.ops.world import World


def trial_of(session: Session, scenario: Scenario) -> Trial:
    canary = Canary.begin(session)
    return Trial("it", scenario, canary, Inbox(session.stack, canary.name))


def keys(session: Session, role: str) -> list[str]:
    bucket = f"processing-prod-{role}-123456789012-eu-central-1"
    found = session.stack.client("s3").list_object_versions(Bucket=bucket)
    return [each["Key"] for each in (*found.get("Versions", []), *found.get("DeleteMarkers", []))]


class TestAScenario:
    @pytest.mark.parametrize("outcome", ["stopped", "skipped", "capacity"])
    def test_that_ends_otherwise_than_it_should_has_failed(
        self, session: Session, world: World, outcome: str
    ) -> None:
        def runs(trial: Trial) -> Generator[State, None, None]:
            yield from trial.until(trial.start({"a": b"1"}), Outcome.COMPLETED)
            trial.expect("never reached", 1, 2)

        trial = trial_of(session, runs)
        slot = "2026-01-07T11:59:59Z"
        end = {"outcome": outcome, "status": "Stopped", "reason": "by hand"}
        world.after(30, lambda: world.conclude(1, slot, schedule="canary", **end))
        play(session, [trial])
        assert trial.problems == [f"outcome: {outcome}, expected completed: by hand"]
        assert trial.seconds == 30

    def test_that_lacks_quota_at_first_holds_all_the_same(
        self, session: Session, world: World
    ) -> None:
        trial = trial_of(session, OF_CANARY["duplicate event"])
        told = {"job_name": "x", "result": "refused", "status": "Refused", "reason": "quota"}
        world.launcher = lambda event: {**event, **told}
        name = "processing-prod--canary-20260107T115959Z-2"
        soon: dict[str, Any] = {
            "outcome": "quota",
            "next_attempt_at": world.now + timedelta(minutes=5),
        }
        slot: dict[str, Any] = {"slot": "2026-01-07T11:59:59Z", "schedule": "canary"}
        world.after(10, lambda: world.conclude(1, **slot, **soon))
        world.after(300, lambda: world.job(name))
        world.after(600, lambda: world.conclude(2, **slot, created=world.now))
        play(session, [trial])
        assert trial.problems == []
        assert trial.seconds == 600

    def test_that_goes_on_at_its_deadline_has_failed_and_its_job_is_stopped(
        self, session: Session, world: World
    ) -> None:
        def goes_on(trial: Trial) -> Generator[State, None, None]:
            yield from trial.canary.follow(trial.start({"a": b"1"}))

        session = replace(session, pause=partial(world.sleep, 60))
        trial = trial_of(session, goes_on)
        name = job_name("processing-prod", trial.canary.slot())
        name = name.replace("59Z", "58Z")
        world.after(27 * 60, lambda: world.end(name, "Stopped"))
        play(session, [trial])
        late, stopped = trial.problems
        assert late == "deadline: after 26m 00s still canary attempt 1: waits for an instance"
        assert stopped == f"stopped job {name}"
        assert trial.seconds == trial.deadline.total_seconds() + 60

    def test_that_aws_refuses_something_leaves_the_others_alone(
        self, session: Session, world: World
    ) -> None:
        trials = [trial_of(session, OF_CANARY["empty input"]) for _ in range(2)]
        world.errors["Invoke"] = ("AccessDeniedException", "not authorized")
        play(session, trials)
        assert all("may not Invoke" in trial.problems[0] for trial in trials)

    def test_waits_for_what_comes_late_and_not_for_ever(self, session: Session) -> None:
        looks = iter(["nothing", "nothing", None])

        def waits(trial: Trial) -> Generator[State, None, None]:
            yield from trial.eventually("log", lambda: next(looks))
            yield from trial.eventually("metric", lambda: "no value")

        trial = trial_of(session, waits)
        play(session, [trial])
        assert trial.problems == ["metric: no value, after 5m 05s"]


class TestWhatATestLeaves:
    def test_is_found_by_the_next_one_and_removed_with_every_version_and_nothing_else(
        self, session: Session, world: World
    ) -> None:
        s3 = session.stack.client("s3")
        other = {"Bucket": "processing-prod-input-123456789012-eu-central-1", "Key": "canary/x"}
        s3.put_object(**other)
        left = Canary.begin(session)
        Inbox(session.stack, left.name).open()
        for _ in range(2):
            left.upload(left.attempts[0] if left.attempts else left.slot(), left.files)
        [attempt] = left.attempts
        place = session.stack.input_of(attempt)
        s3.delete_object(Bucket=place.bucket, Key=f"{place.key}lines.txt")
        name = job_name("processing-prod", attempt)
        world.job(name)
        world.after(5, lambda: world.end(name, "Stopped"))
        [found] = remains.find(session)
        removed, problems = remains.remove(found)
        assert removed == [
            f"job {name}",
            f"all below {place.uri} (1)",
            f"queue processing-prod--acceptance-{left.name}",
        ]
        assert not problems
        assert keys(session, "input") == ["canary/x"]
        assert not remains.find(session)
        assert not session.stack.client("sns").list_subscriptions()["Subscriptions"]

    def test_stays_known_where_it_cannot_be_removed(self, session: Session, world: World) -> None:
        left = Canary.begin(session)
        world.errors["ListSubscriptionsByTopic"] = ("AuthorizationError", "no")
        assert remains.remove(left)[1] == ["ListSubscriptionsByTopic: AuthorizationError: no"]
        assert [each.name for each in remains.find(session)] == [left.name]


class TestTheCanary:
    def test_is_what_the_stack_files_say(self) -> None:
        for name in ("dev", "local"):
            schedules = json.loads(stack_file.keys(ROOT, name)[f"{PROJECT}:schedules"])
            assert schedules["canary"] == yaml.safe_load(LINES)["canary"]

    @pytest.mark.parametrize(
        ("right", "wrong"),
        [
            (LINES.strip(), "x: {expression: rate(1 day)}"),
            ("suspend: true", "suspend: false"),
            ("script: canary.sh", "script: to_parquet"),
            ("canary/{slot:%Y%m%dT%H%M%SZ}/", "input/{slot:%Y%m%dT%H%M%SZ}/"),
            ("canary/{slot:%Y%m%dT%H%M%SZ}/", "canary/{slot:%Y%m%d}/"),
            ("input: { prefix:", "input: { when_empty: skip, prefix:"),
        ],
    )
    def test_is_refused_where_it_could_meet_real_slots_with_the_lines_to_write(
        self, project: Path, right: str, wrong: str
    ) -> None:
        assert right in CANARY
        (project / "Pulumi.prod.yaml").write_text(CANARY.replace(right, wrong), "utf-8")
        with pytest.raises(UsageError) as refused:
            check(load("prod"))
        assert f"Pulumi.prod.yaml, and deploy:{LINES}" in str(refused.value)


class TestAScriptOfYours:
    def test_runs_at_a_slot_before_any_real_one(self, session: Session, tmp_path: Path) -> None:
        (tmp_path / "a.csv").touch()
        found, why_not = own.choose(session, None, tmp_path)
        [(name, scenario)] = found.items()
        trial = trial_of(session, scenario)
        next(scenario(trial))
        assert (name, why_not) == ("script of daily", [])
        assert trial.attempt
        assert f"{trial.attempt.slot:%Y-%m-%d}" == "2000-01-07"

    def test_is_left_alone_where_it_would_meet_data(self, session: Session, tmp_path: Path) -> None:
        bucket = "processing-prod-input-123456789012-eu-central-1"
        session.stack.client("s3").put_object(Bucket=bucket, Key="input/2000/01/07/a.csv")
        found, why_not = own.choose(session, None, tmp_path)
        assert not found
        assert len(why_not) == 3
        with pytest.raises(UsageError, match=r"there are objects at s3://.*/input/2000/01/07/"):
            own.choose(session, "daily", tmp_path)

    @pytest.mark.parametrize(
        ("setting", "why"),
        [
            ("input: {bucket: theirs}", "theirs is not the stack's own bucket"),
            ('input: {prefix: "in/{slot:%Y%m%d}/"}', "has no folder of the slot's year"),
            ('output: {prefix: "out/{slot:%Y%m%d%H%M%S}/"}', "has no folder of the slot's year"),
        ],
    )
    def test_is_left_alone_where_its_places_could_be_those_of_a_real_slot(
        self, session: Session, project: Path, tmp_path: Path, setting: str, why: str
    ) -> None:
        text = CANARY.replace("daily: {", f"daily: {{{setting}, ")
        (project / "Pulumi.prod.yaml").write_text(text, "utf-8")
        with pytest.raises(UsageError, match=why):
            own.choose(replace(session, stack=load("prod")), "daily", tmp_path)


class TestTheSummary:
    @pytest.mark.parametrize(
        ("problems", "left", "status"), [([], [], 0), (["x: 1"], [], 1), ([], ["a queue"], 1)]
    )
    def test_is_status_0_only_if_all_held_and_all_is_gone(
        self, session: Session, problems: list[str], left: list[str], status: int
    ) -> None:
        trial = trial_of(session, OF_CANARY["success"])
        trial.problems += problems
        assert show(session.screen, [trial], [], [], left) == status


class TestRights:
    def test_are_all_that_a_test_calls(self, session: Session) -> None:
        # Of its own: those of the world serve other tests, too.
        made = boto3.Session().client("s3", region_name="eu-central-1")
        session.stack.client = lambda _: made
        rights.hold(session.stack)
        with pytest.raises(OpsError, match=r"s3 ListBuckets is missing in .*operations\.json"):
            session.stack.client("s3").list_buckets()

    def test_are_none_that_no_test_calls(self) -> None:
        source = "".join(
            path.read_text("utf-8")
            for place in ("acceptance", "ops", "lambda/pipeline")
            for path in (ROOT / place).glob("*.py")
        )
        called = {
            xform_name(operation)
            for kind in rights.OPERATIONS.values()
            for operations in kind.values()
            for operation in operations
        }
        jobs = re.compile("(describe|list|stop)_(processing|training)_jobs?")
        assert {each for each in called if each not in source and not jobs.fullmatch(each)} == set()
