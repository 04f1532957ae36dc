"""The sample script's conversion, in this process."""

import csv
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.container.job import PATH, parquets
from tests.container.modules import load

to_parquet = load("to_parquet", "scripts")
exit_message = load("exit_message.py")


class Conversion:
    """A call of to_parquet, in this process."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.input, self.output = folder / "in", folder / "out"
        self.input.mkdir()
        self.output.mkdir()
        monkeypatch.setenv("PATH", PATH)
        monkeypatch.setattr(sys, "argv", ["to_parquet", str(self.input), str(self.output)])

    def summary(self, files: dict[str, bytes]) -> dict[str, Any]:
        put(self.input, files)
        to_parquet.main()
        return json.loads((self.output / "summary.json").read_text())

    def parquets(self, *names: str) -> list[tuple[list[str], list[list[str]]]]:
        return parquets([self.output / f"{name}.parquet" for name in names])

    def rejects(self, name: str) -> list[list[str]]:
        with (self.output / "rejects" / f"{name}.csv").open(newline="") as file:
            return list(csv.reader(file))

    def files(self) -> set[str]:
        paths = self.output.rglob("*")
        return {str(path.relative_to(self.output)) for path in paths if path.is_file()}

    def failure(self, name: str, content: bytes) -> str:
        """Return the reason that a job with such a file would have."""
        put(self.input, {name: content})
        with pytest.raises(SystemExit) as end:
            to_parquet.main()
        assert not (self.output / "summary.json").exists()
        assert not (self.output / f"{name}.parquet").exists()
        reason = exit_message.reason(f"{end.value}\n")
        assert str(self.input / name) in reason
        return reason


def put(folder: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
