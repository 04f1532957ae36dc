"""The comment, made from previews that the real engine wrote: `record.py` records them anew."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ci import comment, forecast
from tests.ci.record import RECORDED

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
RUN = "https://github.com/owner/repository/actions/runs/1"
STACKS = ("dev", "staging", "prod")


def rendered(directory: Path, *names: str) -> str:
    stacks = [comment.read(directory / f"preview-{name}", name, NOW) for name in names]
    return comment.comment(stacks, "abc1234", RUN)


def section(text: str, title: str) -> list[str]:
    """Return the lines below the first title that begins so."""
    return re.split(rf"\n\*\*{title}[^\n]*\*\*\n\n", text)[1].split("\n\n")[0].splitlines()


@pytest.fixture(scope="module")
def recorded() -> str:
    return rendered(RECORDED, *STACKS)


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """An artifact to which a test adds what it needs."""
    (tmp_path / "preview-dev").mkdir()
    return tmp_path


class TestOfRecordedPreviews:
    def test_begins_with_what_is_replaced_and_deleted_and_what_of_it_holds_data(
        self, recorded: str
    ) -> None:
        _, *lines = recorded.split("> [!CAUTION]\n")[1].split("\n\n", maxsplit=1)[0].splitlines()
        head = recorded.split("| stack |", maxsplit=1)[0]
        assert (
            "> **dev**: 1 replaced, with data: `journal-table`; 8 deleted, with data: "
            "`storage-input`\n> **prod**: the preview failed; 7 deleted"
        ) in head
        assert len(lines) == 1

    def test_names_every_replacement_and_deletion_those_with_data_first(
        self, recorded: str
    ) -> None:
        assert section(recorded, "Replaced in dev") == [
            "- 1 `dynamodb:Table` `journal-table`, because of `id`; :warning: **it holds data**"
        ]
        deleted = section(recorded, "Deleted in dev")
        assert deleted[0] == ("- 1 `s3:Bucket` `storage-input`; :warning: **it holds data**")
        assert "- 1 `scheduler:Schedule` `schedule-weekly`" in deleted
        assert len(deleted) == 8
        assert recorded.index("**Deleted in prod**") < recorded.index("#### dev")

    def test_says_what_aws_keeps_when_pulumi_deletes_it(self, recorded: str) -> None:
        assert section(recorded, "Deleted in prod")[0].endswith("; Pulumi forgets it, AWS keeps it")

    def test_counts_and_names_the_rest_by_kind(self, recorded: str) -> None:
        assert "- 2 `lambda:Function` `launcher-function`, `observer-function`" in section(
            recorded, "Updated"
        )
        assert section(recorded, "Created") == ["- 1 `scheduler:Schedule` `schedule-hourly`"]
        assert "| **dev** | 1 | 8 | 1 | 11 | 15 | 3 |" in recorded

    def test_tells_each_roles_added_and_removed_permissions_in_words(self, recorded: str) -> None:
        lines = section(recorded, "IAM")
        assert lines[0] == "- `job-policy`"
        assert (
            "  - **may now**: `s3:ListBucket` on `arn:aws:s3:::their-input` when "
            "`s3:prefix is like input/*`"
        ) in lines
        own = "arn:aws:s3:::processing-dev-input-123456789012-eu-central-1"
        assert f"  - **may no longer**: `s3:GetObject` on `{own}/input/*`" in lines
        trusted = lines[lines.index("- `job-role`") + 1]
        assert trusted.startswith(
            "  - `sagemaker.amazonaws.com` **may now**: `sts:AssumeRole` when"
        )

    def test_says_which_policy_is_known_only_during_the_update(self, recorded: str) -> None:
        lines = section(recorded, "IAM")
        after = lines[lines.index("- `launcher-policy`") + 1]
        assert after == "  - `policy`: known only during the update"

    def test_tells_schedules_before_and_after_and_the_next_three_times(self, recorded: str) -> None:
        assert section(recorded, "Schedules") == [
            "- `daily`: `cron(0 4 * * ? *)` `Europe/Berlin`, **suspended** → `cron(30 5 * * ? *)` "
            "`Europe/Berlin`; next: Fri 27 Nov 2026 05:30, Sat 28 Nov 2026 05:30, "
            "Sun 29 Nov 2026 05:30",
            "- `hourly`: **added**, `rate(1 hour)` `UTC`; every 1h 00m from the update on",
            "- `weekly`: **removed**, was `cron(0 3 ? * MON *)` `UTC`",
        ]

    def test_shows_why_a_preview_failed(self, recorded: str) -> None:
        prod = recorded.split("#### prod\n\n**The preview failed**")[1]
        assert "\n    Preview failed: resource " in prod
        assert "\n    `pulumi state unprotect 'urn:pulumi:prod::" in prod

    def test_says_which_stack_was_not_previewed(self, recorded: str) -> None:
        assert "since it waits for approval or failed before: staging\n" in recorded
        assert "#### staging" not in recorded

    def test_of_no_preview_at_all_says_that(self, tmp_path: Path) -> None:
        assert "failed before: dev, staging, prod\n" in rendered(tmp_path, *STACKS)


def test_the_worst_of_a_resources_steps_counts_and_what_holds_data_comes_first(
    made: Path,
) -> None:
    steps = [("delete-replaced", "cloudwatch/a:A"), ("update", "kms/key:Key")]
    steps += [("delete-replaced", kind) for _, kind in reversed(steps)]
    events = [
        {"op": operation, "type": f"aws:{kind}", "urn": f"a::b::c::{kind}", "old": {"custom": True}}
        for operation, kind in steps
    ]
    lines = [json.dumps({"resourcePreEvent": {"metadata": each}}) for each in events]
    (made / "preview-dev/events.json").write_text("\n".join(lines))
    assert section(rendered(made, "dev"), "Replaced") == [
        "- 1 `kms:Key` `kms/key:Key`; :warning: **it holds data**",
        "- 1 `cloudwatch:A` `cloudwatch/a:A`",
    ]


def test_what_is_only_updated_is_not_said_to_be_forgotten(made: Path) -> None:
    kept = {"custom": True, "retainOnDelete": True}
    step = {"op": "update", "type": "aws:s3/bucket:Bucket", "urn": "a::b::c::it", "old": kept}
    event = json.dumps({"resourcePreEvent": {"metadata": step}})
    (made / "preview-dev/events.json").write_text(event)
    assert section(rendered(made, "dev"), "Updated") == ["- 1 `s3:Bucket` `it`"]


class TestOfWhatIsMissing:
    def test_no_events_are_a_failure_with_the_end_of_what_was_printed(self, made: Path) -> None:
        (made / "preview-dev/diff.txt").write_text("error: no valid credential sources\n")
        text = rendered(made, "dev")
        assert "as it came:\n\n    error: no valid credential sources\n" in text

    def test_a_preview_cut_off_is_a_failure(self, made: Path) -> None:
        lines = (RECORDED / "preview-dev/events.json").read_text().splitlines()[:-1]
        (made / "preview-dev/events.json").write_text("\n".join(lines)[:-20])
        text = rendered(made, "dev")
        assert "> **dev**: the preview failed; 1 replaced" in text


class TestOfCosts:
    @pytest.mark.parametrize(
        ("before", "after", "shown"),
        [
            ("$1.50\n", "<$0.01\n", "$1.50 → <$0.01"),
            ("", "$1,013.25 + ?\n", "? → $1,013.25 + ?"),
            ("$1.50 | ![](x)", "<$0.01>", "? → ?"),
        ],
    )
    def test_are_those_before_and_after(
        self, made: Path, before: str, after: str, shown: str
    ) -> None:
        (made / "preview-dev/forecast-before.txt").write_text(before)
        (made / "preview-dev/forecast-after.txt").write_text(after)
        text = rendered(made, "dev")
        assert f"| {shown} |" in text
        assert ("\n\n?: no forecast, or no list prices" in text) == ("?" in shown)

    @pytest.mark.usefixtures("prices")
    def test_a_stacks_forecast_has_what_its_preview_says(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert forecast.main("prod") == 0
        assert capsys.readouterr().out == "$28.77\n"

    def test_a_stack_that_is_not_there_has_none(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert forecast.main("nowhere") == 2
        assert capsys.readouterr().out == ""
