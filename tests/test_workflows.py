from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / ".github" / "workflows"
FILES = {path.name: path.read_text() for path in sorted(FOLDER.glob("*.yml"))}
WORKFLOWS: dict[str, dict[Any, Any]] = {name: yaml.safe_load(text) for name, text in FILES.items()}
STACKS = {path.name.split(".")[1] for path in ROOT.glob("Pulumi.*.yaml")} - {"local"}
every_workflow = pytest.mark.parametrize("name", WORKFLOWS)


def jobs(name: str) -> dict[str, dict[str, Any]]:
    return WORKFLOWS[name]["jobs"]


def steps(name: str) -> Iterator[dict[str, Any]]:
    for job in jobs(name).values():
        yield from job.get("steps", [])


def triggers(name: str) -> dict[str, Any]:
    return WORKFLOWS[name][True]  # YAML 1.1 reads the key `on` as true


class TestNothingForeignRunsUnpinned:
    @every_workflow
    def test_every_action_is_a_commit_with_its_exact_release_beside_it(self, name: str) -> None:
        uses = re.findall(r"uses: (\S+)(.*)", FILES[name])
        assert uses
        for action, rest in uses:
            if not action.startswith("./"):
                assert re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}", action)
                assert re.fullmatch(r" # v\d+\.\d+\.\d+", rest), f"{action} lacks its release"

    def test_an_action_has_one_commit_everywhere(self) -> None:
        uses = re.findall(r"uses: ([\w./-]+)@(\S+)", "\n".join(FILES.values()))
        assert len(set(uses)) == len(dict(uses))

    def test_pulumi_is_the_version_of_the_requirements(self) -> None:
        (pinned,) = re.findall(
            r"^pulumi==(\S+)", (ROOT / "requirements.in").read_text(), re.MULTILINE
        )
        for name in ("ci.yml", "pulumi.yml"):
            assert re.findall(r"pulumi-version: (\S+)", FILES[name]) == [pinned]

    @every_workflow
    def test_a_script_takes_outside_text_only_through_its_environment(self, name: str) -> None:
        """An expression inside a script is pasted into it, whatever its text says."""
        assert [step["run"] for step in steps(name) if "${{" in step.get("run", "")] == []


class TestLeastRights:
    @every_workflow
    def test_permissions_are_stated_at_the_top_and_write_nothing_there(self, name: str) -> None:
        written = {
            right for right, level in WORKFLOWS[name]["permissions"].items() if level != "read"
        }
        assert written <= ({"id-token"} if name == "pulumi.yml" else set[str]())

    @every_workflow
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
        comment = jobs("preview.yml")["comment"]
        assert comment["permissions"] == {"pull-requests": "write"}
        actions = [step["uses"].split("@")[0] for step in comment["steps"] if "uses" in step]
        assert actions == ["actions/download-artifact"]

    def test_a_pull_request_from_a_fork_is_not_previewed(self) -> None:
        condition = "github.event.pull_request.head.repo.full_name == github.repository"
        assert condition in jobs("preview.yml")["preview"]["if"]

    @every_workflow
    def test_a_checkout_leaves_no_token_behind(self, name: str) -> None:
        checkouts = [step for step in steps(name) if "checkout" in step.get("uses", "")]
        assert all(step["with"] == {"persist-credentials": False} for step in checkouts)


class TestEachStackInItsTurn:
    def test_every_stack_is_previewed(self) -> None:
        assert set(jobs("preview.yml")["preview"]["strategy"]["matrix"]["stack"]) == STACKS

    def test_every_stack_is_in_the_comment(self) -> None:
        (script,) = (step["run"] for step in steps("preview.yml") if "run" in step)
        (listed,) = re.findall(r"for stack in ([\w ]+);", script)
        assert set(listed.split()) == STACKS

    def test_dev_comes_before_staging_and_staging_before_prod(self) -> None:
        deploy = jobs("deploy.yml")
        assert set(deploy) == STACKS
        assert {stack: job.get("needs") for stack, job in deploy.items()} == {
            "dev": None,
            "staging": "dev",
            "prod": "staging",
        }
        for stack, job in deploy.items():
            assert job["with"] == {"command": "up", "stack": stack}

    def test_only_main_is_deployed_and_an_update_is_never_cut_off(self) -> None:
        assert triggers("deploy.yml") == {"push": {"branches": ["main"]}}
        assert WORKFLOWS["deploy.yml"]["concurrency"]["cancel-in-progress"] is False

    def test_each_stack_is_deployed_in_its_own_environment(self) -> None:
        environment = jobs("pulumi.yml")["pulumi"]["environment"]
        assert environment == "${{ inputs.command == 'up' && inputs.stack || 'preview' }}"

    def test_only_the_deployment_runs_pulumi_up(self) -> None:
        calling = {
            name: job["with"]["command"]
            for name in WORKFLOWS
            for job in jobs(name).values()
            if "pulumi.yml" in job.get("uses", "")
        }
        assert calling == {"deploy.yml": "up", "preview.yml": "preview"}
        changing = [step for name in FILES for step in steps(name) if "up " in step.get("run", "")]
        assert [step["if"] for step in changing] == ["inputs.command == 'up'"]


@every_workflow
def test_every_job_ends_by_itself(name: str) -> None:
    assert all("timeout-minutes" in job or "uses" in job for job in jobs(name).values())
