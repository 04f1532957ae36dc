"""The memory of the sample script's conversion does not depend on what it converts."""

import gzip
import io
import os
import shutil
import sys
import tracemalloc
from pathlib import Path

import pytest

from tests.container.job import CONTAINER
from tests.container.memory import measured
from tests.container.modules import load

to_parquet = load("to_parquet", "scripts")


class TestMemory:
    @pytest.mark.skipif(sys.version_info < (3, 11, 5), reason="takes more in Python before 3.11.5")
    @pytest.mark.parametrize(
        "piece",
        [b'"' + b"x" * 997 + b'""', b"x" * 1000, b",,,," * 200, b'x,"y\n",' * 125],
        ids=["quoted", "plain", "empty fields", "quoted fields"],
    )
    def test_does_not_grow_with_a_record_without_end(
        self, monkeypatch: pytest.MonkeyPatch, piece: bytes
    ) -> None:
        size = 1 << 20
        packed = gzip.compress(b"a,b\n1,2\n" + piece * (size // len(piece)), 1)
        monkeypatch.setattr(to_parquet, "MAX_RECORD", size // 64)
        with gzip.open(io.BytesIO(packed)) as file:
            text = io.TextIOWrapper(file, encoding="utf-8", newline="\n")
            tracemalloc.start()
            try:
                good = [isinstance(found, list) for _, _, found in to_parquet.records(text)]
                _, peak = tracemalloc.get_traced_memory()
            finally:
                tracemalloc.stop()
        assert good == [True, True, False]
        assert peak < size / 2

    def test_does_not_grow_with_the_width_of_records(self, tmp_path: Path) -> None:
        source, wide = tmp_path / "x.csv", os.urandom(500_000).hex().encode()
        with source.open("wb") as file:
            file.write(b"a,b\n")
            for number in range(100):  # 335 MB, if DuckDB holds all of them
                file.write(b"%d,%d%s\n" % (number, number, wide))
        found, peak = convert(source, tmp_path)
        (tmp_path / "x.csv.parquet").unlink()
        assert found == {"records": 100, "errors": 0}
        assert peak < 240 * 1024

    def test_is_enough_for_many_mostly_empty_columns(self, tmp_path: Path) -> None:
        source, empty = tmp_path / "x.csv", "," * 999
        with source.open("w") as file:
            file.write(",".join(f"column_{number}" for number in range(1000)) + "\n")
            file.writelines(f"{number}{empty}\n" for number in range(8000))
        found, peak = convert(source, tmp_path)
        assert found == {"records": 8000, "errors": 0}
        assert peak < 300 * 1024  # 315 MB without groups of rows, and then it grows on


def convert(source: Path, folder: Path) -> tuple[dict[str, int], int]:
    """Return the counts, and the peak memory in KB of the largest process of the conversion."""
    (folder / "in").mkdir()
    source.rename(folder / "in" / source.name)
    done, peak = measured([CONTAINER / "scripts" / "to_parquet", folder / "in", folder])
    shutil.rmtree(folder / "in")
    records, errors = done.stdout.split()
    return {"records": int(records), "errors": int(errors)}, peak
