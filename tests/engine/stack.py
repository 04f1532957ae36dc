"""A stack of this project under the real Pulumi CLI, in a directory of its own."""

import gc
import json
import runpy
import shutil
import sys
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import ExitStack, chdir, contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Any, ClassVar, Self, cast
from unittest.mock import patch

import pulumi
import yaml
from pulumi import automation
from pulumi.runtime.proto.source_pb2 import StackTrace

from components.aws import image_manifest
from tests.conftest import PROJECT, REGION, ROOT, owners, unheard
from tests.engine import vault
from tests.engine.aws_cloud import Cloud
from tests.engine.aws_provider import AwsProvider
from tests.engine.docker_provider import DockerProvider
from tests.engine.outcome import OperationFailed, Outcome, note
from tests.engine.provider import Call, served
from tests.engine.state import Resource, resources

_COPIED = (
    *("__main__.py", "Pulumi.yaml", "requirements.txt"),
    *("components", "container", "lambda"),
)
_IGNORED = shutil.ignore_patterns("__pycache__")


class Stack:
    """One stack, from its creation to its end. The directory holds project, state and settings."""

    project: ClassVar[str] = PROJECT
    source: ClassVar[Path] = ROOT
    """Where the project's files are."""
    copied: ClassVar[Sequence[str]] = _COPIED

    def __init__(
        self,
        directory: Path,
        name: str = "dev",
        settings: Mapping[str, Any] | None = None,
        *,
        cloud: Cloud | None = None,
        bare: bool = False,
    ) -> None:
        """Copy the project and start the providers.

        Args:
            directory: empty, and the stack's own.
            name: whose stack file is taken.
            settings: changes of it, as for `configure`.
            cloud: the account, if another stack lives there, too.
            bare: whether to leave that file out and set only the region.
        """
        self.directory, self.name = directory / "project", name
        self.cloud = cloud or Cloud()
        self.aws = AwsProvider(self.cloud)
        self.docker = DockerProvider(self.cloud, self.directory)
        self._home = directory
        self._copy(bare=bare)
        chosen = {"aws:region": REGION} if bare else self.chosen()
        self.configure({**chosen, **(settings or {})})
        with ExitStack() as opened:
            ports = [opened.enter_context(served(each)) for each in (self.aws, self.docker)]
            self._automation = self._created(",".join(ports))
            self._open = opened.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def chosen(self) -> dict[str, str]:
        """Return what the tests expect of the stack file, whatever its owner has chosen."""
        return owners(self.name)

    # What a user does between operations.

    def configure(self, changes: Mapping[str, Any]) -> None:
        """Change the stack file: key -> value; mappings are merged, `...` removes a key."""
        path = self.directory / f"Pulumi.{self.name}.yaml"
        document = yaml.safe_load(path.read_text("utf-8"))
        own = f"{self.project}:"  # which the CLI writes before every key that it finds or sets
        config = {key.removeprefix(own): each for key, each in document["config"].items()}
        document["config"] = _merged(config, changes)
        path.write_text(yaml.safe_dump(document, sort_keys=False), "utf-8")

    def append(self, file: str, text: str) -> None:
        """Change a file of the project by adding to it."""
        with (self.directory / file).open("a", encoding="utf-8") as stream:
            stream.write(text)

    @contextmanager
    def restored(self) -> Generator[None]:
        """Take back whatever is changed in the project's files meanwhile."""
        before = {path: path.read_bytes() for path in self.directory.rglob("*") if path.is_file()}
        try:
            yield
        finally:
            for path, content in before.items():
                if path.read_bytes() != content:
                    path.write_bytes(content)

    # Operations of the engine. Each raises OperationFailed.

    def preview(self, **options: Any) -> Outcome:
        return self._run(self._automation.preview, **options)

    def up(self, **options: Any) -> Outcome:
        return self._run(self._automation.up, **options)

    def refresh(self, **options: Any) -> Outcome:
        return self._run(self._automation.refresh, **options)

    def preview_destroy(self, **options: Any) -> Outcome:
        return self._run(self._automation.preview_destroy, **options)

    def destroy(self, **options: Any) -> Outcome:
        """Destroy, without the preview that `pulumi destroy` begins with."""
        return self._run(self._automation.destroy, **options)

    def cli(self, *words: str) -> str:
        """Run another command of the CLI on the stack, and return what it prints."""
        run = cast("Any", self._automation)._run_pulumi_cmd_sync
        return run([*words, "--stack", self.name]).stdout

    # What is to be seen afterwards.

    def written_state(self) -> str:
        """Return the engine's own state as it is on disk, with secrets encrypted."""
        path = self._home / "state" / ".pulumi" / "stacks" / self.project / f"{self.name}.json"
        return path.read_text("utf-8")

    def state(self) -> list[Resource]:
        return resources(self._latest())

    def exports(self) -> dict[str, Any]:
        """Return the stack's exports, as they are on disk."""
        [root] = [each for each in self._latest() if each["type"] == "pulumi:pulumi:Stack"]
        return root.get("outputs", {})

    def _latest(self) -> list[dict[str, Any]]:
        return json.loads(self.written_state())["checkpoint"]["latest"].get("resources", [])

    @property
    def calls(self) -> list[Call]:
        """Every call that changed the cloud, or looked something up."""
        return [*self.aws.log, *self.docker.log]

    def _copy(self, *, bare: bool) -> None:
        self.directory.mkdir(parents=True)
        for part in self.copied:
            source, target = self.source / part, self.directory / part
            if source.is_dir():
                shutil.copytree(source, target, ignore=_IGNORED)
            else:
                shutil.copy(source, target)
        name = f"Pulumi.{self.name}.yaml"
        # Without what names the secrets provider of whoever owns the stack.
        config: Any = (
            {} if bare else yaml.safe_load((self.source / name).read_text("utf-8"))["config"]
        )
        (self.directory / name).write_text(yaml.safe_dump({"config": config}), "utf-8")

    def _created(self, ports: str) -> automation.Stack:
        state = self._home / "state"
        state.mkdir()
        environment = {
            "GOGC": "off",  # the CLI lives for seconds: a tenth of its time would be clean-up
            "PULUMI_BACKEND_URL": state.as_uri(),
            "PULUMI_DEBUG_PROVIDERS": ports,
            "PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS": "true",
            "PULUMI_EXPERIMENTAL": "true",
            "PULUMI_HOME": str(self._home / "home"),
            "PULUMI_SKIP_CHECKPOINTS": "true",  # the state is written once, at the end
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            **vault.environment(),
        }
        workspace = _Workspace(
            work_dir=str(self.directory),
            program=self._program,
            env_vars=environment,
            secrets_provider=vault.PROVIDER,
            pulumi_command=_command_line(),
        )
        return automation.Stack.create(self.name, workspace)

    def _program(self) -> None:
        """Run `__main__.py` as Pulumi's language host does: anew, in the project's directory."""
        runpy.run_path(str(self.directory / "__main__.py"), run_name="__main__")

    def _run(self, operation: Callable[..., Any], **options: Any) -> Outcome:
        outcome, printed, failure = Outcome(), list[str](), ""
        with (
            chdir(self.directory),
            patch.object(image_manifest, "boto3", self.docker),
            patch.object(pulumi.log, "debug", unheard),
            # The lines that register a resource: with pytest's below them a third of the time.
            patch.object(pulumi.runtime.resource, "_get_stack_trace", StackTrace),
            # The calls of the CLI that follow each operation, for exports and history.
            patch.object(automation.Stack, "outputs"),
            patch.object(automation.Stack, "info"),
        ):
            try:
                operation(
                    color="never",
                    on_event=partial(note, outcome),
                    on_output=printed.append,
                    on_error=printed.append,
                    **options,
                )
            except automation.CommandError as error:
                failure = str(error)
        outcome.text = "".join(printed)
        if failure:
            _drop_abandoned_programs()
            raise OperationFailed(outcome, failure)
        return outcome


