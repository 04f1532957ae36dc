"""What the scripts of the workflows do, played with stand-ins of what they call."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

from ci.comment import MARKER
from tests.ci.record import RECORDED
from tests.test_workflows import ROOT, steps

pytestmark = pytest.mark.local
DIGEST = f"123456789012.dkr.ecr.eu-central-1.amazonaws.com/processing-dev@sha256:{'0' * 64}"
SHELLCHECK = Path(sys.executable).with_name("shellcheck")
needs_jq = pytest.mark.skipif(not shutil.which("jq"), reason="no jq, which a runner has")


def script(name: str, step: str) -> str:
    [found] = [each["run"] for each in steps(name) if each.get("name") == step]
    return found


def play(script: str, directory: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a script in `directory`, whose executables it finds first."""
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        env={"PATH": f"{directory}:{os.environ['PATH']}", **environment},
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
    )


def executable(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two commits on main, and one on a branch."""
    path = tmp_path_factory.mktemp("repository")
    made = """
        git init --quiet --initial-branch main .
        git config user.name x; git config user.email x@example.com
        commit() { git commit --quiet --allow-empty --message "$1"; git tag "$1"; }
        commit older; commit newest; git update-ref refs/remotes/origin/main newest
        git switch --quiet --create branch older; commit side; git switch --quiet main
    """
    play(made, path, HOME=str(path)).check_returncode()
    return path


class TestWhatAPersonAsksFor:
    @staticmethod
    def plan(
        repository: Path, stack: str = "all", commit: str = "newest", image: str = ""
    ) -> tuple[str, str]:
        """Return what the job hands on, and what it refuses."""
        output = repository / "output"
        output.write_text("")
        done = play(
            script("deploy.yml", "Check what is asked for"),
            repository,
            STACK=stack,
            COMMIT=commit,
            IMAGE=image,
            GITHUB_OUTPUT=str(output),
        )
        assert (done.returncode == 0) == (not done.stdout)
        return output.read_text(), done.stdout

    def test_may_be_an_older_commit_of_main(self, repository: Path) -> None:
        older = (repository / ".git" / "refs" / "tags" / "older").read_text()
        assert self.plan(repository, commit=older[:9]) == (f"commit={older}recovery=no\n", "")

    @pytest.mark.parametrize("commit", ["side", "0" * 40, "--all", "newest\ncommit=side"])
    def test_is_no_commit_that_main_does_not_have(self, repository: Path, commit: str) -> None:
        handed, refused = self.plan(repository, commit=commit)
        assert not handed
        assert refused.startswith("::error::commit: must be one of main, such as ")

    @pytest.mark.parametrize(
        ("stack", "image", "way_out"),
        [
            ("all", "", None),
            ("dev", DIGEST, None),
            ("prod", DIGEST, None),
            ("prod", "deployed", None),
            ("dev", "deployed", "or empty, to build"),
            ("prod", "", 'or "deployed", for the one that runs: only dev builds'),
            ("all", DIGEST.replace("@sha256", ":sha256"), "or empty"),
            ("all", f"{DIGEST}\ncommit=x", "or empty"),
        ],
    )
    def test_may_be_an_image_by_its_digest_and_none_only_where_it_is_built(
        self, repository: Path, stack: str, image: str, way_out: str | None
    ) -> None:
        handed, refused = self.plan(repository, stack=stack, image=image)
        assert bool(handed) == (way_out is None)
        assert (way_out or "") in refused

    def test_is_a_pilot_light_only_of_a_commit_that_has_its_file(self, tmp_path: Path) -> None:
        made = """
            git init --quiet --initial-branch main .
            git config user.name x; git config user.email x@example.com
            commit() { git add .; git commit --quiet --allow-empty --message "$1"; git tag "$1"; }
            commit older; : >Pulumi.prod-recovery.yaml; commit newest
            git update-ref refs/remotes/origin/main newest
        """
        play(made, tmp_path, HOME=str(tmp_path)).check_returncode()
        for stack in ("all", "prod-recovery"):
            handed, _ = self.plan(tmp_path, stack, image=DIGEST)
            assert handed.endswith("\nrecovery=yes\n")
        handed, _ = self.plan(tmp_path, commit="older")
        assert handed.endswith("\nrecovery=no\n")
        handed, refused = self.plan(tmp_path, "prod-recovery", "older", DIGEST)
        assert not handed
        assert "stack: the commit has no Pulumi.prod-recovery.yaml" in refused


def test_the_next_job_gets_the_image_that_promote_prints(tmp_path: Path) -> None:
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    executable(tmp_path / ".venv" / "bin" / "python", f"#!/bin/sh\necho {DIGEST}\n")
    output = tmp_path / "output"
    hand_on = script("deploy.yml", "Hand its image on")
    play(hand_on, tmp_path, GITHUB_OUTPUT=str(output))
    assert output.read_text() == f"image={DIGEST}\n"
    executable(tmp_path / ".venv" / "bin" / "python", "#!/bin/sh\nexit 1\n")
    assert play(hand_on, tmp_path, GITHUB_OUTPUT=str(output)).returncode


@needs_jq
class TestTheImageOfTheAction:
    @staticmethod
    def asked(directory: Path, image: str, outputs: dict[str, str], status: int = 0) -> list[str]:
        """Return the calls of the CLI; the last ends with `status`."""
        executable(
            directory / "pulumi",
            f"""#!/bin/bash
            echo token >"$PULUMI_CREDENTIALS_PATH/credentials.json"
            printf '%s\\n' "$*" "$PULUMI_CREDENTIALS_PATH" >>calls
            case $1 in stack) echo '{json.dumps(outputs)}' ;; preview) exit {status} ;; esac
            """,
        )
        done = play(
            script("action.yml", "Run Pulumi"),
            directory,
            COMMAND="preview --refresh",
            STACK="dev",
            IMAGE=image,
            REGISTRY=DIGEST.partition("/")[0],
            RUNNER_TEMP=str(directory / "runner"),
        )
        assert done.returncode == status
        calls = (directory / "calls").read_text().splitlines()
        assert not any(Path(each).exists() for each in calls[1::2]), "a token is left behind"
        return calls[::2]

    @pytest.mark.parametrize(
        ("image", "outputs", "run"),
        [
            ("", {}, ""),
            (DIGEST, {}, DIGEST),
            ("deployed", {}, ""),  # never deployed
            ("deployed", {"prefix": "processing-dev", "image_uri": DIGEST}, ""),
            ("deployed", {"prefix": "processing", "image_uri": DIGEST}, DIGEST),
        ],
    )
    def test_is_built_unless_another_stack_has_built_it(
        self, tmp_path: Path, image: str, outputs: dict[str, str], run: str
    ) -> None:
        *before, last = self.asked(tmp_path, image, outputs)
        told = f"config set --stack dev --path image.uri -- {run}"
        assert [each for each in before if not each.startswith("stack")] == [told] * bool(run)
        assert last.startswith("preview --refresh --stack dev --diff ")

    def test_a_command_that_fails_fails_the_step(self, tmp_path: Path) -> None:
        self.asked(tmp_path, "", {}, status=3)


class TestTheComment:
    @staticmethod
    def written(directory: Path) -> str:
        """Run the script where the base commit is checked out, with nothing but Python."""
        executable(directory / "gh", "#!/bin/sh\n")
        executable(directory / "python3", f'#!/bin/sh\nexec "{sys.executable}" -S "$@"\n')
        write = script("comment.yml", "Write the comment, or replace the one of the last push")
        play(write, directory, COMMENTS="x", COMMIT="x", RUN="x").check_returncode()
        return (directory / "comment.md").read_text()

    def test_is_made_by_the_base_commit_without_installing_anything(self, tmp_path: Path) -> None:
        for part in ("ci", "lambda"):
            (tmp_path / part).symlink_to(ROOT / part)
        (tmp_path / "previews").symlink_to(RECORDED)
        text = self.written(tmp_path)
        assert text.startswith(f"{MARKER}\n### What x would change\n")
        assert "#### dev" in text

    def test_says_so_where_the_base_commit_cannot_make_it(self, tmp_path: Path) -> None:
        text = self.written(tmp_path)
        assert text.startswith(f"{MARKER}\nThe previews of x cannot be shown: ")
        assert "the base commit has no ci/" in text


@needs_jq
class TestTheIssueOfDrift:
    @staticmethod
    def told(directory: Path, result: str, text: str, issues: list[dict[str, Any]]) -> str:
        """Return the call that changes the issue of dev; the other stacks are clean."""
        found = directory / "found"
        found.mkdir()
        for name in (f"dev.{result}", "staging.success", "prod.success"):
            (found / name).write_text(text)
        (directory / "issues.json").write_text(json.dumps(issues))
        executable(
            directory / "gh",
            """#!/bin/bash
            if [[ $2 == --paginate ]]; then jq -r "$5" issues.json; else echo "$@" >>calls; fi
            """,
        )
        play(
            script("drift.yml", "Open, rewrite or close the issue of each stack"),
            directory,
            ISSUES="issues",
            COMMIT="c0ffee",
            RUN="https://run",
        ).check_returncode()
        return (directory / "calls").read_text()

    @staticmethod
    def issue(number: int, author: str) -> dict[str, Any]:
        title = "Drift: dev is not what main says"
        return {"number": number, "title": title, "user": {"login": author}}

    @pytest.mark.parametrize(
        ("result", "known", "call"),
        [
            ("success", True, "api --silent --method PATCH issues/7 -f state=closed"),
            ("failure", True, "api --silent --method PATCH issues/7 -F body=@issue.md"),
            ("failure", False, "api --silent --method POST issues -f title=Drift: dev is not what"),
            ("nothing", False, "api --silent --method POST issues -f title=Drift: dev is not what"),
        ],
    )
    def test_is_opened_once_rewritten_and_closed(
        self, tmp_path: Path, result: str, known: bool, call: str
    ) -> None:
        issues = [self.issue(3, "somebody")] + [self.issue(7, "github-actions[bot]")] * known
        told = self.told(tmp_path, result, "", issues)
        assert told.startswith(call)

    def test_shows_what_pulumi_printed_as_text_and_nothing_else(self, tmp_path: Path) -> None:
        hostile = (
            "é" * 70_000 + "!\r\n```\n</details>\n# Approved\n<img src=x>\r# Approved\n@owner\n"
        )
        self.told(tmp_path, "failure", hostile, [])
        issue = (tmp_path / "issue.md").read_text()
        assert len(issue) < 65_536
        kinds = ["paragraph_open", "inline", "paragraph_close", "code_block"]
        tokens = MarkdownIt().parse(issue)
        assert [each.type for each in tokens] == kinds
        assert tokens[-1].content.endswith("@owner\n")


def test_shellcheck_finds_nothing_in_the_action_which_actionlint_does_not_show_it() -> None:
    scripts = [step["run"] for step in steps("action.yml") if "run" in step]
    command = [SHELLCHECK, "--shell=bash", "-"]
    done = subprocess.run(
        command, input="\n".join(scripts), capture_output=True, text=True, check=False
    )
    assert not done.stdout
