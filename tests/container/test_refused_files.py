"""What the sample script's conversion refuses: files of another kind, and those that are broken."""

import codecs
import gzip
import io
import zipfile

import pytest

from tests.container.conversion import Conversion, put, to_parquet

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
