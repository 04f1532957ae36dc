"""How deploy.yml takes one image through the stacks, and what keeps two operations apart."""

import re
from itertools import product
from types import SimpleNamespace
from typing import Any

import pytest

from tests.test_workflows import FILES, PULUMI, STACKS, WORKFLOWS, commands, jobs, steps, triggers


class TestTheWayOfAnImage:
    def test_only_main_or_a_person_deploys(self) -> None:
        assert triggers("deploy.yml")["push"] == {"branches": ["main"]}
        assert triggers("deploy.yml").keys() == {"push", "workflow_dispatch"}

    def test_every_stack_is_deployed_and_tested_before_its_image_goes_on(self) -> None:
        done = {
            name: [step.get("run") or step["with"]["command"] for step in job["steps"][1:]]
            for name, job in jobs("deploy.yml").items()
            if name in STACKS
        }
        assert [*done] == ["dev", "staging", "prod"]
        assert done["dev"][:2] == ["up --yes", "make test-aws STACK=dev"]
        assert "-m ops promote --stack dev" in done["dev"][2]
        assert done["staging"] == ["up --yes", "make test-aws STACK=staging"]
        assert done["prod"] == ["up --yes"]

    def test_a_pilot_light_gets_after_prod_what_prod_got(self) -> None:
        prod, light = (jobs("deploy.yml")[name] for name in ("prod", "prod-recovery"))
        [there] = light["steps"][1:]
        assert there["with"] | {"stack": "prod"} == prod["steps"][1]["with"]
        assert light["steps"][0] == prod["steps"][0]
        assert (light["environment"], there["with"]["stack"]) == ("prod-recovery", "prod-recovery")
        assert light["concurrency"] == {"group": "stack-prod-recovery", "queue": "max"}

    def test_only_dev_builds_and_hands_on_what_was_tested(self) -> None:
        handed = "${{ needs.dev.outputs.image || inputs.image || 'none' }}"
        images = [
            step["with"]["image"] for step in steps("deploy.yml") if step.get("uses") == PULUMI
        ]
        assert images == ["${{ inputs.image }}", handed, handed, handed]
        assert jobs("deploy.yml")["dev"]["outputs"] == {
            "image": "${{ steps.promote.outputs.image }}"
        }

    def test_all_stacks_get_the_commit_that_was_checked(self) -> None:
        refs = {
            name: job["steps"][0]["with"].get("ref") for name, job in jobs("deploy.yml").items()
        }
        stacks = {*STACKS, "prod-recovery"}
        assert refs == {"plan": None} | dict.fromkeys(stacks, "${{ needs.plan.outputs.commit }}")

    @pytest.mark.parametrize(
        ("asked", "fails", "ran"),
        [
            (None, "", "plan dev staging prod"),
            ("all", "", "plan dev staging prod"),
            ("dev", "", "plan dev"),
            ("staging", "", "plan staging"),
            ("prod", "", "plan prod"),
            (None, "plan", "plan"),
            ("prod", "plan", "plan"),
            (None, "dev", "plan dev"),
            (None, "staging", "plan dev staging"),
        ],
    )
    def test_a_stack_is_deployed_if_it_is_asked_for_and_nothing_before_it_failed(
        self, asked: str | None, fails: str, ran: str
    ) -> None:
        assert _ran(asked, fails, "no") == ran

    @pytest.mark.parametrize(
        ("asked", "fails", "ran"),
        [
            (None, "", "plan dev staging prod prod-recovery"),
            ("prod", "", "plan prod prod-recovery"),
            ("prod-recovery", "", "plan prod-recovery"),
            ("prod-recovery", "plan", "plan"),
            ("staging", "", "plan staging"),
            (None, "prod", "plan dev staging prod"),
            (None, "staging", "plan dev staging"),
        ],
    )
    def test_a_pilot_light_is_deployed_after_prod_or_alone(
        self, asked: str | None, fails: str, ran: str
    ) -> None:
        assert _ran(asked, fails, "yes") == ran


def _ran(asked: str | None, fails: str, recovery: str) -> str:
    """Return which jobs run, if one fails, of a commit that has a pilot light or not."""
    results: dict[str, str] = {}
    for name, job in jobs("deploy.yml").items():
        if _starts(job, asked, results, recovery):
            results[name] = "failure" if name == fails else "success"
        else:
            results[name] = "skipped"
    return " ".join(name for name, result in results.items() if result != "skipped")


def _starts(job: dict[str, Any], asked: str | None, results: dict[str, str], recovery: str) -> bool:
    """Evaluate a job's `if` as GitHub does: without a status function it wants success before."""
    condition, needs = job.get("if", "true"), job.get("needs", [])
    needed = {each: results[each] for each in ([needs] if isinstance(needs, str) else needs)}
    if "cancelled()" not in condition and set(needed.values()) - {"success"}:
        return False
    for theirs, ours in (("&&", " and "), ("||", " or "), ("!cancelled()", "True")):
        condition = condition.replace(theirs, ours)
    names = {
        "true": True,
        "inputs": SimpleNamespace(stack=asked),
        "needs": SimpleNamespace(
            **{
                each: SimpleNamespace(
                    result=result,
                    # A job that fails before its last line has none.
                    outputs=SimpleNamespace(recovery=recovery if result == "success" else ""),
                )
                for each, result in needed.items()
            }
        ),
    }
    return eval(condition, {}, names)  # noqa: S307 - our own file


class TestTwoOperations:
    def test_on_one_stack_never_meet_and_none_is_dropped(self) -> None:
        for name, stack in product(("deploy.yml", "drift.yml"), STACKS):
            own = jobs(name)[stack if name == "deploy.yml" else "check"]["concurrency"]
            group = own["group"].replace("${{ matrix.stack }}", stack)
            assert (group, own["queue"]) == (f"stack-{stack}", "max")
            assert "cancel-in-progress" not in own

    def test_are_never_cut_off(self) -> None:
        for name in ("deploy.yml", "drift.yml"):
            assert WORKFLOWS[name]["concurrency"]["cancel-in-progress"] is False

    def test_of_pushes_the_newest_waits_and_a_person_waits_for_no_push(self) -> None:
        group = WORKFLOWS["deploy.yml"]["concurrency"]["group"]
        assert group == "deploy-${{ github.event_name == 'push' && 'main' || github.run_id }}"


class TestTheNight:
    def test_checks_every_stack_with_the_rights_of_a_preview_where_no_person_is_asked(self) -> None:
        assert [*commands("drift.yml")] == [
            (f"drift-{stack}", "preview --refresh --expect-no-changes", stack)
            for stack in ("dev", "staging", "prod")
        ]
        [told] = re.findall(r"for stack in ([\w ]+);", FILES["drift.yml"])
        assert set(told.split()) == STACKS

    def test_writes_in_a_job_that_has_no_code_of_the_project(self) -> None:
        issue = jobs("drift.yml")["issue"]
        assert issue["permissions"] == {"issues": "write"}
        actions = [step["uses"].split("@")[0] for step in issue["steps"] if "uses" in step]
        assert actions == ["actions/download-artifact"]