class _Workspace(automation.LocalWorkspace):
    """Makes a stack of a name once, and others of what `pulumi stack init` left then."""

    _made: ClassVar[dict[str, tuple[dict[Path, bytes], str]]] = {}
    """Name -> files of the state, and the lines that are added to the stack file."""

    def create_stack(self, stack_name: str) -> None:
        state = Path(self.env_vars["PULUMI_BACKEND_URL"].removeprefix("file://"))
        settings = Path(self.work_dir, f"Pulumi.{stack_name}.yaml")
        if stack_name not in self._made:
            super().create_stack(stack_name)
            paths = [path for path in state.rglob("*") if path.is_file()]
            document = yaml.safe_load(settings.read_text("utf-8"))
            added = {key: document[key] for key in ("secretsprovider", "encryptedkey")}
            files = {path.relative_to(state): path.read_bytes() for path in paths}
            self._made[stack_name] = files, yaml.safe_dump(added)
            return
        files, lines = self._made[stack_name]
        for name, content in files.items():
            (state / name).parent.mkdir(parents=True, exist_ok=True)
            (state / name).write_bytes(content)
        with settings.open("a", encoding="utf-8") as stream:
            stream.write(lines)


@cache
def _command_line() -> automation.PulumiCommand:
    """Return the CLI, which is asked for its version only once."""
    return automation.PulumiCommand()


def _drop_abandoned_programs() -> None:
    """Let go of the program of an operation that failed, which Pulumi's inline host never ends.

    Python complains when it drops such a coroutine, in whichever test it happens to do so.
    """
    hook, sys.unraisablehook = sys.unraisablehook, _ignore
    try:
        gc.collect()
    finally:
        sys.unraisablehook = hook


def _ignore(_: object) -> None:
    pass


def _merged(tree: Any, changes: Any) -> Any:
    if not isinstance(tree, dict) or not isinstance(changes, dict):
        return json.loads(json.dumps(changes))
    merged = dict(cast("dict[str, Any]", tree))
    for key, value in cast("dict[str, Any]", changes).items():
        if value is ...:
            merged.pop(key, None)
        else:
            merged[key] = _merged(merged.get(key), value)
    return merged
