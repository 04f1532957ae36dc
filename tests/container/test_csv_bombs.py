"""Small files that mean no good: each ends in a clear error or in rejects, in little memory."""

import gzip
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.container.job import CONTAINER
from tests.container.memory import measured

LIMIT_KB = 384 * 1024
MEGABYTE = 1 << 20


def packed(path: Path, pieces: Iterable[bytes]) -> Path:
    with gzip.open(path, "wb", 6) as file:
        file.writelines(pieces)
    return path


def converted(folder: Path) -> tuple[int, str, str]:
    """Return exit code and output of a conversion that took no more memory than it may."""
    (folder / "out").mkdir()
    done, peak = measured([CONTAINER / "scripts" / "to_parquet", folder / "in", folder / "out"])
    assert peak < LIMIT_KB
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


class TestABomb:
    def test_of_zeros_has_no_header(self, source: Path) -> None:
        bomb = packed(source / "x.csv.gz", (bytes(MEGABYTE) for _ in range(50)))
        assert bomb.stat().st_size < 100_000
        code, _, err = converted(source.parent)
        assert (code, "header: the record is longer than 1048576 characters" in err) == (1, True)

    def test_of_one_endless_record_is_one_error(self, source: Path) -> None:
        units = [b"\0", b",", b'"', b'","', b" "]
        for number, unit in enumerate(units):
            piece = unit * (MEGABYTE // len(unit))
            packed(source / f"{number}.csv.gz", [b"a,b\n1,2\n", *(piece for _ in range(10))])
        code, out, _ = converted(source.parent)
        assert (code, out) == (0, "5 5\n")
        for number in range(len(units)):
            rejects = source.parent / "out" / "rejects" / f"{number}.csv.gz.csv"
            assert rejects.stat().st_size < 10_000

    def test_of_a_hundred_thousand_columns_says_how_many_there_may_be(self, source: Path) -> None:
        names = ",".join(f"c{number}" for number in range(100_000))
        (source / "x.csv").write_text(f"{names}\n{',' * 99_999}\n")
        code, _, err = converted(source.parent)
        assert code == 1
        assert "x.csv: header: 100000 columns, at most 2000 can be stored" in err

    def test_of_many_small_records_is_stored(self, source: Path) -> None:
        packed(source / "x.csv.gz", [b"a,b\n", *(b",\n" * 100_000 for _ in range(4))])
        code, out, _ = converted(source.parent)
        assert (code, out) == (0, "400000 0\n")
