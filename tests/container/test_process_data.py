"""The sample script: once as entrypoint.py runs it in a job, else its conversion alone."""

import codecs
import csv
import gzip
import io
import json
import os
import shutil
import sys
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.container.job import CONTAINER, PATH, Job, parquet, parquets
from tests.container.memory import measured
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


@pytest.fixture
def conversion(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Conversion:
    return Conversion(tmp_path, monkeypatch)


def put(folder: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


class TestAJob:
    def test_writes_its_output_and_tells_of_it_in_words_and_in_metrics(
        self, job: Job, tmp_path: Path
    ) -> None:
        put(job.input, {"day/x.csv": b"a,b\n1,2\n3\n4,5\n", "y.csv": b"a\n1\n"})
        job.environment["HOME"] = str(tmp_path / "no" / "home")
        before = set(tmp_path.rglob("*"))
        done = job.run()
        assert done.returncode == 0
        assert json.loads((job.output / "summary.json").read_text()) == {
            "files": {
                "day/x.csv": {"records": 2, "errors": 1},
                "y.csv": {"records": 1, "errors": 0},
            },
            "records": 3,
            "errors": 1,
        }
        assert parquet(job.output / "day" / "x.csv.parquet")[1] == [["1", "2"], ["4", "5"]]
        assert "'day/x.csv': 2 records, 1 errors\n" in done.stderr.decode()
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        assert [line.get("RecordsProcessed") for line in lines] == [3, None]
        assert [line.get("ErrorsEncountered") for line in lines] == [None, 1]
        changed = set(tmp_path.rglob("*")) - before
        assert all(path.is_relative_to(job.output) for path in changed)

    def test_fails_with_the_reason_though_another_file_is_good(self, job: Job) -> None:
        put(job.input, {"a.csv": b"x\n1\n2,3\n", "sub/x.csv": b"a,b\n1,\xe9\n"})
        assert job.run().returncode == 1
        assert not (job.output / "summary.json").exists()
        assert not (job.output / "sub" / "x.csv.parquet").exists()
        assert f"{job.input}/sub/x.csv: line 2 is not UTF-8" in job.message


class TestTheResult:
    def test_is_parquet_rejects_and_a_summary(self, conversion: Conversion) -> None:
        content = b'id,name\n1,"a, ""b""\n c"\n2\n3,d,e\r\n\n4,"",\n5,\n'
        assert conversion.summary({"day/x.csv": content}) == {
            "files": {"day/x.csv": {"records": 2, "errors": 4}},
            "records": 2,
            "errors": 4,
        }
        [(names, rows)] = conversion.parquets("day/x.csv")
        assert names == ["id", "name"]
        assert rows == [["1", 'a, "b"\n c'], ["5", ""]]
        assert conversion.rejects("day/x.csv") == [
            ["file", "line", "reason", "record"],
            ["day/x.csv", "4", "1 fields, the header has 2", "2"],
            ["day/x.csv", "5", "3 fields, the header has 2", "3,d,e"],
            ["day/x.csv", "6", "1 fields, the header has 2", ""],
            ["day/x.csv", "7", "3 fields, the header has 2", '4,"",'],
        ]
        assert conversion.files() == {
            *("day/x.csv.parquet", "rejects/day/x.csv.csv", "summary.json")
        }

    REASONS = (
        (b"1", "1 fields, the header has 2"),
        (b'"1"x,2', "a quote or a carriage return out of place"),
        (b'1,2"', "a quote or a carriage return out of place"),
        (b"1\r,2", "a quote or a carriage return out of place"),
        (b"1,2\r\r\n", "a quote or a carriage return out of place"),
        (b'1,"2', "a quote is never closed"),
        (b"1,2" + b"3" * (1 << 20), "the record is longer than 1048576 characters"),
    )

    def test_has_the_reason_of_each_reject(self, conversion: Conversion) -> None:
        records = [record for record, _ in self.REASONS]
        found = conversion.summary({f"{n}.csv": b"a,b\n0,0\n" + r for n, r in enumerate(records)})
        for number, (record, reason) in enumerate(self.REASONS):
            name, shown = f"{number}.csv", record.decode().rstrip()[:1000]
            assert found["files"][name] == {"records": 1, "errors": 1}
            assert conversion.rejects(name)[1:] == [[name, "3", reason, shown]]

    def test_is_the_same_of_a_compressed_file(self, conversion: Conversion) -> None:
        content = b'a,b\n1,"\xc3\xa9"\n2\n'
        found = conversion.summary({"x.csv": content, "x.csv.gz": gzip.compress(content)})
        assert found["files"] == {
            "x.csv": {"records": 1, "errors": 1},
            "x.csv.gz": {"records": 1, "errors": 1},
        }
        plain, unpacked = conversion.parquets("x.csv", "x.csv.gz")
        assert plain == unpacked
        rejects = [conversion.rejects(name)[1][1:] for name in ("x.csv", "x.csv.gz")]
        assert rejects[0] == rejects[1]


class TestAFileWithoutRecords:
    def test_may_have_a_header_only(self, conversion: Conversion) -> None:
        assert conversion.summary({"x.csv": b"a,b"})["files"] == {
            "x.csv": {"records": 0, "errors": 0}
        }
        assert conversion.parquets("x.csv") == [(["a", "b"], [])]

    def test_may_have_no_bytes_and_then_has_no_columns(self, conversion: Conversion) -> None:
        plain = {"x.csv": b"", "y.csv": b"\xef\xbb\xbf"}
        packed = {f"{name}.gz": gzip.compress(content) for name, content in plain.items()}
        found = conversion.summary({**plain, **packed})["files"]
        assert found == {name: {"records": 0, "errors": 0} for name in (*plain, *packed)}
        assert conversion.files() == {"summary.json"}

    def test_may_not_be_there_at_all(self, conversion: Conversion) -> None:
        assert conversion.summary({}) == {"files": {}, "records": 0, "errors": 0}
        assert conversion.files() == {"summary.json"}


class TestTheHeader:
    def test_names_the_columns_whatever_they_are(self, conversion: Conversion) -> None:
        names = ['a "b"', "c'd", "e,\nf", " ", "select", "é\x10\x1f", "line", "\\", "filename"]
        header = ",".join('"' + name.replace('"', '""') + '"' for name in names)
        conversion.summary({"x.csv": f"\ufeff{header}\r\n{',' * 8}\r\n".encode()})
        assert conversion.parquets("x.csv") == [(names, [[""] * 9])]

    def test_may_have_one_column_and_then_a_blank_line_is_a_record(
        self, conversion: Conversion
    ) -> None:
        found = conversion.summary({"x.csv": b'a\n1\n\n""\n2,3\n'})
        assert found["files"] == {"x.csv": {"records": 3, "errors": 1}}
        assert conversion.parquets("x.csv")[0][1] == [["1"], [""], [""]]

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
        self, conversion: Conversion, header: bytes, why: str
    ) -> None:
        assert why in conversion.failure("x.csv", header)


WORKBOOK = io.BytesIO()
with zipfile.ZipFile(WORKBOOK, "w") as book:
    book.writestr("[Content_Types].xml", "<x/>")


class TestAFileOfAnotherKind:
    @pytest.mark.parametrize(
        ("content", "hint"),
        [
            (WORKBOOK.getvalue(), "a zip, perhaps an Excel workbook"),
            (gzip.compress(b"a\n1\n", mtime=0), "gzip: name it .csv.gz"),
            (codecs.BOM_UTF16_LE + "id,name\n1,M\xfc\n".encode("utf-16-le"), "-f UTF-16"),
            (codecs.BOM_UTF16_BE + "id,name\n1,M\xfc\n".encode("utf-16-be"), "-f UTF-16"),
            ("id,name\n1,M\xfc\n".encode("utf-16-le"), "-f UTF-16"),
            ("id,name\n1,M\xfcller\n".encode("cp1252"), "line 2 is not UTF-8, it may be Windows"),
            (b"a\rb\r", "line ends are CR alone"),
            (b"\xef\xbb\xbf<!DOCTYPE html>\n<p>503, Service Unavailable", "HTML or XML"),
            (b"\n<html>\n", "HTML or XML"),
            (b'<?xml version="1.0" encoding="UTF-8"?><a,b>', "HTML or XML"),
            (b'{"message": "denied", "code": 3}', "looks like JSON"),
            (b'{\n  "error": "Service Unavailable",\n  "status": 503\n}\n', "looks like JSON"),
            (b'[\n  {"a": 1, "b": 2}\n]', "looks like JSON"),
            (b"[1,2]\n[3,4]\n", "looks like JSON"),
            (b"id;name;price\n1;x;1,5\n", "another delimiter"),
            (b"id\tname\r\n1\tx\r\n", "another delimiter"),
            (b"id|name", "another delimiter"),
        ],
    )
    def test_fails_the_job_with_a_hint(
        self, conversion: Conversion, content: bytes, hint: str
    ) -> None:
        assert hint in conversion.failure("x.csv", content)

    HEADERS = (b"[id],<b>", b"a;b,c", b"{a},b", b'"<5, or so",b', b"a\tb,c|d", b"e\xcc\x81,b")

    def test_is_not_one_whose_header_only_begins_like_it(self, conversion: Conversion) -> None:
        files = {f"{n}.csv": header + b"\n1,2\n" for n, header in enumerate(self.HEADERS)}
        found = conversion.summary(files)["files"]
        assert found == {name: {"records": 1, "errors": 0} for name in files}

    def test_is_one_of_which_each_record_is_bad(self, conversion: Conversion) -> None:
        said = conversion.failure("x.csv", b"id,price\n1,1,5\n2,2,0\n")
        assert "all 2 records are bad, the first one in line 2: 3 fields" in said

    def test_is_each_file_that_is_there(self, conversion: Conversion) -> None:
        put(conversion.input, {"README": b"none", "x.csv.bak": b"a\n"})
        with pytest.raises(
            SystemExit, match=r"any of the 2 input files: none is \.csv or \.csv\.gz"
        ):
            to_parquet.main()

    def test_is_passed_over_beside_csv_whose_ending_may_be_in_upper_case(
        self, conversion: Conversion
    ) -> None:
        found = conversion.summary({"README": b"", "x.CSV": b"a\n1\n", "y.Csv.GZ": self.PACKED})
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
    def test_fails_the_job_if_not_utf8(
        self, conversion: Conversion, content: bytes, line: int
    ) -> None:
        assert f"line {line} is not UTF-8" in conversion.failure("sub/x.csv", content)

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
        ids=["cut off", "wrong length", "garbage after it", "not compressed", "empty"],
    )
    def test_fails_the_job_if_not_whole_gzip(
        self, conversion: Conversion, content: bytes, why: str
    ) -> None:
        assert why in conversion.failure("x.csv.gz", content)


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

    def test_may_have_any_character(self, conversion: Conversion) -> None:
        plain = {name: f"n\n{number}\n\n2,3\n".encode() for number, name in enumerate(self.NAMES)}
        files = {k: gzip.compress(v) if k.endswith(".gz") else v for k, v in plain.items()}
        found = conversion.summary(files)["files"]
        assert found == {name: {"records": 2, "errors": 1} for name in self.NAMES}
        stored = conversion.parquets(*self.NAMES)
        assert stored == [(["n"], [[str(number)], [""]]) for number in range(len(self.NAMES))]
        for name in self.NAMES:
            assert conversion.rejects(name)[1][:2] == [name, "4"]
        assert len(conversion.files()) == 2 * len(self.NAMES) + 1


class TestMemory:
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
