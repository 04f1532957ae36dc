"""What a pull request's code may write into a preview: shown as text, and nothing else."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from ci import comment
from tests.ci.test_comment import NOW, RUN

GITHUB = MarkdownIt("commonmark", {"html": True}).enable("table")
HOSTILE = st.text("`|<>@#[]()!*_~\\\n\r\t -=+&:;/.x1\v\x00\x1b\u2028\u202e\ud800😀", min_size=1)


def artifact(text: str) -> dict[str, Any]:
    """Return a preview with a text wherever a pull request's code may put one."""
    condition = {text: {text: text}}
    statement = {"Effect": text, "Principal": {text: [text]}, "Action": text, "Resource": [text]}
    policy = json.dumps({"Statement": [{**statement, "Condition": condition}]})
    environment = {"variables": {"IMAGE_URI": text}}
    inputs = {"policy": policy, "permissionsBoundary": text, "environment": environment}
    inputs |= dict.fromkeys(("name", "scheduleExpression", "scheduleExpressionTimezone"), text)

    def step(operation: str, kind: str, name: str, side: str) -> dict[str, Any]:
        state = {"custom": True, "inputs": inputs, "retainOnDelete": True}
        common = {"op": operation, "type": kind, "urn": f"a::b::c::{name}{text}", "keys": [text]}
        return {"resourcePreEvent": {"metadata": {**common, side: state}}}

    def said(severity: str) -> dict[str, Any]:
        return {"diagnosticEvent": {"severity": severity, "message": f"{text}\nx"}}

    return {
        "events": [
            said("error"),
            said("warning"),
            step("replace", text, "1", "old"),
            step("create", "aws:iam/role:Role", "2", "new"),
            step("delete", "aws:s3/bucket:Bucket", "3", "old"),
            step("update", f"aws:iam/{text}", "4", "new"),
            step("delete", "aws:scheduler/schedule:Schedule", "5", "old"),
            step("create", "aws:scheduler/schedule:Schedule", "6", "new"),
        ],
        "diff": f"{text}\nx",
        "forecast": text,
    }


def shown(directory: Path, found: dict[str, Any]) -> str:
    place = directory / "preview-dev"
    place.mkdir(exist_ok=True)
    lines = "\n".join(json.dumps(each) for each in found["events"])
    (place / "events.json").write_text(lines)
    (place / "diff.txt").write_text(found["diff"], "utf-8", "replace", newline="")
    (place / "forecast-after.txt").write_text(found["forecast"], "utf-8", "replace", newline="")
    return comment.comment([comment.read(place, "dev", NOW)], "abc1234", RUN)


def structure(text: str) -> list[tuple[str, str]]:
    """Return all that GitHub would render, save what stands in code."""
    found: list[tuple[str, str]] = []
    for token in GITHUB.parse(text):
        for each in token.children or [token]:
            code = each.type in ("code_inline", "code_block")
            found.append((each.type, "" if code else each.content))
    return found


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("preview")


@pytest.fixture(scope="module")
def harmless(place: Path) -> list[tuple[str, str]]:
    return structure(shown(place, artifact("harmless")))


@given(HOSTILE)
@example("`")
@example("``` </details>")
@example("</details>\n\n# Approved by @owner\n\n[all is well](https://example.com)")
@example("\n\n- [x] <img src=x>\n\n    ```\n~~~\n")
@example("a|b\\|c\r\r\n<!-- -->")
def test_no_text_is_more_than_text(place: Path, harmless: list[tuple[str, str]], text: str) -> None:
    assert structure(shown(place, artifact(f"y{text}"))) == harmless


def test_nothing_is_longer_than_a_comment_may_be_and_the_diff_is_cut_first(tmp_path: Path) -> None:
    many = artifact("😀" * 300)
    many["events"] *= 15
    for number, event in enumerate(many["events"]):
        if "resourcePreEvent" in event:
            copy = json.loads(json.dumps(event))
            copy["resourcePreEvent"]["metadata"]["urn"] += str(number)
            many["events"][number] = copy
    many["diff"] = "diff\n" * 100_000
    for found in (many, {**artifact("x"), "diff": many["diff"]}):
        text = shown(tmp_path, found)
        assert len(text.encode()) < 65_536
        assert text.count("<details>") == text.count("</details>") == 1
        assert "\n    … more: see the run\n\n</details>" in text
    assert "\n… " not in text


@pytest.mark.parametrize(
    "line",
    [
        "[" * 100_000,
        "null",
        '{"resourcePreEvent": []}',
        '{"resourcePreEvent": {"metadata": {"op": ["create"], "urn": 1, "new": {"custom": 1}}}}',
        '{"resourcePreEvent": {"metadata": {"op": "create", "urn": null, "new": {"custom": 1, '
        '"inputs": {"policy": "{\\"Statement\\": [1]}", "assumeRolePolicy": {}}}}}}',
        '{"summaryEvent": {"result": {}}, "diagnosticEvent": {"severity": "error", "message": 1}}',
    ],
)
def test_what_the_engine_would_not_write_is_passed_over(tmp_path: Path, line: str) -> None:
    found: dict[str, Any] = {"events": [], "diff": "", "forecast": ""}
    shown(tmp_path, found)
    (tmp_path / "preview-dev/events.json").write_text(line)
    stack = comment.read(tmp_path / "preview-dev", "dev", NOW)
    assert "**The preview failed**" in comment.comment([stack], "abc1234", RUN)


@pytest.mark.parametrize("zone", ["No/Zone", "Europe", "../UTC", "\0", "x" * 5000])
def test_times_in_a_zone_that_is_none_are_not_told(tmp_path: Path, zone: str) -> None:
    found = artifact("x")
    new = found["events"][-1]["resourcePreEvent"]["metadata"]["new"]["inputs"]
    new |= {"scheduleExpression": "cron(0 4 * * ? *)", "scheduleExpressionTimezone": zone}
    assert "next: cannot be told" in shown(tmp_path, found)


def test_an_empty_text_does_not_join_the_code_around_it(tmp_path: Path) -> None:
    assert "``" not in shown(tmp_path, artifact(""))


@pytest.mark.parametrize("names", [100, 200])
def test_policies_too_long_to_compare_are_not_compared(tmp_path: Path, names: int) -> None:
    every = [str(number) for number in range(names)]
    policy = {"Statement": {"Effect": "Allow", "Action": every, "Resource": every}}
    found = artifact("x")
    new = found["events"][3]["resourcePreEvent"]["metadata"]["new"]
    new["inputs"]["policy"] = json.dumps(policy)
    assert ("too long" in shown(tmp_path, found)) == (names > 100)


def test_no_end_of_a_line_within_a_text_hides_a_change(tmp_path: Path) -> None:
    found = artifact("a\x85b\u2028c")
    found["events"] = found["events"][2:3]
    shown(tmp_path, found)
    raw = json.dumps(found["events"][0], ensure_ascii=False)
    (tmp_path / "preview-dev/events.json").write_text(raw, "utf-8")
    assert len(comment.read(tmp_path / "preview-dev", "dev", NOW).preview.changes) == 1


def test_a_preview_of_which_a_line_cannot_be_read_has_failed(tmp_path: Path) -> None:
    end = json.dumps({"summaryEvent": {"result": "succeeded"}})
    for line, complete in (("", True), ("[" * 100_000, False)):
        (tmp_path / "events.json").write_text(f"{line}\n{end}\n")
        assert comment.read(tmp_path, "dev", NOW).preview.complete == complete
