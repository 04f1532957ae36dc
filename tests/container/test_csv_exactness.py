"""Whatever the text, the fast check and DuckDB agree with a slow reading of RFC 4180."""

from __future__ import annotations

import csv
import importlib.util
import io
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.container import reference_csv
from tests.container.job import CONTAINER, PATH, parquet
from tests.examples import share

# Every character that means something to the grammar, to the form between the check and DuckDB, to
# DuckDB's own reader or to UTF-8, and some that mean nothing.
ALPHABET = ",\"\n\r\x10\x1f\x00\\#'e ansr;\t\ufeffé漢😀"
TEXT = st.text(st.sampled_from(ALPHABET + ',"\n' * 3), max_size=60)
VALUES = st.text(st.sampled_from(ALPHABET), max_size=6)


def load_csv_records() -> Any:
    path = CONTAINER / "scripts" / "csv_records.py"
    spec = importlib.util.spec_from_file_location("csv_records", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    # dataclasses look their module up there; no compiled file may stay in the build context.
    sys.modules["csv_records"] = module
    writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    spec.loader.exec_module(module)
    sys.dont_write_bytecode = writes
    return module


csv_records = load_csv_records()


def restored(data: bytes) -> list[list[str]]:
    """Return the records of the form between the check and DuckDB."""
    codes = {"e": "\x10", "s": "\x1f", "n": "\n", "r": "\r"}
    rows = [line.split("\x1f") for line in data.decode().split("\n")[:-1]]
    return [["".join(_pairs(value, codes)) for value in row] for row in rows]


def _pairs(value: str, codes: dict[str, str]) -> list[str]:
    first, *rest = value.split("\x10")
    return [first, *(codes[part[0]] + part[1:] for part in rest)]


def expected(
    text: str, width: int, longest: int
) -> tuple[list[list[str]], list[tuple[int, str | None]]]:
    """Return the good records, and line and text of the bad ones (None if too long)."""
    good: list[list[str]] = []
    bad: list[tuple[int, str | None]] = []
    for record in reference_csv.records(text):
        if len(record.text.encode()) + _end_size(text, record) > longest:
            bad.append((record.line, None))
        elif not (record.sound and record.closed and len(record.fields) == width):
            bad.append((record.line, record.text))
        else:
            good.append(record.fields)
    return good, bad


def _end_size(text: str, record: reference_csv.Record) -> int:
    after = text.split("\n", record.line - 1)[-1][len(record.text) :]
    if not after:  # the check completes a last line without end before it looks at it
        return int(not record.text.endswith("\n"))
    return 2 if after.startswith("\r") else 1


_Found = tuple[list[list[str]], list[tuple[int, str | None]]]


def found(width: int, text: str, step: int, longest: int) -> _Found:
    """Return the good records, and the bad ones by line, that the checker finds in blocks."""
    data = _with_header(width, text).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_records, "MAX_RECORD", longest)
        records = csv_records.Records(data[i : i + step] for i in range(0, len(data), step))
        good: list[list[str]] = []
        bad: list[tuple[int, str | None]] = []
        for run in records:
            if isinstance(run, csv_records.Good):
                good += restored(run.data)
                assert run.count == run.data.count(b"\n")
            else:
                too_long = "longer than" in run.reason
                bad.append((run.line, None if too_long else run.record.decode()))
    return good, bad


def wanted(width: int, text: str, longest: int) -> _Found:
    """Return the same by the grammar, character by character."""
    good, bad = expected(_with_header(width, text), width, longest)
    return good[1:], bad


def _with_header(width: int, text: str) -> str:
    return ",".join("abc"[:width]) + "\n" + text


class TestTheCheck:
    @given(st.integers(1, 3), TEXT, st.integers(1, 9))
    @example(2, '"a"\r', 1)
    @example(2, 'a,"b', 1)
    @example(1, '""', 1)
    @settings(max_examples=share(10))
    def test_finds_the_records_of_the_grammar(self, width: int, text: str, step: int) -> None:
        assert found(width, text, step, 1 << 20) == wanted(width, text, 1 << 20)

    @given(st.integers(1, 3), TEXT, st.integers(1, 9), st.integers(8, 20))
    @example(2, 'aaaaaaaaaa,"\n",b\nc,d', 1, 8)
    @example(2, '"aaaaaaaaaa""\n""",b\nc,d', 1, 8)
    @settings(max_examples=share(10))
    def test_passes_over_a_too_long_record_to_the_next(
        self, width: int, text: str, step: int, longest: int
    ) -> None:
        assert found(width, text, step, longest) == wanted(width, text, longest)


class TestTheWholeConversion:
    def convert(self, content: bytes) -> tuple[Any, list[list[str]], list[Any]]:
        with tempfile.TemporaryDirectory() as folder:
            source, target, rejects = (Path(folder, name) for name in ("x.csv", "x.parquet", "r"))
            source.write_bytes(content)
            done = subprocess.run(
                [CONTAINER / "scripts" / "to_parquet", source, target, rejects, "x.csv"],
                env={"PATH": PATH},
                check=True,
                capture_output=True,
            )
            bad: list[Any] = []
            if rejects.exists():
                with rejects.open(newline="") as file:
                    bad = [(int(row["line"]), row["record"]) for row in csv.DictReader(file)]
            return json.loads(done.stdout), parquet(target)[1], bad

    @given(st.lists(TEXT, min_size=20, max_size=60))
    @settings(max_examples=share(1 / 10))
    def test_stores_what_the_grammar_says(self, pieces: list[str]) -> None:
        text = "a,b\n" + "\n".join(piece.replace('"', '""').join('""') for piece in pieces[::2])
        text += "\n" + "\n".join(pieces[1::2])
        counts, stored, rejected = self.convert(text.encode())
        good, bad = expected(text, 2, csv_records.MAX_RECORD)
        assert stored == good[1:]
        assert rejected == bad
        assert counts == {"records": len(good) - 1, "errors": len(bad)}

    @given(
        st.integers(1, 4).flatmap(
            lambda width: st.lists(
                st.lists(VALUES, min_size=width, max_size=width), min_size=1, max_size=200
            )
        ),
        # Not "\n" with the least quotes: then the writer leaves a carriage return bare.
        st.sampled_from(
            [("\n", csv.QUOTE_ALL), ("\r\n", csv.QUOTE_ALL), ("\r\n", csv.QUOTE_MINIMAL)]
        ),
        st.booleans(),
    )
    @settings(max_examples=share(1 / 10))
    def test_stores_what_pythons_csv_module_wrote(
        self, rows: list[list[str]], dialect: tuple[str, Any], mark: bool
    ) -> None:
        file = io.StringIO(newline="")
        writer = csv.writer(file, lineterminator=dialect[0], quoting=dialect[1])
        writer.writerows([list("abcd"[: len(rows[0])]), *rows])
        content = ("\ufeff" * mark + file.getvalue()).encode()
        counts, stored, rejected = self.convert(content)
        assert (stored, rejected) == (rows, [])
        assert counts == {"records": len(rows), "errors": 0}

    def test_keeps_order_and_values_of_records_too_wide_to_group_by_number(self) -> None:
        rows = [[str(n), f'{n}"\n' * 40_000] for n in range(40)]
        file = io.StringIO(newline="")
        csv.writer(file).writerows([["a", "b"], *rows])
        counts, stored, _ = self.convert(file.getvalue().encode())
        assert counts == {"records": 40, "errors": 0}
        assert stored == rows
