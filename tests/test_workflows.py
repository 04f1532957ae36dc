import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parent.parent
FILES = {path.name: path.read_text() for path in sorted((ROOT / ".github").glob("*/**/*.yml"))}
PARSED: dict[str, dict[Any, Any]] = {name: yaml.safe_load(text) for name, text in FILES.items()}
WORKFLOWS = {name: parsed for name, parsed in PARSED.items() if "jobs" in parsed}
STACKS = {"dev", "staging", "prod"}
"""Those that workflows deploy; any other is its owner's, and deployed by hand."""
every_file = pytest.mark.parametrize("name", PARSED)
every_workflow = pytest.mark.parametrize("name", WORKFLOWS)
PULUMI = "$/.github/actions/pulumi"


def jobs(name: str) -> dict[str, dict[str, Any]]:
    return WORKFLOWS[name]["jobs"]


def steps(name: str) -> Iterator[dict[str, Any]]:
    yield from PARSED[name].get("runs", {}).get("steps", [])
    for job in PARSED[name].get("jobs", {}).values():
        yield from job.get("steps", [])


def triggers(name: str) -> dict[str, Any]:
    return WORKFLOWS[name][True]  # YAML 1.1 reads the key `on` as true


def commands(name: str) -> Iterator[tuple[str, str, str]]:
    """Yield (environment, Pulumi's command, stack) of every job that runs one, in its order."""
    for job in jobs(name).values():
        for stack in job.get("strategy", {}).get("matrix", {}).get("stack", [""]):
            for step in job.get("steps", []):
                if step.get("uses") == PULUMI:
                    given = [job["environment"], step["with"]["command"], step["with"]["stack"]]
                    environment, command, on = (
                        each.replace("${{ matrix.stack }}", stack) for each in given
                    )
                    yield environment, command, on


class TestNothingForeignRunsUnpinned:
    @every_file
    def test_every_action_is_a_commit_with_its_exact_release_beside_it(self, name: str) -> None:
        uses = re.findall(r"uses: (\S+)(.*)", FILES[name])
        assert uses
        for action, rest in uses:
            if not action.startswith("$/"):
                assert re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}", action)
                assert re.fullmatch(r" # v\d+\.\d+\.\d+", rest), f"{action} lacks its release"

    def test_an_action_has_one_commit_everywhere(self) -> None:
        uses = re.findall(r"uses: ([\w./-]+)@(\S+)", "\n".join(FILES.values()))
        assert len(set(uses)) == len(dict(uses))

    def test_pulumi_is_the_version_of_the_requirements(self) -> None:
        (pinned,) = re.findall(
            r"^pulumi==(\S+)", (ROOT / "requirements.in").read_text(), re.MULTILINE
        )
        for name in ("ci.yml", "action.yml"):
            assert re.findall(r"pulumi-version: (\S+)", FILES[name]) == [pinned]

    @every_file
    def test_a_script_takes_outside_text_only_through_its_environment(self, name: str) -> None:
        """An expression inside a script is pasted into it, whatever its text says."""
        assert [step["run"] for step in steps(name) if "${{" in step.get("run", "")] == []


