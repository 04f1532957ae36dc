"""The sample script, run by entrypoint.sh as in a job."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import json
import os
import shutil
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from tests.container.job import CONTAINER, Job, parquet
from tests.container.memory import measured

if TYPE_CHECKING:
    from pathlib import Path

LIMIT_KB = 512 * 1024


def put(job: Job, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        path = job.input / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def summary(job: Job, files: dict[str, bytes]) -> dict[str, Any]:
    put(job, files)
    done = job.run()
    assert done.returncode == 0, done.stderr.decode()
    return json.loads((job.output / "summary.json").read_text())


def rejects(job: Job, name: str) -> list[list[str]]:
    with (job.output / "rejects" / f"{name}.csv").open(newline="") as file:
        return list(csv.reader(file))


def outputs(job: Job) -> set[str]:
    return {str(path.relative_to(job.output)) for path in job.output.rglob("*") if path.is_file()}


def failure(job: Job, name: str, content: bytes) -> str:
    put(job, {"a.csv": b"x\n1\n2,3\n", name: content})
    assert job.run().returncode == 1
    assert not (job.output / "summary.json").exists()
    assert not (job.output / f"{name}.parquet").exists()
    assert str(job.input / name) in job.message
    return job.message


class TestTheResult:
    def test_is_parquet_rejects_and_a_summary(self, job: Job) -> None:
        content = b'id,name\n1,"a, ""b""\n c"\n2\n3,d,e\r\n\n4,"",\n5,\n'
        assert summary(job, {"day/x.csv": content}) == {
            "files": {"day/x.csv": {"records": 2, "errors": 4}},
            "records": 2,
            "errors": 4,
        }
        names, rows = parquet(job.output / "day" / "x.csv.parquet")
        assert names == ["id", "name"]
        assert rows == [["1", 'a, "b"\n c'], ["5", ""]]
        assert rejects(job, "day/x.csv") == [
            ["file", "line", "reason", "record"],
            ["day/x.csv", "4", "1 fields, the header has 2", "2"],
            ["day/x.csv", "5", "3 fields, the header has 2", "3,d,e"],
            ["day/x.csv", "6", "1 fields, the header has 2", ""],
            ["day/x.csv", "7", "3 fields, the header has 2", '4,"",'],
        ]
        assert outputs(job) == {"day/x.csv.parquet", "rejects/day/x.csv.csv", "summary.json"}

    def test_is_in_the_log_in_words(self, job: Job) -> None:
        put(job, {"x.csv": b"a,b\n1,2\n3\n4,5\n"})
        assert "'x.csv': 2 records, 1 errors\n" in job.run().stderr.decode()

    def test_is_told_to_cloudwatch(self, job: Job) -> None:
        put(job, {"x.csv": b"a,b\n1,2\n3\n4,5\n", "y.csv": b"a\n1\n"})
        lines = [json.loads(line) for line in job.run().stdout.splitlines()]
        assert [line.get("RecordsProcessed") for line in lines] == [3, None]
        assert [line.get("ErrorsEncountered") for line in lines] == [None, 1]

    @pytest.mark.parametrize(
        ("record", "reason"),
        [
            (b"1", "1 fields, the header has 2"),
            (b'"1"x,2', "a quote or a carriage return out of place"),
            (b'1,2"', "a quote or a carriage return out of place"),
            (b"1\r,2", "a quote or a carriage return out of place"),
            (b"1,2\r\r\n", "a quote or a carriage return out of place"),
            (b'1,"2', "a quote is never closed"),
            (b"1,2" + b"3" * (1 << 20), "the record is longer than 1048576 characters"),
        ],
    )
    def test_has_the_reason_of_each_reject(self, job: Job, record: bytes, reason: str) -> None:
        found = summary(job, {"x.csv": b"a,b\n0,0\n" + record})
        assert (found["records"], found["errors"]) == (1, 1)
        assert rejects(job, "x.csv")[1] == ["x.csv", "3", reason, record.decode().rstrip()[:1000]]

    def test_is_the_same_of_a_compressed_file(self, job: Job) -> None:
        content = b'a,b\n1,"\xc3\xa9"\n2\n'
        found = summary(job, {"x.csv": content, "x.csv.gz": gzip.compress(content)})
        assert found["files"] == {
            "x.csv": {"records": 1, "errors": 1},
            "x.csv.gz": {"records": 1, "errors": 1},
        }
        assert parquet(job.output / "x.csv.parquet") == parquet(job.output / "x.csv.gz.parquet")
        assert rejects(job, "x.csv")[1][1:] == rejects(job, "x.csv.gz")[1][1:]

    def test_does_not_depend_on_anything_but_its_folders(self, job: Job, tmp_path: Path) -> None:
        put(job, {"x.csv": b"a\n1\n"})
        job.environment["HOME"] = str(tmp_path / "no" / "home")
        before = set(tmp_path.rglob("*"))
        assert job.run().returncode == 0
        changed = set(tmp_path.rglob("*")) - before
        assert all(path.is_relative_to(job.output) for path in changed)


class TestAFileWithoutRecords:
    def test_may_have_a_header_only(self, job: Job) -> None:
        assert summary(job, {"x.csv": b"a,b"})["files"] == {"x.csv": {"records": 0, "errors": 0}}
        assert parquet(job.output / "x.csv.parquet") == (["a", "b"], [])

    @pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf"])
    def test_may_have_no_bytes_and_then_has_no_columns(self, job: Job, content: bytes) -> None:
        found = summary(job, {"x.csv": content, "y.csv.gz": gzip.compress(content)})
        assert found["files"]["x.csv"] == found["files"]["y.csv.gz"] == {"records": 0, "errors": 0}
        assert outputs(job) == {"summary.json"}

    def test_may_not_be_there_at_all(self, job: Job) -> None:
        assert summary(job, {}) == {"files": {}, "records": 0, "errors": 0}
        assert outputs(job) == {"summary.json"}


class TestTheHeader:
    def test_names_the_columns_whatever_they_are(self, job: Job) -> None:
        names = ['a "b"', "c'd", "e,\nf", " ", "select", "é\x10\x1f", "line", "\\", "filename"]
        header = ",".join('"' + name.replace('"', '""') + '"' for name in names)
        summary(job, {"x.csv": f"\ufeff{header}\r\n{',' * 8}\r\n".encode()})
        assert parquet(job.output / "x.csv.parquet") == (names, [[""] * 9])

    def test_may_have_one_column_and_then_a_blank_line_is_a_record(self, job: Job) -> None:
        found = summary(job, {"x.csv": b'a\n1\n\n""\n2,3\n'})
        assert found["files"] == {"x.csv": {"records": 3, "errors": 1}}
        assert parquet(job.output / "x.csv.parquet")[1] == [["1"], [""], [""]]

    @pytest.mark.parametrize(
        ("header", "why"),
        [
            (b"a,,b\n1,2,3\n", "a column has no name"),
            (b"\n1\n", "a column has no name"),
            (b"a,A\n1,2\n", "or two have one"),
            (b'a,"b"c\n', "a quote or a carriage return out of place"),
            (b'a,"b\n1,2\n', "a quote is never closed"),
            (b"a" * (1 << 21), "longer than 1048576 characters"),
        ],
    )
    def test_that_cannot_name_columns_fails_the_job(
        self, job: Job, header: bytes, why: str
    ) -> None:
        assert why in failure(job, "x.csv", header)


WORKBOOK = io.BytesIO()
with zipfile.ZipFile(WORKBOOK, "w") as book:
    book.writestr("[Content_Types].xml", "<x/>")


class TestAFileOfAnotherKind:
    @pytest.mark.parametrize(
        ("content", "hint"),
        [
            (WORKBOOK.getvalue(), "a zip, perhaps an Excel workbook"),
            (gzip.compress(b"a\n1\n"), "gzip: name it .csv.gz"),
            (codecs.BOM_UTF16_LE + "id,name\n1,M\xfc\n".encode("utf-16-le"), "-f UTF-16"),
            (codecs.BOM_UTF16_BE + "id,name\n1,M\xfc\n".encode("utf-16-be"), "-f UTF-16"),
            ("id,name\n1,M\xfc\n".encode("utf-16-le"), "-f UTF-16"),
            ("id,name\n1,M\xfcller\n".encode("cp1252"), "line 2 is not UTF-8, it may be Windows"),
            (b"id,name\r1,x\r" * 90_000, "line ends are CR alone"),
            (b"a\rb\r", "line ends are CR alone"),
            (b"\xef\xbb\xbf<!DOCTYPE html>\n<p>503, Service Unavailable", "HTML or XML"),
            (b"\n<html>\n", "HTML or XML"),
            (b'<?xml version="1.0" encoding="UTF-8"?><a,b>', "HTML or XML"),
            (b'{"message": "denied", "code": 3}', "JSON"),
            (b'[\n  {"a": 1, "b": 2}\n]', "JSON"),
            (b"id;name;price\n1;x;1,5\n", "another delimiter"),
            (b"id\tname\r\n1\tx\r\n", "another delimiter"),
            (b"id|name", "another delimiter"),
        ],
    )
    def test_fails_the_job_with_a_hint(self, job: Job, content: bytes, hint: str) -> None:
        assert hint in failure(job, "x.csv", content)

    @pytest.mark.parametrize(
        "header", [b"[id],<b>", b"a;b,c", b"{a},b", b'"<5, or so",b', b"a\tb,c|d", b"e\xcc\x81,b"]
    )
    def test_is_not_one_whose_header_only_begins_like_it(self, job: Job, header: bytes) -> None:
        assert summary(job, {"x.csv": header + b"\n1,2\n"})["records"] == 1

    def test_is_one_of_which_each_record_is_bad(self, job: Job) -> None:
        said = failure(job, "x.csv", b"id,price\n1,1,5\n2,2,0\n")
        assert "2 of its first 2 records are bad, the first one in line 2: 3 fields" in said

    def test_is_each_file_that_is_there(self, job: Job) -> None:
        put(job, {"README": b"none", "x.csv.bak": b"a\n"})
        assert job.run().returncode == 1
        assert "cannot use any of the 2 input files: none is .csv or .csv.gz" in job.message

    def test_is_passed_over_beside_csv_whose_ending_may_be_in_upper_case(self, job: Job) -> None:
        found = summary(job, {"README": b"", "x.CSV": b"a\n1\n", "y.Csv.GZ": self.PACKED})
        assert list(found["files"]) == ["x.CSV", "y.Csv.GZ"]
        assert found["records"] == 2

    PACKED = gzip.compress(b"a\n1\n")


class TestAnUnreadableFile:
    @pytest.mark.parametrize(
        ("content", "line"),
        [
            (b"a,b\n1,\xe9\n", 2),
            (b"a\nx\n\xf0\x9f\x98", 3),
            (b"a\n" + b"1\n" * 50_000 + b"\xe9\n2\n", 50_002),
            (b'a\n"\n\n\xe9"\n2\n', 4),
        ],
    )
    def test_fails_the_job_if_not_utf8(self, job: Job, content: bytes, line: int) -> None:
        assert f"line {line} is not UTF-8" in failure(job, "sub/x.csv", content)

    WHOLE = gzip.compress(b"a\n1\n", mtime=0)

    @pytest.mark.parametrize(
        ("content", "why"),
        [
            (WHOLE[:-9], "ended before the end-of-stream marker"),
            (WHOLE[:-4] + b"abcd", "Incorrect length of data"),
            (WHOLE + b"garbage", "Not a gzipped file"),
            (b"a\n1\n", "Not a gzipped file"),
            (b"", "it has no bytes"),
        ],
        ids=["cut off", "wrong length", "garbage after it", "not compressed", "no bytes"],
    )
    def test_fails_the_job_if_not_whole_gzip(self, job: Job, content: bytes, why: str) -> None:
        assert why in failure(job, "x.csv.gz", content)


class TestNames:
    NAMES = (
        "with space.csv",
        "quote'\".csv",
        "new\nline.csv",
        "größe😀.csv",
        "-rf.csv",
        "[a-z]*?{x}.csv",
        "a.csv",
        "$(touch x)`x`\\n.csv",
        "%s.csv",
        ".csv",
        "-d/[x]/ .csv.gz",
        "rejects/a.csv",
        "a.csv.gz",
        "a.csv.gz.csv",
    )

    def test_may_have_any_character(self, job: Job) -> None:
        plain = {name: f"n\n{number}\n\n2,3\n".encode() for number, name in enumerate(self.NAMES)}
        files = {k: gzip.compress(v) if k.endswith(".gz") else v for k, v in plain.items()}
        found = summary(job, files)["files"]
        assert found == {name: {"records": 2, "errors": 1} for name in self.NAMES}
        for number, name in enumerate(self.NAMES):
            assert parquet(job.output / f"{name}.parquet") == (["n"], [[str(number)], [""]])
            assert rejects(job, name)[1][:2] == [name, "4"]
        assert len(outputs(job)) == 2 * len(self.NAMES) + 1


class TestMemory:
    @pytest.mark.parametrize(
        ("name", "piece"),
        [
            ("x.csv", b'"' + b"x" * 997 + b'""'),
            ("x.csv.gz", b'"' + b"x" * 997 + b'""'),
            ("x.csv", b"x" * 1000),
            ("x.csv", b",,,," * 200),
            ("x.csv", b'x,"y\n",' * 125),
        ],
        ids=["quoted", "quoted and compressed", "plain", "empty fields", "quoted fields"],
    )
    def test_does_not_grow_with_a_record_without_end(
        self, tmp_path: Path, name: str, piece: bytes
    ) -> None:
        source = tmp_path / name
        with gzip.open(source, "wb", 1) if name.endswith("gz") else source.open("wb") as file:
            file.write(b"a,b\n1,2\n")
            for _ in range(20):
                file.write(piece * 1000)
        found, peak = convert(source, tmp_path)
        assert found == {"records": 1, "errors": 1}
        assert peak < LIMIT_KB / 2

    def test_does_not_grow_with_the_width_of_records(self, tmp_path: Path) -> None:
        source, wide = tmp_path / "x.csv", os.urandom(500_000).hex().encode()
        with source.open("wb") as file:
            file.write(b"a,b\n")
            for number in range(280):  # more than DuckDB may hold
                file.write(b"%d,%d%s\n" % (number, number, wide))
        found, peak = convert(source, tmp_path)
        (tmp_path / "x.csv.parquet").unlink()
        assert found == {"records": 280, "errors": 0}
        assert peak < LIMIT_KB

    def test_is_enough_for_many_mostly_empty_columns(self, tmp_path: Path) -> None:
        source = tmp_path / "x.csv"
        with source.open("w") as file:
            file.write(",".join(f"column_{number}" for number in range(1000)) + "\n")
            for number in range(20_000):
                file.write(f"{number}{',' * 999}\n")
        found, peak = convert(source, tmp_path)
        assert found == {"records": 20_000, "errors": 0}
        assert peak < LIMIT_KB


def convert(source: Path, folder: Path) -> tuple[dict[str, int], int]:
    """Return the counts, and the peak memory in KB of the largest process of the conversion."""
    (folder / "in").mkdir()
    source.rename(folder / "in" / source.name)
    done, peak = measured([CONTAINER / "scripts" / "to_parquet", folder / "in", folder])
    shutil.rmtree(folder / "in")
    records, errors = done.stdout.split()
    return {"records": int(records), "errors": int(errors)}, peak
