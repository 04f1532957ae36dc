"""Whatever the text, the sample agrees with a slow reading of RFC 4180."""

import csv
import io
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.container import reference_csv
from tests.container.job import PATH, parquet
from tests.container.modules import load
from tests.examples import share

# Every character that means something to the grammar, to the form between the check and DuckDB, to
# DuckDB's own reader or to UTF-8, and some that mean nothing.
ALPHABET = ",\"\n\r\x10\x1f\x00\\#'e ansr;\t\ufeffé漢😀"
TEXT = st.text(st.sampled_from(ALPHABET + ',"\n' * 3), max_size=60)
VALUES = st.text(st.sampled_from(ALPHABET), max_size=6)


to_parquet = load("to_parquet", "scripts")


def restored(data: bytes) -> list[list[str]]:
    """Return the records of the form between the check and DuckDB."""
    codes = {"e": "\x10", "s": "\x1f", "n": "\n", "r": "\r"}
    rows = [line.split("\x1f") for line in data.decode().split("\n")[:-1]]
    return [["".join(_pairs(value, codes)) for value in row] for row in rows]


def _pairs(value: str, codes: dict[str, str]) -> list[str]:
    first, *rest = value.split("\x10")
    return [first, *(codes[part[0]] + part[1:] for part in rest)]


_Found = tuple[list[list[str]], list[tuple[int, str | None]]]


def expected(text: str, width: int, longest: int) -> _Found:
    """Return the good records, and line and text of the bad ones (None if too long)."""
    good: list[list[str]] = []
    bad: list[tuple[int, str | None]] = []
    for record in reference_csv.records(text):
        if len(record.text) + record.end > longest:
            bad.append((record.line, None))
        elif not (record.sound and record.closed and len(record.fields) == width):
            bad.append((record.line, record.text.rstrip("\r\n")))
        else:
            good.append(record.fields)
    return good, bad


def found(text: str, width: int, longest: int) -> _Found:
    """Return the same as the sample's check finds it."""
    good: list[list[str]] = []
    bad: list[tuple[int, str | None]] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(to_parquet, "MAX_RECORD", longest)
        for line, record, values in to_parquet.records(io.StringIO(text, newline="\n")):
            if not isinstance(values, str) and len(values) == width:
                good.append(values)
            else:
                shown = record.rstrip("\r\n")
                bad.append((line, None if "longer than" in values else shown))
    return good, bad


class TestTheCheck:
    @given(st.integers(1, 3), TEXT)
    @example(2, '"a"\r')
    @example(2, 'a,"b')
    @example(1, '""')
    @example(1, "a\r\r\n")
    @example(2, '"a"x,"\n1,2\n"\n3,4')
    @settings(max_examples=share(10))
    def test_finds_the_records_of_the_grammar(self, width: int, text: str) -> None:
        assert found(text, width, 1 << 20) == expected(text, width, 1 << 20)

    @given(st.integers(1, 3), TEXT, st.integers(0, 9))
    @example(2, 'aaaaaaaaaa,"\n",b\nc,d', 0)
    @example(2, '"aaaaaaaaaa""\n""",b\nc,d', 0)
    @settings(max_examples=share(10))
    def test_passes_over_a_too_long_record_to_the_next(
        self, width: int, text: str, more: int
    ) -> None:
        longest = max(map(len, text.split("\n"))) + 1 + more
        assert found(text, width, longest) == expected(text, width, longest)


class TestTheFormForDuckdb:
    @given(st.lists(VALUES, min_size=1, max_size=4))
    @settings(max_examples=share(5))
    def test_has_one_line_and_is_undone_without_loss(self, values: list[str]) -> None:
        assert restored(to_parquet._without_quotes(values).encode()) == [values]


class TestTheWholeConversion:
    def convert(self, content: bytes) -> tuple[Any, list[list[str]], list[Any]]:
        with tempfile.TemporaryDirectory() as folder:
            source, target = Path(folder, "in"), Path(folder, "out")
            source.mkdir()
            target.mkdir()
            (source / "x.csv").write_bytes(content)
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("PATH", PATH)
                patch.setattr(sys, "argv", ["to_parquet", str(source), str(target)])
                to_parquet.main()
            bad: list[Any] = []
            if (rejects := target / "rejects" / "x.csv.csv").exists():
                with rejects.open(newline="") as file:
                    bad = [(int(row["line"]), row["record"]) for row in csv.DictReader(file)]
            counts = json.loads((target / "summary.json").read_text())["files"]["x.csv"]
            return counts, parquet(target / "x.csv.parquet")[1], bad

    @given(st.lists(TEXT, min_size=20, max_size=60))
    @settings(max_examples=share(1 / 10))
    def test_stores_what_the_grammar_says(self, pieces: list[str]) -> None:
        text = "a,b\n1,2\n" + "\n".join(
            piece.replace('"', '""').join('""') for piece in pieces[::2]
        )
        text += "\n" + "\n".join(pieces[1::2])
        counts, stored, rejected = self.convert(text.encode())
        good, bad = expected(text, 2, to_parquet.MAX_RECORD)
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