class TestLeastRights:
    @every_workflow
    def test_permissions_are_stated_at_the_top_and_write_nothing_there(self, name: str) -> None:
        written = {
            right for right, level in WORKFLOWS[name]["permissions"].items() if level != "read"
        }
        assert not written

    @every_file
    def test_no_stored_key_leads_to_aws(self, name: str) -> None:
        assert not re.search(
            r"aws-(secret-)?access-key|AWS_(SECRET_)?ACCESS_KEY|secrets\.AWS", FILES[name], re.I
        )

    @every_workflow
    def test_code_of_a_fork_never_runs_with_the_rights_of_the_repository(self, name: str) -> None:
        assert not {"pull_request_target", "workflow_run"} & set(triggers(name))

    def test_ci_needs_neither_a_secret_nor_the_cloud(self) -> None:
        assert "secrets." not in FILES["ci.yml"]
        assert WORKFLOWS["ci.yml"]["permissions"] == {"contents": "read"}
        assert all("permissions" not in job for job in jobs("ci.yml").values())

    def test_the_job_that_writes_the_comment_runs_no_code_of_the_pull_request(self) -> None:
        comment = jobs("comment.yml")["comment"]
        assert comment["permissions"] == {"contents": "read", "pull-requests": "write"}
        checkout, *others = [step for step in comment["steps"] if "uses" in step]
        assert checkout["with"]["ref"] == "${{ github.event.pull_request.base.sha }}"
        assert {each["uses"].split("@")[0] for each in others} == {"actions/download-artifact"}

    def test_a_pull_request_from_a_fork_is_not_previewed(self) -> None:
        condition = "github.event.pull_request.head.repo.full_name == github.repository"
        assert condition in jobs("preview.yml")["dev"]["if"]
        assert jobs("preview.yml")["approved"]["needs"] == "dev"

    @every_workflow
    def test_a_checkout_leaves_no_token_behind(self, name: str) -> None:
        checkouts = [step for step in steps(name) if "checkout" in step.get("uses", "")]
        assert all(step["with"]["persist-credentials"] is False for step in checkouts)


class TestSecrets:
    def test_are_those_of_the_jobs_own_environment(self) -> None:
        for name in WORKFLOWS:
            for job in jobs(name).values():
                assert "secrets" not in job, "a caller's secrets go to every job that it calls"
                if "secrets." in str(job):
                    assert job["environment"]

    def test_are_given_to_no_step_but_pulumis(self) -> None:
        for name, workflow in WORKFLOWS.items():
            assert "secrets." not in str(workflow.get("env", {}))
            for job in jobs(name).values():
                assert "secrets." not in str({**job, "steps": []})
            using = [step for step in steps(name) if "secrets." in str(step)]
            assert [step["uses"] for step in using] == [PULUMI] * len(using)

    def test_are_seen_by_one_command_alone(self) -> None:
        seeing = [
            step["name"]
            for step in steps("action.yml")
            if "access-token" in str(step) or "passphrase" in str(step)
        ]
        assert seeing == ["Run Pulumi"]
        assert next(reversed([*steps("action.yml")]))["name"] == "Run Pulumi"

    def test_of_a_stack_are_not_there_for_the_preview_of_another(self) -> None:
        assert [*commands("preview.yml")] == [
            (f"preview-{stack}", "preview", stack) for stack in ("dev", "staging", "prod")
        ]
        assert "must\n# have required reviewers" in FILES["preview.yml"]


class TestEveryStack:
    def test_every_stack_is_previewed_and_in_the_comment(self) -> None:
        assert {stack for _, _, stack in commands("preview.yml")} == STACKS
        (script,) = (step["run"] for step in steps("comment.yml") if "run" in step)
        (listed,) = re.findall(r"ci.comment .* previews ([\w ]+) >", script)
        assert set(listed.split()) == STACKS

    def test_each_preview_is_kept_and_fetched_under_its_own_name_alone(self) -> None:
        kept = [
            step["with"]["name"]
            for step in steps("preview.yml")
            if "upload" in step.get("uses", "")
        ]
        assert kept == ["preview-dev", "preview-${{ matrix.stack }}"]
        fetched = [
            step["with"] for step in steps("comment.yml") if "download" in step.get("uses", "")
        ]
        assert {each["pattern"]: each["path"] for each in fetched} == {
            f"preview-{stack}": f"previews/preview-{stack}" for stack in STACKS
        }

    def test_the_comment_does_not_wait_for_what_a_person_has_to_approve(self) -> None:
        waiting = {name: job["needs"] for name, job in jobs("preview.yml").items() if "uses" in job}
        assert waiting["comment"] == "dev"

    def test_one_comment_is_written_after_the_other(self) -> None:
        # Both would find none yet, and make two.
        assert "comment" in jobs("preview.yml")["comment-on-all"]["needs"]


@every_workflow
def test_every_job_ends_by_itself(name: str) -> None:
    assert all("timeout-minutes" in job or "uses" in job for job in jobs(name).values())
