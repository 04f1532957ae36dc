"""A job's directory as SageMaker lays it out, with the container's files to run in it."""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

CONTAINER = Path(__file__).resolve().parents[2] / "container"
PATH = f"{Path(sys.executable).parent}:{CONTAINER}/bin:/usr/local/bin:/usr/bin:/bin"
TIMEOUT = 60


@dataclass
class Job:
    root: Path
    hosts: list[str] = field(default_factory=lambda: ["algo-1"])
    host: str = "algo-1"
    training: bool = False
    environment: dict[str, str] = field(
        default_factory=lambda: {
            "JOB_NAME": "dev-hourly-20260105T020000Z-1",
            "SCHEDULE": "hourly",
            "SLOT": "2026-01-05T02:00:00Z",
            "ATTEMPT": "1",
            "STACK": "dev",
        }
    )

    def __post_init__(self) -> None:
        self.cwd = self.root / "cwd"
        self.app = self.root / "app"
        self.process_data = self.app / "scripts" / "process_data.sh"
        self.ml = self.root / "ml"
        data = self.ml / ("input/data" if self.training else "processing")
        self.input, self.reference = data / "input", data / "reference"
        self.model, self.checkpoint = self.ml / "model", self.ml / "checkpoints"
        if self.training:
            self.environment["TRAINING_JOB_NAME"] = self.environment["JOB_NAME"]
            sagemakers = (self.model, self.checkpoint)
        else:
            sagemakers = (self.output,)
        self.message_file = self.ml / "output" / "message"
        self.failure_file = self.ml / "output" / "failure"
        common = (self.cwd, self.app, self.input, self.config.parent, self.message_file.parent)
        for folder in (*common, *sagemakers):
            folder.mkdir(parents=True)
        for name in ("bin", "scripts"):
            shutil.copytree(CONTAINER / name, self.app / name)
        self.entrypoint = self.app / "bin" / "entrypoint.py"
        # The image's places are fixed, so that no job's environment can move them.
        moved = {
            "/opt/ml": self.ml,
            "/opt/venv/bin": Path(sys.executable).parent,
            "/sys/fs/cgroup": self.root,
        }
        for file in (self.entrypoint, self.entrypoint.with_name("places.py")):
            text = file.read_text()
            for place, here in moved.items():
                text = text.replace(place, str(here))
            file.write_text(text)
        self.oom_kills(0)
        found = {"current_host": self.host, "hosts": self.hosts}
        self.config.write_text(json.dumps(found))

    def hurry(self) -> None:
        """Have the entrypoint wait a tenth of the usual time for streams that do not close."""
        text = self.entrypoint.read_text()
        for seconds in (1, 2):
            assert f"({seconds}.0, signal.SIG" in text
            text = text.replace(f"({seconds}.0, signal.SIG", f"(0.{seconds}, signal.SIG")
        self.entrypoint.write_text(text)

    def oom_kills(self, count: int) -> None:
        """Set the kernel's count, in the form of cgroup v2."""
        (self.root / "memory.events").write_text(f"oom 9\noom_kill {count}\n")

    @property
    def config(self) -> Path:
        folder = "input/config" if self.training else "config"
        return self.ml / folder / "resourceconfig.json"

    @property
    def starts(self) -> list[Path]:
        """What each start of a training job's container has left, the last one at the end."""
        return sorted(self.model.iterdir())

    @property
    def output(self) -> Path:
        """What counts of a job's files."""
        whole = self.starts[-1] if self.training else self.ml / "processing"
        return whole / "output"

    def script(self, text: str, *, mode: int = 0o755) -> None:
        """Put a script in the place of process_data.sh."""
        text = text if text.startswith("#!") else f"#!/usr/bin/env bash\n{text}\n"
        self.process_data.write_text(text)
        self.process_data.chmod(mode)

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            # Whoever runs the tests in the background has the shell ignore INT, for children too.
            ["/usr/bin/env", "--default-signal=INT", self.entrypoint, *arguments],
            env={"PATH": PATH, **self.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=self.cwd,
        )

    def run(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        process = self.start(*arguments)
        out, err = process.communicate(timeout=TIMEOUT)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    @property
    def message(self) -> str:
        """What SageMaker would show as ExitMessage."""
        return self.message_file.read_bytes().decode()


def parquet(path: Path) -> tuple[list[str], list[list[str]]]:
    """Return the column names and the records of a Parquet file, in its order."""
    [found] = parquets([path])
    return found


def parquets(paths: Sequence[Path]) -> list[tuple[list[str], list[list[str]]]]:
    """Return the same of many files, by one process."""
    sql = "SELECT name FROM parquet_schema('{0}') OFFSET 1; FROM '{0}';"
    with tempfile.TemporaryDirectory() as folder:
        plain = [Path(folder, f"{n}.parquet") for n in range(len(paths))]
        for path, copy in zip(paths, plain, strict=True):
            shutil.copy(path, copy)  # DuckDB takes [ ] * ? of a name for a pattern
        query = "".join(map(sql.format, plain))
        command = ["duckdb", "-init", "/dev/null", "-json", "-c", query]
        out = subprocess.run(command, check=True, capture_output=True, env={"PATH": PATH}).stdout
    answers, rest = list[list[dict[str, str]]](), out.decode().lstrip()
    while rest:
        answer, end = json.JSONDecoder().raw_decode(rest)
        answers.append(answer)
        rest = rest[end:].lstrip()
    found = zip(answers[::2], answers[1::2], strict=True)
    return [
        ([each["name"] for each in names], [list(row.values()) for row in rows])
        for names, rows in found
    ]
