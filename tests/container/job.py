"""A job's directory as SageMaker lays it out, with the container's files to run in it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
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
        self.app = self.root / "app"
        self.ml = self.root / "ml"
        self.input = self.ml / "processing" / "input"
        self.output = self.ml / "processing" / "output"
        self.message_file = self.ml / "output" / "message"
        for folder in (self.app, self.input, self.output, self.ml / "config"):
            folder.mkdir(parents=True)
        shutil.copy(CONTAINER / "entrypoint.sh", self.app)
        shutil.copy(CONTAINER / "process_data.sh", self.app)
        self.configure()

    def configure(
        self, source: str = "/opt/ml/processing/input", target: str = "/opt/ml/processing/output"
    ) -> None:
        """Write both configuration files, in the form of the SageMaker Developer Guide."""
        inputs = [{"InputName": "data", "S3Input": {"LocalPath": source}}]
        outputs = [{"OutputName": "data", "S3Output": {"LocalPath": target}}]
        self.config("processingjobconfig.json").write_text(
            json.dumps(
                {
                    "ProcessingInputs": inputs,
                    "ProcessingOutputConfig": {"Outputs": outputs, "KmsKeyId": None},
                }
            )
        )
        self.config("resourceconfig.json").write_text(
            json.dumps({"current_host": self.host, "hosts": self.hosts})
        )

    def config(self, name: str) -> Path:
        return self.ml / "config" / name

    def script(self, text: str, *, mode: int = 0o755) -> None:
        """Put a script in the place of process_data.sh."""
        path = self.app / "process_data.sh"
        path.write_text(text if text.startswith("#!") else f"#!/usr/bin/env bash\n{text}\n")
        path.chmod(mode)

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            # Whoever runs the tests in the background has the shell ignore INT, for children too.
            ["env", "--default-signal=INT", self.app / "entrypoint.sh", *arguments],
            env={"PATH": PATH, "ML_ROOT": str(self.ml), **self.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd="/",
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
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder, "plain.parquet")  # DuckDB takes [ ] * ? of a name for a pattern
        shutil.copy(path, plain)
        rows = _query(f"FROM '{plain}'")
        if not rows:
            names = _query(f"SELECT name FROM parquet_schema('{plain}') OFFSET 1")  # noqa: S608
            return [row["name"] for row in names], []
    return list(rows[0]), [list(row.values()) for row in rows]


def _query(sql: str) -> list[dict[str, str]]:
    command = ["duckdb", "-init", "/dev/null", "-json", "-c", sql]
    out = subprocess.run(command, check=True, capture_output=True, env={"PATH": PATH}).stdout
    return json.loads(out) if out.startswith(b"[{") else []
