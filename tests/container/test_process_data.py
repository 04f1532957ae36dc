"""The sample script: once as entrypoint.py runs it in a job, else its conversion alone."""

import gzip
import json
from pathlib import Path

import pytest

from tests.container.conversion import Conversion, put
from tests.container.job import Job, parquet


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
        own = (job.output, job.ml / "processing" / "checkpoint")
        assert all(any(map(path.is_relative_to, own)) for path in changed)

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
